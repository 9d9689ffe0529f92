"""Where a person is held: the grants that it opens and closes to the minute, and the release date."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import worlds
from django.db import IntegrityError, connections, transaction

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.handovers.actions import custody
from throughcare.handovers.models import CustodyStay
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.sharing.models import Grant
from throughcare.web.faults import Refused

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AT = worlds.BEGAN + 12 * HOUR


class Prison:
    """A site and the team that covers it."""

    def __init__(self, name: str = "HMP Northgate") -> None:
        self.site: Site = worlds.site(name)
        self.team = worlds.service(sites=[self.site])
        self.worker: Actor = worlds.worker("prison_drug_worker", self.team)

    def sees(self, record: Record, at: datetime) -> bool:
        return worlds.visible_people(self.worker, at).filter(pk=record.person_id).exists()


@pytest.fixture
def record() -> Record:
    return worlds.person(worlds.worker("keyworker"))


def stays(record: Record) -> list[tuple[str, datetime, datetime | None]]:
    rows = CustodyStay.objects.filter(person=record.person_id).order_by("since", "pk")
    return [(stay.site.name, stay.since, stay.until) for stay in rows]


@pytest.mark.django_db
def test_a_stay_opens_the_record_to_the_teams_of_its_site_from_that_minute_to_that_minute(record: Record) -> None:
    prison, other = Prison(), Prison("HMP Southgate")
    came, left = worlds.BEGAN + HOUR, worlds.BEGAN + 3 * HOUR
    stay = custody.receive(by=prison.worker, at=AT, record=record, site=prison.site, since=came)
    custody.leave(by=prison.worker, at=AT, stay=stay, until=left)
    for at, sees in ((came - MINUTE, False), (came, True), (left - MINUTE, True), (left, False), (AT, False)):
        assert prison.sees(record, at) == sees, at
    assert not other.sees(record, came)
    grant = Grant.objects.get(kind=Grant.CUSTODY, person=record.person_id)
    assert (grant.service_id, grant.since, grant.until) == (prison.team.pk, came, left)
    assert grant.source == f"stay {stay.pk}"
    assert grant.basis == "Held at HMP Northgate"
    verbs = Event.objects.filter(person=record.person_id, verb__startswith="custody").values_list("verb", flat=True)
    assert list(verbs.order_by("seq")) == ["custody.received", "custody.left"]


@pytest.mark.django_db
def test_nobody_is_held_in_two_places_the_earlier_stay_ends_as_the_next_begins(record: Record) -> None:
    north, south = Prison(), Prison("HMP Southgate")
    worlds.held(record, north.site)
    moved = worlds.BEGAN + 2 * HOUR
    custody.receive(by=south.worker, at=AT, record=record, site=south.site, since=moved)
    assert stays(record) == [("HMP Northgate", worlds.BEGAN, moved), ("HMP Southgate", moved, None)]
    assert north.sees(record, moved - MINUTE)
    assert not north.sees(record, moved)
    assert south.sees(record, moved)


@pytest.mark.django_db
def test_a_stay_entered_late_ends_as_the_known_one_begins_and_takes_nothing_from_it(record: Record) -> None:
    north, south = Prison(), Prison("HMP Southgate")
    now_at = worlds.BEGAN + 5 * HOUR
    custody.receive(by=north.worker, at=AT, record=record, site=north.site, since=now_at)
    custody.receive(by=south.worker, at=AT, record=record, site=south.site, since=worlds.BEGAN)
    assert stays(record) == [("HMP Southgate", worlds.BEGAN, now_at), ("HMP Northgate", now_at, None)]
    assert north.sees(record, AT), "whoever holds the person keeps their page"
    assert not south.sees(record, AT)
    assert south.sees(record, now_at - MINUTE)


@pytest.mark.load
def test_two_sites_that_enter_the_same_person_at_once_leave_them_held_in_one(fresh_database: Any) -> None:
    record = worlds.person(worlds.worker("keyworker"))
    prisons = [Prison(), Prison("HMP Southgate")]
    start = Barrier(2)

    def receive(prison: Prison) -> None:
        try:
            start.wait()
            custody.receive(by=prison.worker, at=AT, record=record, site=prison.site, since=worlds.BEGAN)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for answer in [pool.submit(receive, prison) for prison in prisons]:
            answer.result()
    assert CustodyStay.objects.count() == 2
    assert CustodyStay.objects.filter(until=None).count() == 1
    assert Grant.objects.filter(kind=Grant.CUSTODY, until=None).count() == 1


@pytest.mark.django_db
def test_the_database_itself_refuses_a_second_open_stay_and_one_that_ends_before_it_begins(record: Record) -> None:
    prison = Prison()
    worlds.held(record, prison.site)
    for more in ({}, {"until": worlds.BEGAN - HOUR}):
        stay = CustodyStay(person_id=record.person_id, record=record, site=prison.site, since=worlds.BEGAN, **more)
        with acting(SYSTEM, AT):
            say("prepared", by=SYSTEM, at=AT)
            with pytest.raises(IntegrityError), transaction.atomic():
                stay.save()


@pytest.mark.django_db
def test_nobody_has_come_at_a_moment_that_lies_ahead(record: Record) -> None:
    prison = Prison()
    with pytest.raises(Refused, match="CU-101"):
        custody.receive(by=prison.worker, at=AT, record=record, site=prison.site, since=AT + MINUTE)
    assert stays(record) == []
    custody.receive(by=prison.worker, at=AT, record=record, site=prison.site, since=AT)
    assert len(stays(record)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("until", [worlds.BEGAN - MINUTE, AT + MINUTE])
def test_nobody_leaves_before_they_came_or_in_time_to_come(record: Record, until: datetime) -> None:
    prison = Prison()
    stay = worlds.held(record, prison.site)
    with pytest.raises(Refused, match="CU-102"):
        custody.leave(by=prison.worker, at=AT, stay=stay, until=until)
    assert stays(record) == [("HMP Northgate", worlds.BEGAN, None)]
    assert prison.sees(record, AT)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "kept"),
    [
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), True),
        (date(2086, 11, 1), True),
        (date(2087, 1, 1), False),
        (None, True),
    ],
)
def test_a_release_date_lies_between_the_day_they_came_and_sixty_years_on(
    record: Record, day: date | None, kept: bool
) -> None:
    stay = worlds.held(record, Prison().site)
    if kept:
        custody.set_release_date(by=SYSTEM, at=AT, stay=stay, release_date=day)
    else:
        with pytest.raises(Refused, match="CU-103") as refused:
            custody.set_release_date(by=SYSTEM, at=AT, stay=stay, release_date=day)
        assert refused.value.faults[0].field == "release_date"
    assert CustodyStay.objects.get(pk=stay.pk).release_date == (day if kept else None)


@pytest.mark.django_db
def test_the_day_they_came_is_the_day_in_london(record: Record) -> None:
    """Half past eleven in the evening by Greenwich in July is half past midnight of the next day in London."""
    came = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)
    stay = worlds.held(record, Prison().site, since=came)
    with pytest.raises(Refused, match="2 Jul 2027"):
        custody.set_release_date(by=SYSTEM, at=came, stay=stay, release_date=date(2027, 7, 1))
    custody.set_release_date(by=SYSTEM, at=came, stay=stay, release_date=date(2027, 7, 2))


@pytest.mark.django_db
def test_a_release_date_that_moves_moves_for_everybody_and_its_history_is_kept() -> None:
    prison = Prison()
    record = worlds.person(prison.worker)
    stay = worlds.held(record, prison.site)
    receiver = worlds.worker("keyworker")
    to = Service.objects.get(pk=receiver.service)
    day, later = date(2026, 11, 26), date(2026, 12, 3)
    hand_over = worlds.sent(prison.worker, record, to, release_date=day)
    worlds.take(receiver, hand_over, "open_by_receiver")
    case = f"/cases/{hand_over.case_id}/"
    for actor in (prison.worker, receiver):
        assert "Thu 26 Nov 2026" in worlds.signed_in(actor).get(case).content.decode()
    client = worlds.signed_in(prison.worker)
    parts = {"release_date_day": "3", "release_date_month": "12", "release_date_year": "2026"}
    moved = client.post(f"/people/{record.person_id}/custody/release-date/", parts)
    assert moved.status_code == 302
    for actor in (prison.worker, receiver):
        page = worlds.signed_in(actor).get(case).content.decode()
        assert "Thu 3 Dec 2026" in page
        assert "Thu 26 Nov 2026" not in page
    assert CustodyStay.objects.get(pk=stay.pk).release_date == later
    assert Event.objects.filter(verb="custody.release_date", subject=f"stay {stay.pk}").count() == 2


def typed(
    day: str = "23", month: str = "11", year: str = "2026", time: str = "9:30am", **more: object
) -> dict[str, Any]:
    return {"day_day": day, "day_month": month, "day_year": year, "time": time, **more}


@pytest.mark.django_db
def test_from_the_page_a_prison_records_that_they_came_and_that_they_left() -> None:
    prison = Prison()
    record = worlds.person(prison.worker)
    client = worlds.signed_in(prison.worker)
    base = f"/people/{record.person_id}/custody"
    page = client.post(f"{base}/came/", typed(site=prison.site.pk), follow=True).content.decode()
    assert "It is recorded that they came." in page
    assert [until for _, _, until in stays(record)] == [None]
    page = client.post(f"{base}/left/", typed(time="10:45am", why="released"), follow=True).content.decode()
    assert "It is recorded that they left." in page
    assert stays(record) == [
        ("HMP Northgate", datetime(2026, 11, 23, 9, 30, tzinfo=UTC), datetime(2026, 11, 23, 10, 45, tzinfo=UTC))
    ]


@pytest.mark.django_db
def test_whoever_enters_a_stay_late_is_told_that_it_ends_as_the_known_one_begins() -> None:
    north, south = Prison(), Prison("HMP Southgate")
    record = worlds.person(south.worker)
    worlds.held(record, north.site, since=worlds.BEGAN + HOUR)
    client = worlds.signed_in(south.worker)
    page = client.post(
        f"/people/{record.person_id}/custody/came/", typed(time="9:15am", site=south.site.pk), follow=True
    ).content.decode()
    assert "this stay ends as that one begins" in page
    assert "that stay was ended" not in page


@pytest.mark.django_db
def test_whoever_records_a_move_is_told_that_the_other_stay_was_ended() -> None:
    north, south = Prison(), Prison("HMP Southgate")
    record = worlds.person(south.worker)
    worlds.held(record, north.site)
    client = worlds.signed_in(south.worker)
    page = client.post(
        f"/people/{record.person_id}/custody/came/", typed(site=south.site.pk), follow=True
    ).content.decode()
    assert "that stay was ended" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        ({"day": "31"}, "FM-108"),
        ({"month": ""}, "FM-109"),
        ({"year": "26"}, "FM-108"),
        ({"time": "25:00"}, "FM-110"),
        ({"time": ""}, "FM-101"),
        ({"time": "9:\x0030"}, "FM-114"),
        ({"year": "2086"}, "CU-101"),
        ({"site": "999999"}, "FM-103"),
        ({"site": "abc"}, "FM-103"),
    ],
)
def test_a_wrong_date_or_time_is_numbered_and_what_was_typed_is_kept(wrong: dict[str, str], number: str) -> None:
    prison = Prison()
    record = worlds.person(prison.worker)
    answer = worlds.signed_in(prison.worker).post(
        f"/people/{record.person_id}/custody/came/", typed(**({"site": str(prison.site.pk)} | wrong))
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert number in page
    for name, value in typed(**wrong).items():
        if value and name != "site" and "\x00" not in value:
            assert f'value="{value}"' in page, f"{name} was lost"
    assert stays(record) == []


@pytest.mark.django_db
def test_a_service_that_covers_no_site_and_one_where_they_are_not_held_are_refused_with_numbers() -> None:
    keyworker, prison = worlds.worker("keyworker"), Prison()
    mine, theirs = worlds.person(keyworker), worlds.person(prison.worker)
    base = f"/people/{mine.person_id}/custody"
    client = worlds.signed_in(keyworker)
    assert "CU-104" in client.get(f"{base}/came/").content.decode()
    for page in ("left", "release-date"):
        assert "CU-105" in client.get(f"{base}/{page}/").content.decode()
        answer = worlds.signed_in(prison.worker).post(f"/people/{theirs.person_id}/custody/{page}/", typed())
        assert answer.status_code == 403
        assert "CU-105" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["came", "left", "release-date"])
def test_a_stranger_is_refused_in_the_words_for_a_person_who_does_not_exist(act: str) -> None:
    record, prison = worlds.person(worlds.worker("keyworker")), Prison()
    client = worlds.signed_in(prison.worker)
    for person in (record.person_id, 10**9):
        answer = client.get(f"/people/{person}/custody/{act}/")
        assert answer.status_code == 403
        assert "SH-101" in answer.content.decode()
