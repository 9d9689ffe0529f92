"""The pages of the diary: who reads them, what each act does, what is kept of what was typed, and what they cost."""

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import icalendar
import pytest
import worlds
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from throughcare.appointments import actions as diary
from throughcare.appointments.actions import Slot
from throughcare.appointments.models import Appointment
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.processes.models import Strand

AT = worlds.BEGAN
AHEAD = datetime(2031, 11, 26, 14, tzinfo=UTC)
SLOT = Slot(AHEAD, "in_person", "Room 2")


class World:
    """A keyworker with somebody of their own."""

    def __init__(self) -> None:
        self.by = worlds.worker("keyworker")
        self.record: Record = worlds.person(self.by)
        self.client = worlds.signed_in(self.by)

    def booked(self, slot: Slot = SLOT, at: datetime = AT) -> Appointment:
        return diary.book_for(by=self.by, at=at, record=self.record, slot=slot)

    def now(self) -> Appointment:
        """One that began a quarter of an hour ago."""
        begun = timezone.now() - timedelta(minutes=15)
        return self.booked(Slot(begun, "telephone"), at=min(AT, begun - timedelta(days=1)))

    @property
    def new(self) -> str:
        return f"/people/{self.record.person_id}/appointments/new/"


def typed(**more: str) -> dict[str, str]:
    when = {"day_day": "26", "day_month": "11", "day_year": "2031", "time": "2pm"}
    return {**when, "way": "in_person", "place": "Room 2", "key": "a-form", **more}


@pytest.mark.django_db
def test_an_appointment_is_booked_from_the_persons_page_once_however_often_the_form_is_sent() -> None:
    world = World()
    assert world.new in world.client.get(f"/people/{world.record.person_id}/").content.decode()
    for _ in range(2):
        answer = world.client.post(world.new, typed())
        assert answer["Location"] == "/diary/?day=2031-11-26"
    booked = Appointment.objects.get()
    assert (booked.starts_at, booked.way, booked.place, booked.case) == (AHEAD, "in_person", "Room 2", None)
    page = world.client.post(world.new, typed(place="Room 3"))
    assert page.status_code == 422
    assert "AP-107" in page.content.decode()
    shown = world.client.get("/diary/?day=2031-11-26").content.decode()
    assert "Adeyemi, James" in shown
    assert "2pm" in shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        ({"place": ""}, "AP-108"),
        ({"time": "soon"}, "FM-110"),
        ({"day_year": "0026"}, "FM-108"),
        ({"way": ""}, "FM-101"),
        ({"way": "pigeon"}, "FM-103"),
    ],
)
def test_a_wrong_answer_is_numbered_and_nothing_typed_is_lost(wrong: dict[str, str], number: str) -> None:
    world = World()
    sent = typed(**{"place": "The café & garden", "time": "2:45pm", **wrong})
    page = world.client.post(world.new, sent)
    assert page.status_code == 422
    words = page.content.decode()
    assert number in words
    for name in ("day_day", "day_year", "time", "place"):
        assert f'value="{escape(sent[name])}"' in words or not sent[name], name
    assert not Appointment.objects.exists()


@pytest.mark.django_db
def test_an_appointment_of_the_past_is_recorded_and_flagged_on_every_page_that_shows_it() -> None:
    world = World()
    answer = world.client.post(world.new, typed(day_year="1986"), follow=True)
    booked = Appointment.objects.get()
    flag = "It was written down after its time."
    assert flag in answer.content.decode()
    assert flag in world.client.get("/diary/?day=1986-11-26").content.decode()
    assert flag in world.client.get(f"/appointments/{booked.pk}/").content.decode()


@pytest.mark.django_db
def test_an_appointment_before_the_referral_is_flagged() -> None:
    by = worlds.worker("keyworker")
    team = Service.objects.get(pk=by.service)
    sender = worlds.worker("prison_drug_worker")
    hand_over = worlds.sent(sender, worlds.person(sender), team)
    worlds.take(by, hand_over, "open_by_receiver")
    before = AT - timedelta(days=30)
    facts = {"appointment_time": before.isoformat(), "place": "Seen in the street", "coordination_owner": by.user}
    worlds.take(by, hand_over, "accept", **facts)
    booked = Appointment.objects.get()
    assert (
        "Its time is before the referral." in worlds.signed_in(by).get(f"/appointments/{booked.pk}/").content.decode()
    )


