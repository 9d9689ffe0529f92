"""Who looked: a row before the page is sent, once an hour, sealed into the chain, and no change of it unseen."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier
from typing import Any

import pytest
import worlds
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from throughcare.events import chain
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.sharing import checking, looks
from throughcare.sharing.looks import SEALED, at_list, at_person, seal
from throughcare.sharing.models import Look

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
READER = Actor(user=7, user_name="", role="keyworker", role_name="", service=3, organisation=2)


@pytest.mark.django_db
def test_a_person_is_looked_at_once_an_hour_by_one_reader_for_one_service() -> None:
    at_person(READER, 41, NOW)
    at_person(READER, 41, NOW + timedelta(minutes=29))
    assert Look.objects.count() == 1
    at_person(READER, 41, NOW + timedelta(minutes=30))
    assert Look.objects.count() == 2, "a new hour"
    at_person(READER, 42, NOW)
    at_person(replace(READER, service=4), 41, NOW)
    at_person(replace(READER, user=8), 41, NOW)
    assert Look.objects.count() == 5
    look = Look.objects.earliest("pk")
    assert (look.at, look.hour) == (NOW, NOW.replace(minute=0))
    assert (look.user, look.service, look.organisation, look.role) == (7, 3, 2, "keyworker")
    assert (look.person, look.listed, look.count, look.seal) == (41, "", 1, None)


@pytest.mark.django_db
def test_an_hour_is_the_same_hour_in_whatever_time_zone_it_is_told() -> None:
    half_past = timezone(timedelta(hours=5, minutes=45))
    at_person(READER, 41, NOW)
    at_person(READER, 41, NOW.astimezone(half_past))
    assert Look.objects.count() == 1


@pytest.mark.django_db
def test_the_database_itself_holds_a_reader_to_one_row_an_hour() -> None:
    at_person(READER, 41, NOW)
    again = Look.objects.values().get()
    del again["id"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Look.objects.create(**again)


@pytest.mark.django_db
def test_a_list_is_one_look_with_its_count_each_time_it_is_shown() -> None:
    at_list(READER, "people", 25, NOW)
    at_list(READER, "people", 4, NOW)
    assert list(Look.objects.order_by("pk").values_list("listed", "count", "person")) == [
        ("people", 25, None),
        ("people", 4, None),
    ]


@pytest.mark.django_db
def test_the_system_reads_no_pages() -> None:
    with pytest.raises(AssertionError):
        at_person(SYSTEM, 41, NOW)
    with pytest.raises(AssertionError):
        at_list(SYSTEM, "people", 1, NOW)


@pytest.mark.django_db
def test_pages_leave_their_looks_and_a_search_is_kept_without_what_was_typed() -> None:
    keyworker = worlds.worker()
    record = worlds.person(keyworker)
    client = worlds.signed_in(keyworker)
    for _ in range(2):
        assert client.get(f"/people/{record.person_id}/").status_code == 200
    assert client.get("/people/", {"q": "Adeyemi"}).status_code == 200
    kept = list(Look.objects.order_by("pk").values())
    assert [(look["person"], look["listed"], look["count"]) for look in kept] == [
        (record.person_id, "", 1),
        (None, "people", 1),
    ]
    assert all((look["user"], look["service"]) == (keyworker.user, keyworker.service) for look in kept)
    assert "deyemi" not in str(kept)


@pytest.mark.django_db
def test_sealing_puts_every_look_under_one_event_with_its_count_and_only_once() -> None:
    for person in range(3):
        at_person(READER, person, NOW)
    assert seal(NOW) == 3
    assert seal(NOW) == 0
    event = Event.objects.get()
    first = Look.objects.earliest("pk").pk
    assert (event.verb, event.count) == (SEALED, 3)
    assert event.subject.split()[0] == str(first)
    assert set(Look.objects.values_list("seal", flat=True)) == {first}
    assert looks.verify() == (3, ())
    at_person(READER, 9, NOW)
    assert seal(NOW) == 1
    assert Event.objects.count() == 2
    assert looks.verify() == (4, ())
    assert chain.verify().faults == ()


@pytest.mark.django_db
def test_very_many_looks_are_sealed_a_few_thousand_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_SEALED_AT_ONCE", 2)
    for person in range(5):
        at_person(READER, person, NOW)
    assert seal(NOW) == 5
    assert list(Event.objects.order_by("seq").values_list("count", flat=True)) == [2, 2, 1]
    assert looks.verify() == (5, ())


@pytest.fixture
def sealed(db: None) -> Iterator[Callable[..., None]]:
    """Four sealed looks and two that are not yet; runs SQL as somebody does who has dropped the triggers."""
    for person in range(4):
        at_person(READER, person, NOW)
    seal(NOW)
    for person in range(4, 6):
        at_person(READER, person, NOW)
    with connection.cursor() as cursor:
        for verb in ("update", "delete"):
            on = " ON sharing_look" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER sharing_look_no_{verb}{on}")
        yield cursor.execute


ALTERED = {
    "at": NOW + timedelta(seconds=1),
    "hour": NOW - timedelta(hours=1),
    "user": 99,
    "service": 99,
    "organisation": 99,
    "role": "gp",
    "person": 99,
    "listed": "people",
    "count": 99,
}


def test_every_column_of_a_look_is_covered_by_the_next_test() -> None:
    assert ALTERED.keys() | {"id", "seal"} == {field.name for field in Look._meta.fields}


@pytest.mark.parametrize("column", ALTERED)
def test_an_altered_look_is_found(sealed: Callable[..., None], column: str) -> None:
    first = Look.objects.earliest("pk").pk
    sealed(f'UPDATE sharing_look SET "{column}" = %s WHERE id = %s', [ALTERED[column], first + 2])
    assert looks.verify() == (6, (f"looks sealed from look {first}: one was altered",))
    assert checking.verify().faults == (f"looks sealed from look {first}: one was altered",)


def test_a_removed_look_is_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("DELETE FROM sharing_look WHERE id = %s", [first + 2])
    assert looks.verify()[1] == (f"looks sealed from look {first}: 4 were sealed, 3 are stored",)


def test_all_looks_of_a_seal_removed_are_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("DELETE FROM sharing_look WHERE seal = %s", [first])
    assert looks.verify()[1] == (f"looks sealed from look {first}: 4 were sealed, 0 are stored",)


def test_a_look_added_under_a_seal_is_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("UPDATE sharing_look SET seal = %s WHERE id = %s", [first, first + 5])
    assert looks.verify()[1] == (f"looks sealed from look {first}: 4 were sealed, 5 are stored",)


def test_a_look_taken_out_of_its_seal_is_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("UPDATE sharing_look SET seal = NULL WHERE id = %s", [first + 1])
    assert looks.verify()[1] == (f"looks sealed from look {first}: 4 were sealed, 3 are stored",)


def test_a_look_under_a_made_up_seal_is_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("UPDATE sharing_look SET seal = 999 WHERE id = %s", [first + 5])
    assert looks.verify()[1] == ("look 999: carries a seal that no event names",)


def test_one_look_exchanged_for_another_is_found(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    sealed("DELETE FROM sharing_look WHERE id = %s", [first + 1])
    sealed("UPDATE sharing_look SET id = %s, seal = %s WHERE id = %s", [first + 1, first, first + 5])
    assert looks.verify()[1] == (f"looks sealed from look {first}: one was altered",)


def test_a_seal_that_was_altered_in_the_chain_is_named_there_and_here(sealed: Callable[..., None]) -> None:
    first = Look.objects.earliest("pk").pk
    on = " ON events_event" if connection.vendor == "postgresql" else ""
    sealed(f"DROP TRIGGER events_event_no_update{on}")
    sealed("UPDATE events_event SET subject = 'forged' WHERE seq = 1")
    assert checking.verify().faults == (
        "event 1 altered",
        "looks sealed by an event that does not name them: 'forged'",
        f"look {first}: carries a seal that no event names",
    )


def test_two_workers_that_seal_at_once_seal_each_look_once(
    fresh_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "_SEALED_AT_ONCE", 10)
    for person in range(200):
        at_person(READER, person, NOW)
    together = Barrier(3)

    def work(worker: int) -> int:
        try:
            together.wait()
            if worker == 2:  # a third goes on reading meanwhile
                for person in range(200, 240):
                    at_person(READER, person, NOW)
                return 0
            return seal(NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(work, range(3)))
    late = seal(NOW)
    assert sum(counts) + late == 240
    assert sum(Event.objects.filter(verb=SEALED).values_list("count", flat=True)) == 240
    assert looks.verify() == (240, ())
    assert chain.verify().faults == ()


@pytest.mark.parametrize("url", ["/people/", "/people/?q=Adeyemi", "person"])
def test_no_row_no_page(fresh_database: Any, url: str) -> None:
    keyworker = worlds.worker()
    record = worlds.person(keyworker, "Josephine", "Adeyemi")
    url = f"/people/{record.person_id}/" if url == "person" else url
    client: Client = worlds.signed_in(keyworker, raise_request_exception=False)
    shown = client.get(url)
    assert shown.status_code == 200
    assert "Josephine" in shown.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sharing_look")
    withheld = client.get(url)
    assert withheld.status_code == 500
    assert "Josephine" not in withheld.content.decode()
    assert "Adeyemi" not in withheld.content.decode()
