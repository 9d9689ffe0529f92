"""The chain: no gap whoever appends, and every change, removal and exchange is named."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import worlds
from django.db import connection, connections
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from throughcare.events import chain
from throughcare.events.acting import Said, acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event, EventDetail

AT = worlds.BEGAN


def add(count: int = 5) -> None:
    """Events 1 to `count`, each an act of its own."""
    for number in range(count):
        with acting(SYSTEM, AT):
            say("noted", by=SYSTEM, at=AT, person=number + 1, subject=f"note {number}", detail={"words": number})


@pytest.fixture(autouse=True)
def heads(settings: Any, tmp_path: Path) -> Path:
    """Published heads of this test alone."""
    settings.PUBLISHED_HEADS = tmp_path / "heads"
    return tmp_path / "heads"


@pytest.fixture
def by_sql(db: None) -> Iterator[Callable[..., None]]:
    """Runs SQL as somebody does who owns the database and has dropped its triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in ("events_event", "events_eventdetail"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'events_%%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        yield cursor.execute


@pytest.mark.django_db
def test_a_clean_chain_has_no_faults_and_its_head_is_its_last_event() -> None:
    assert chain.verify() == chain.Verdict(events=0, head=chain.START, faults=())
    add(5)
    last = Event.objects.get(seq=5)
    assert chain.verify() == chain.Verdict(events=5, head=last.hash, faults=())
    assert chain.head() == (5, last.hash)


@pytest.mark.django_db
def test_each_event_holds_the_hash_of_the_one_before_it() -> None:
    add(3)
    events = list(Event.objects.order_by("seq"))
    assert [event.previous for event in events] == ["0" * 64, events[0].hash, events[1].hash]
    assert [event.seq for event in events] == [1, 2, 3]


@pytest.mark.django_db
def test_the_hash_can_be_computed_by_anybody_from_the_stored_columns() -> None:
    """Written out again here, so that the published rule cannot drift without a failing test."""
    add(2)
    row = Event.objects.values().get(seq=2)
    row["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    names = "seq at verb user role service organisation person record case subject count digest previous"
    assert set(row) == {*names.split(), "hash"}
    assert hashlib.sha256(json.dumps([row[name] for name in names.split()]).encode()).hexdigest() == row["hash"]


@pytest.mark.django_db
def test_the_same_detail_twice_has_two_digests_so_that_nobody_can_guess_it() -> None:
    for _ in range(2):
        with acting(SYSTEM, AT):
            say("noted", by=SYSTEM, at=AT, detail={"name": "Adeyemi"})
    first, second = Event.objects.order_by("seq")
    assert first.digest != second.digest


COLUMNS: dict[str, Any] = {
    "at": datetime(2020, 1, 1, tzinfo=UTC),
    "verb": "forged",
    "user": 99,
    "role": "administrator",
    "service": 99,
    "organisation": 99,
    "person": 99,
    "record": 99,
    "case": 99,
    "subject": "forged",
    "count": 99,
    "digest": "0" * 64,
    "hash": "f" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_column_is_named_by_its_event(by_sql: Callable[..., None], column: str) -> None:
    add()
    by_sql(f'UPDATE events_event SET "{column}" = %s WHERE seq = 3', [COLUMNS[column]])
    assert chain.verify().faults == ("event 3 altered",)


def test_an_event_altered_with_its_hash_no_longer_carries_the_next(by_sql: Callable[..., None]) -> None:
    add()
    event = Event.objects.get(seq=3)
    event.verb = "forged"
    by_sql("UPDATE events_event SET verb = 'forged', hash = %s WHERE seq = 3", [chain.row_hash(event)])
    assert chain.verify().faults == ("event 4 does not follow from event 3",)


@pytest.mark.parametrize(
    ("gone", "fault"),
    [([3], "event 3 removed"), ([2, 3], "events 2 to 3 removed"), ([1], "event 1 removed")],
)
def test_a_removed_event_is_named(by_sql: Callable[..., None], gone: list[int], fault: str) -> None:
    add()
    for seq in gone:
        by_sql("DELETE FROM events_event WHERE seq = %s", [seq])
    assert chain.verify().faults == (fault,)


@pytest.mark.parametrize(("one", "other"), [(2, 4), (2, 3), (1, 5)])
def test_two_exchanged_events_are_named_together(by_sql: Callable[..., None], one: int, other: int) -> None:
    add()
    by_sql("UPDATE events_event SET seq = 99 WHERE seq = %s", [one])
    by_sql("UPDATE events_event SET seq = %s WHERE seq = %s", [one, other])
    by_sql("UPDATE events_event SET seq = %s WHERE seq = 99", [other])
    assert chain.verify().faults == (f"events {one} and {other} exchanged",)


def test_an_altered_an_exchanged_and_a_removed_event_are_each_named(by_sql: Callable[..., None]) -> None:
    add(9)
    by_sql("UPDATE events_event SET verb = 'forged' WHERE seq = 2")
    by_sql("UPDATE events_event SET seq = 99 WHERE seq = 4")
    by_sql("UPDATE events_event SET seq = 4 WHERE seq = 6")
    by_sql("UPDATE events_event SET seq = 6 WHERE seq = 99")
    by_sql("DELETE FROM events_event WHERE seq = 8")
    assert set(chain.verify().faults) == {"event 2 altered", "events 4 and 6 exchanged", "event 8 removed"}


def test_an_altered_detail_is_named_and_so_are_two_that_were_exchanged(by_sql: Callable[..., None]) -> None:
    add()
    by_sql("UPDATE events_eventdetail SET body = '{}' WHERE event = 2")
    by_sql("UPDATE events_eventdetail SET event = 99 WHERE event = 4")
    by_sql("UPDATE events_eventdetail SET event = 4 WHERE event = 5")
    by_sql("UPDATE events_eventdetail SET event = 5 WHERE event = 99")
    assert chain.verify().faults == tuple(f"event {seq}: its detail was altered" for seq in (2, 4, 5))


def test_an_event_slipped_in_before_the_first_is_named(by_sql: Callable[..., None]) -> None:
    add()
    event = Event.objects.get(seq=1)
    event.seq = 0
    Event.objects.bulk_create([event])
    assert chain.verify().faults == ("event 0 added before the first",)


@pytest.mark.django_db
def test_deleting_a_detail_leaves_the_chain_valid() -> None:
    add()
    EventDetail.objects.filter(event=3).delete()
    assert EventDetail.objects.count() == 4
    assert chain.verify().faults == ()


def test_a_tail_cut_off_after_its_head_was_published_is_named(by_sql: Callable[..., None]) -> None:
    add(5)
    chain.publish(AT)
    add(2)
    by_sql("DELETE FROM events_event WHERE seq >= 6")
    assert chain.verify().faults == (), "what came after the last published head cannot be proved"
    by_sql("DELETE FROM events_event WHERE seq >= 4")
    assert chain.verify().faults == ("event 5 was published as the head and is gone",)


def test_a_chain_made_anew_from_its_beginning_differs_from_the_published_head(by_sql: Callable[..., None]) -> None:
    add(3)
    chain.publish(AT)
    by_sql("DELETE FROM events_eventdetail")
    by_sql("DELETE FROM events_event")
    add(3)
    assert chain.verify().faults == ("event 3 is not the one that was published as the head",)


@pytest.mark.django_db
def test_the_head_is_published_once_a_day_where_it_has_moved() -> None:
    add(1)
    chain.publish_if_due(AT)
    chain.publish_if_due(AT + timedelta(hours=25))
    assert [row["event"] for row in chain.published()] == [1], "the head has not moved"
    add(1)
    chain.publish_if_due(AT + timedelta(hours=23))
    assert [row["event"] for row in chain.published()] == [1], "it is not a day yet"
    chain.publish_if_due(AT + timedelta(hours=25))
    assert [row["event"] for row in chain.published()] == [1, 2]
    assert chain.verify().faults == ()


@pytest.mark.django_db
def test_the_hash_is_the_same_in_whatever_time_zone_the_moment_was_given() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=9, minutes=30)))
    chain.append([Said(verb="noted", by=SYSTEM, at=elsewhere)])
    assert chain.verify().faults == ()