@pytest.mark.django_db
def test_that_somebody_came_is_recorded_from_the_row_of_the_diary() -> None:
    world = World()
    booked = world.now()
    page = world.client.get("/diary/").content.decode()
    assert f'action="/appointments/{booked.pk}/outcome/"' in page
    sent = {"outcome": "attended", "version": booked.version}
    answer = world.client.post(f"/appointments/{booked.pk}/outcome/", sent)
    assert answer.status_code == 302
    assert Appointment.objects.get().outcome == "attended"
    assert f'action="/appointments/{booked.pk}/outcome/"' not in world.client.get("/diary/").content.decode()


@pytest.mark.django_db
def test_one_to_come_cannot_be_marked_from_its_row_and_may_be_from_its_page() -> None:
    world = World()
    booked = world.booked()
    assert "/outcome/" not in world.client.get("/diary/?day=2031-11-26").content.decode()
    sent = {"outcome": "attended", "version": booked.version}
    answer = world.client.post(f"/appointments/{booked.pk}/outcome/", sent, follow=True)
    assert "What came of it was recorded before its time." in answer.content.decode()


@pytest.mark.django_db
def test_an_earlier_one_without_an_outcome_stands_above_today() -> None:
    world = World()
    yesterday = timezone.now() - timedelta(days=1)
    world.booked(Slot(yesterday, "telephone"), at=AT)
    assert "What came of these? (1)" in world.client.get("/diary/").content.decode()
    sent = {"outcome": "late", "words": "", "version": 1}
    world.client.post(f"/appointments/{Appointment.objects.get().pk}/outcome/", sent)
    assert "What came of these?" not in world.client.get("/diary/").content.decode()


@pytest.mark.django_db
def test_somebody_who_did_not_come_leads_to_the_form_of_their_hand_over_while_it_waits_for_contact() -> None:
    sender, by = worlds.worker("prison_drug_worker"), worlds.worker("keyworker")
    hand_over = worlds.sent(sender, worlds.person(sender), Service.objects.get(pk=by.service))
    worlds.take(by, hand_over, "open_by_receiver")
    now = timezone.localtime()
    begun = max(now - timedelta(minutes=30), now.replace(hour=0, minute=0, second=0))  # today's, also at midnight
    facts = {"appointment_time": begun.isoformat(), "place": "Room 2", "coordination_owner": by.user}
    worlds.take(by, hand_over, "accept", **facts)
    booked, client = Appointment.objects.get(), worlds.signed_in(by)
    answer = client.post(f"/appointments/{booked.pk}/outcome/", {"outcome": "did_not_attend", "version": 1})
    assert answer["Location"] == f"/appointments/{booked.pk}/"
    link = f"/cases/{hand_over.case_id}/record_not_reached/"
    assert link in client.get("/diary/").content.decode()
    assert client.get(link).status_code == 200
    worlds.take(by, hand_over, "record_treatment_started", treatment_start_date="2026-11-24", heard_from="Me")
    assert Strand.objects.get(case=hand_over.case_id, name="main").state == "treatment_started"
    assert link not in client.get("/diary/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["outcome", "cancel", "move"])
def test_a_form_that_was_opened_before_somebody_else_acted_shows_how_it_stands_and_can_be_sent_again(act: str) -> None:
    world = World()
    booked = world.booked()
    diary.record_outcome(
        by=worlds.worker("keyworker", Service.objects.get(pk=world.by.service)),
        at=AT,
        appointment=booked.pk,
        outcome="did_not_attend",
        version=1,
    )
    sent = {**typed(), "outcome": "late", "cancelled_by": "person", "reason": "ill", "words": "Rang", "version": "1"}
    answer = world.client.post(f"/appointments/{booked.pk}/{act}/", sent)
    words = answer.content.decode()
    assert answer.status_code == 422
    assert "AP-103" in words
    assert "Did not attend" in words
    assert 'value="Rang"' in words
    assert 'name="version" value="2"' in words
    again = world.client.post(f"/appointments/{booked.pk}/{act}/", {**sent, "version": "2"})
    assert again.status_code == (422 if act == "move" else 302), "what something came of is not moved"


@pytest.mark.django_db
def test_an_appointment_is_moved_and_cancelled_from_its_page() -> None:
    world = World()
    booked = world.booked()
    sent = {**typed(day_day="27"), "cancelled_by": "person", "reason": "clash", "words": "", "version": "1"}
    assert world.client.post(f"/appointments/{booked.pk}/move/", sent).status_code == 302
    new = Appointment.objects.get(replaced_at=None)
    old = world.client.get(f"/appointments/{booked.pk}/").content.decode()
    assert f"/appointments/{new.pk}/" in old
    assert "It was moved." in old
    sent = {"cancelled_by": "service", "reason": "staff", "words": "", "version": str(new.version)}
    assert world.client.post(f"/appointments/{new.pk}/cancel/", sent).status_code == 302
    page = world.client.get(f"/appointments/{new.pk}/").content.decode()
    assert "No worker or room" in page
    assert "Moved to Thu 27 Nov 2031, 2pm" in page


@pytest.mark.django_db
def test_the_file_for_the_workers_calendar_names_no_person() -> None:
    world = World()
    answer = world.client.get(f"/appointments/{world.booked().pk}/calendar.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    file = icalendar.Calendar.from_ical(answer.content)
    (event,) = file.walk("VEVENT")
    assert event.decoded("DTSTART") == AHEAD
    assert "Adeyemi" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "outcome/", "cancel/", "move/", "calendar.ics"])