@pytest.mark.django_db
def test_verifying_reads_page_after_page_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_READ_AT_ONCE", 2)
    add(5)
    told: list[int] = []
    assert chain.verify(told.append).events == 5
    assert told == [2, 4]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
numbers = st.none() | st.integers(-(2**63), 2**63 - 1)
saids = st.builds(
    Said,
    verb=texts,
    by=st.builds(Actor, user=numbers, user_name=texts, role=texts.map(lambda text: text[:40]), role_name=texts),
    at=st.datetimes(timezones=st.just(UTC)),
    person=numbers,
    record=numbers,
    case=numbers,
    subject=texts,
    count=st.integers(-(2**31), 2**31 - 1),
    detail=st.dictionaries(texts, texts | numbers | st.booleans() | st.lists(texts)),
)


@pytest.mark.django_db
@trying(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(saids, min_size=1, max_size=3), max_size=3))
def test_whatever_was_said_the_chain_reads_it_back_unharmed(acts: list[list[Said]]) -> None:
    before = Event.objects.count()
    for said in acts:
        chain.append(said)
    verdict = chain.verify()
    assert verdict.faults == ()
    assert verdict.events == before + sum(map(len, acts))


def test_many_threads_append_at_once_and_leave_no_gap(fresh_database: Any) -> None:
    threads, each = 8, 12
    together = Barrier(threads)

    def append(thread: int) -> None:
        try:
            together.wait()
            for number in range(each):
                with acting(SYSTEM, AT):
                    say("noted", by=SYSTEM, at=AT, subject=f"{thread} {number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(append, range(threads)))
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, threads * each + 1))
    assert Event.objects.values("subject").distinct().count() == threads * each
    assert chain.verify().faults == ()


def events_verify(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "throughcare.config.cli", "events", "verify"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def test_the_command_names_each_fault_and_its_exit_code_says_so(fresh_database: Any) -> None:
    add(9)
    clean = events_verify(fresh_database.environment)
    assert clean.returncode == 0, clean.stderr
    assert "9 events and 0 looks read, 0 faults" in clean.stdout
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TRIGGER events_event_no_update" + (" ON events_event" if connection.vendor == "postgresql" else "")
        )
        cursor.execute(
            "DROP TRIGGER events_event_no_delete" + (" ON events_event" if connection.vendor == "postgresql" else "")
        )
        cursor.execute("UPDATE events_event SET verb = 'forged' WHERE seq = 2")
        cursor.execute("DELETE FROM events_event WHERE seq = 4")
        for before, after in ((6, 99), (7, 6), (99, 7)):
            cursor.execute("UPDATE events_event SET seq = %s WHERE seq = %s", [after, before])
    connections.close_all()
    broken = events_verify(fresh_database.environment)
    assert broken.returncode == 1
    for line in ("EV-201 event 2 altered", "EV-201 event 4 removed", "EV-201 events 6 and 7 exchanged", "3 faults"):
        assert line in broken.stdout