def test_another_service_reads_and_changes_nothing_whether_it_exists_or_not(path: str) -> None:
    booked = World().booked()
    for role in ("keyworker", "prison_drug_worker", "commissioner", "data_protection_lead"):
        stranger = worlds.signed_in(worlds.worker(role))
        for number in (booked.pk, 999_999):
            answer = stranger.get(f"/appointments/{number}/{path}")
            assert answer.status_code == 403
            assert "AP-101" in answer.content.decode()


@pytest.mark.django_db
def test_the_diary_and_booking_are_for_those_who_work_with_people_they_know() -> None:
    world = World()
    assert worlds.signed_in(worlds.worker("commissioner")).get("/diary/").status_code == 403
    assert worlds.signed_in(worlds.worker("keyworker")).get(world.new).status_code == 403
    assert worlds.signed_in(worlds.worker("keyworker")).get("/diary/?day=2031-11-26").status_code == 200


@pytest.mark.django_db
def test_the_front_desk_reads_the_diary_and_records_who_came() -> None:
    world = World()
    booked = world.now()
    desk = worlds.signed_in(worlds.worker("front_desk", Service.objects.get(pk=world.by.service)))
    assert "Adeyemi, James" in desk.get("/diary/").content.decode()
    sent = {"outcome": "late", "version": booked.version}
    assert desk.post(f"/appointments/{booked.pk}/outcome/", sent).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["", "nonsense", "2026-13-40", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_a_day_that_is_none_is_answered_with_the_nearest_diary(day: str) -> None:
    client = World().client
    for view in ("", "week"):
        assert client.get("/diary/", {"day": day, "view": view}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("view", ["", "week"])
def test_the_diary_costs_the_same_however_many_are_booked(view: str) -> None:
    world = World()
    costs = []
    for number in (2, 12):
        for place in range(number):
            record = worlds.person(world.by, f"Given{place}", f"Family{number}")
            slot = Slot(AHEAD + timedelta(minutes=place), "video")
            diary.book_for(by=world.by, at=AT, record=record, slot=slot)
        with CaptureQueriesContext(connection) as sent:
            world.client.get("/diary/", {"day": "2031-11-26", "view": view})
        costs.append(len(worlds.fixed_cost([query["sql"] for query in sent.captured_queries], look=1)))
    assert costs[0] == costs[1] <= 2


@pytest.mark.django_db
def test_how_to_reach_somebody_is_changed_on_its_page_and_shown_to_whoever_may_read_it() -> None:
    world = World()
    url = f"/people/{world.record.person_id}/safe-contact/"
    assert url in world.client.get(f"/people/{world.record.person_id}/").content.decode()
    sent: dict[str, Any] = {"telephone": "07700 900123", "email": "", "safe_contact": "After 4pm", "may_email": "on"}
    page = world.client.post(url, sent)
    assert page.status_code == 422
    assert "PE-109" in page.content.decode()
    assert "After 4pm" in page.content.decode()
    assert world.client.post(url, {**sent, "email": "james@example.org"}).status_code == 302
    kept = Record.objects.get()
    assert (kept.email, kept.may_email, kept.may_name_service) == ("james@example.org", True, False)
    shown = world.client.get(f"/people/{world.record.person_id}/").content.decode()
    assert "james@example.org" in shown
    assert "messages may not name the service" in shown
    assert worlds.signed_in(worlds.worker("keyworker")).get(url).status_code == 403
