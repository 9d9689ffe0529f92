"""What comes of an appointment: recorded once, corrected with what it was kept, and followed by the hand-over."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import worlds

from throughcare.appointments import actions as diary
from throughcare.appointments.actions import Cancellation, Slot
from throughcare.appointments.models import Appointment
from throughcare.events.actor import Actor
from throughcare.events.models import Event, EventDetail
from throughcare.handovers.models import HandOver
from throughcare.messages.models import Message
from throughcare.organisations.models import Service
from throughcare.processes.models import StepTaken, Strand
from throughcare.web.faults import NotAllowed, Refused

FIRST = datetime(2026, 11, 26, 10, tzinfo=UTC)
AFTER = FIRST + timedelta(hours=2)
ILL = Cancellation("person", "ill")


class World:
    """A hand-over accepted with an appointment in person, and a colleague of the receiver."""

    def __init__(self) -> None:
        self.sender, self.receiver = worlds.worker("prison_drug_worker"), worlds.worker("keyworker")
        team = Service.objects.get(pk=self.receiver.service)
        self.colleague = worlds.worker("keyworker", team)
        self.hand_over: HandOver = worlds.sent(self.sender, worlds.person(self.sender), team)
        worlds.take(self.receiver, self.hand_over, "open_by_receiver")
        worlds.take(
            self.receiver,
            self.hand_over,
            "accept",
            appointment_time=FIRST.isoformat(),
            place="Harbour House",
            coordination_owner=self.receiver.user,
        )
        self.booked = Appointment.objects.get(case=self.hand_over.case_id)

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.hand_over.case_id, name="main").state

    def outcome(self, outcome: str, by: Actor | None = None, at: datetime = AFTER, **more: Any) -> Appointment:
        by = by or self.receiver
        return diary.record_outcome(by=by, at=at, appointment=self.booked.pk, outcome=outcome, **more)

    def cancelled(self, at: datetime = AFTER, how: Cancellation = ILL, **more: Any) -> Appointment:
        return diary.cancel(by=self.receiver, at=at, appointment=self.booked.pk, cancellation=how, **more)

    def moved(self, slot: Slot, at: datetime = AFTER, **more: Any) -> Appointment:
        return diary.rebook(by=self.receiver, at=at, appointment=self.booked.pk, cancellation=ILL, slot=slot, **more)


def detail(verb: str) -> dict[str, Any]:
    seq = Event.objects.filter(verb=verb).latest("seq").seq
    found: dict[str, Any] = json.loads(EventDetail.objects.get(event=seq).body)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["attended", "late"])
def test_that_somebody_came_records_the_first_contact_of_their_hand_over_in_the_same_act(outcome: str) -> None:
    world = World()
    done = world.outcome(outcome)
    assert (done.outcome, done.outcome_at, done.outcome_by_id) == (outcome, AFTER, world.receiver.user)
    assert world.state == "contact_made"
    step = StepTaken.objects.get(verb="record_contact")
    assert step.facts == {"contact_date": "2026-11-26", "heard_from": "Seen by us: recorded in the diary"}
    assert step.user_id == world.receiver.user
    assert Event.objects.filter(verb="appointment.attended", case=world.hand_over.case_id).count() == 1


@pytest.mark.django_db
def test_that_somebody_did_not_come_leaves_the_hand_over_to_its_own_form() -> None:
    world = World()
    world.outcome("did_not_attend", words="No answer at the door")
    assert world.state == "contact_booked"
    assert detail("appointment.did_not_attend")["words"] == "No answer at the door"


@pytest.mark.django_db
def test_a_hand_over_that_was_closed_is_left_alone() -> None:
    world = World()
    worlds.take(world.receiver, world.hand_over, "record_contact", contact_date="2026-11-24", heard_from="Seen by us")
    world.outcome("attended")
    assert StepTaken.objects.filter(verb="record_contact").count() == 1


@pytest.mark.django_db
def test_an_outcome_is_corrected_by_a_further_event_that_keeps_the_former() -> None:
    world = World()
    world.outcome("did_not_attend", words="Waited half an hour")
    world.outcome("late", by=world.colleague, words="Came at 11", at=AFTER + timedelta(hours=1))
    booked = Appointment.objects.get()
    assert (booked.outcome, booked.words, booked.outcome_by_id) == ("late", "Came at 11", world.colleague.user)
    assert detail("appointment.attended")["former"] == {"outcome": "did_not_attend", "words": "Waited half an hour"}
    assert Event.objects.filter(verb="appointment.did_not_attend").count() == 1


@pytest.mark.django_db
def test_a_cancellation_says_by_whom_and_why_and_another_reason_needs_words() -> None:
    world = World()
    with pytest.raises(Refused, match="AP-109"):
        world.cancelled(how=Cancellation("other", "other"))
    done = world.cancelled(how=Cancellation("other", "other", "The building was flooded"))
    assert (done.outcome, done.cancelled_by, done.reason) == ("cancelled", "other", "other")
    assert detail("appointment.cancelled")["words"] == "The building was flooded"
    with pytest.raises(Refused, match="AP-105"):
        world.cancelled(how=Cancellation("person", "weather"))


@pytest.mark.django_db
def test_moving_cancels_the_old_one_names_it_in_the_new_one_and_moves_the_hand_over() -> None:
    world = World()
    new = world.moved(Slot(FIRST + timedelta(days=1), "video"))
    old = Appointment.objects.get(pk=world.booked.pk)
    assert (old.outcome, old.cancelled_by, old.reason, old.replaced_at) == ("cancelled", "person", "ill", AFTER)
    assert (new.replaces_id, new.first_id, new.version, new.case_id) == (old.pk, old.pk, 3, world.hand_over.case_id)
    step = StepTaken.objects.filter(verb="book_contact").latest("version")
    assert step.facts["appointment_time"] == new.starts_at.isoformat()
    assert step.facts["place"] == "By video"
    assert Appointment.objects.count() == 2, "the hand-over does not book it again"


@pytest.mark.django_db
def test_the_same_form_sent_twice_does_one_thing() -> None:
    world = World()
    slot = Slot(FIRST + timedelta(days=1), "video")
    first = world.moved(slot, version=1)
    assert world.moved(slot, version=1) == first
    world.booked = first
    for _ in range(2):
        world.outcome("attended", version=first.version)
    assert Appointment.objects.count() == 2
    assert Event.objects.filter(verb="appointment.attended").count() == 1


@pytest.mark.django_db
def test_what_was_moved_or_changed_by_somebody_else_is_not_acted_on() -> None:
    world = World()
    world.outcome("did_not_attend", by=world.colleague, version=1)
    with pytest.raises(Refused, match="AP-103"):
        world.outcome("attended", version=1)
    with pytest.raises(Refused, match="AP-106"):
        world.moved(Slot(FIRST + timedelta(days=1), "video"))
    other = World()
    other.moved(Slot(FIRST + timedelta(days=1), "telephone"))
    with pytest.raises(Refused, match="AP-102"):
        other.outcome("attended")


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["outcome", "cancel", "move"])
def test_nobody_but_the_service_of_an_appointment_acts_on_it(act: str) -> None:
    world = World()
    acts: dict[str, Any] = {
        "outcome": partial(diary.record_outcome, outcome="late"),
        "cancel": partial(diary.cancel, cancellation=ILL),
        "move": partial(diary.rebook, cancellation=ILL, slot=Slot(AFTER, "video")),
    }
    for stranger in (world.sender, worlds.worker("keyworker"), worlds.worker("commissioner")):
        with pytest.raises(NotAllowed, match="AP-101"):
            acts[act](by=stranger, at=AFTER, appointment=world.booked.pk)
    assert Appointment.objects.get().outcome == ""


@pytest.mark.django_db
def test_a_service_books_only_for_people_of_whom_it_holds_a_record() -> None:
    keyworker, other = worlds.worker(), worlds.worker()
    record = worlds.person(keyworker, born=date(1986, 3, 3))
    with pytest.raises(NotAllowed, match="AP-104"):
        diary.book_for(by=other, at=AFTER, record=record, slot=Slot(AFTER, "video"))
    with pytest.raises(Refused, match="AP-108"):
        diary.book_for(by=keyworker, at=AFTER, record=record, slot=Slot(AFTER, "in_person", "  "))
    booked = diary.book_for(by=keyworker, at=AFTER, record=record, slot=Slot(AFTER, "telephone"))
    assert (booked.case, booked.place, booked.room) == (None, "", "")


@pytest.mark.django_db
def test_a_video_room_is_made_only_where_the_operator_named_a_video_service(settings: Any) -> None:
    world = World()
    slot = Slot(FIRST + timedelta(days=1), "video")
    assert world.moved(slot).room == ""
    settings.VIDEO_ADDRESS = "https://video.example.org/{room}"
    world = World()
    first = world.moved(slot)
    assert len(first.room) >= 20
    world.booked = first
    assert world.moved(Slot(FIRST + timedelta(days=2), "video")).room not in ("", first.room)


@pytest.mark.load
def test_two_workers_who_move_the_same_appointment_at_once_leave_one(fresh_database: Any) -> None:
    world = World()
    slots = [Slot(FIRST + timedelta(days=day), "video") for day in (1, 2)]
    answers = worlds.at_once(*(lambda slot=slot: world.moved(slot, version=1) for slot in slots))
    assert sorted(type(answer).__name__ for answer in answers) == ["Appointment", "Refused"]
    assert Appointment.objects.filter(replaced_at=None, outcome="").count() == 1


@pytest.mark.django_db
def test_a_first_contact_that_the_hand_over_records_stands_in_the_diary_too() -> None:
    world = World()
    worlds.take(world.receiver, world.hand_over, "record_contact", contact_date="2026-11-25", heard_from="Rang")
    assert Appointment.objects.get().outcome == "", "that was another day"
    other = World()
    worlds.take(
        other.receiver, other.hand_over, "record_contact", at=AFTER, contact_date="2026-11-26", heard_from="Seen by me"
    )
    booked = Appointment.objects.get(pk=other.booked.pk)
    assert (booked.outcome, booked.outcome_at, booked.outcome_by_id) == ("attended", AFTER, other.receiver.user)
    assert StepTaken.objects.filter(verb="record_contact", case=other.hand_over.case_id).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "outcome"), [("appointment_missed", "did_not_attend"), ("telephone", "")])
def test_an_appointment_that_the_hand_over_calls_missed_is_missed_in_the_diary_too(route: str, outcome: str) -> None:
    world = World()
    again = (AFTER + timedelta(days=1)).isoformat()
    facts = {"attempt_time": AFTER.isoformat(), "route": route, "next_attempt_time": again}
    worlds.take(world.receiver, world.hand_over, "record_not_reached", at=AFTER, **facts)
    assert Appointment.objects.get().outcome == outcome


@pytest.mark.django_db
def test_what_the_sender_heard_changes_nothing_in_the_receivers_diary() -> None:
    world = World()
    facts = {"contact_date": "2026-11-26", "heard_from": "The person told me"}
    worlds.take(world.sender, world.hand_over, "record_contact", at=AFTER, **facts)
    assert Appointment.objects.get().outcome == ""


@pytest.mark.django_db
def test_the_reason_of_a_cancellation_can_be_corrected() -> None:
    world = World()
    world.cancelled()
    world.cancelled(how=Cancellation("service", "staff"))
    booked = Appointment.objects.get()
    assert (booked.cancelled_by, booked.reason, booked.version) == ("service", "staff", 3)
    assert detail("appointment.cancelled")["former"] == {
        "outcome": "cancelled",
        "cancelled_by": "person",
        "reason": "ill",
    }


@pytest.mark.load
def test_the_diary_and_the_hand_over_acted_on_at_once_do_not_wait_for_each_other(fresh_database: Any) -> None:
    for _ in range(5):
        world = World()
        contact = {"contact_date": "2026-11-26", "heard_from": "Seen by me"}
        worlds.at_once(
            partial(world.outcome, "attended"),
            partial(worlds.take, world.receiver, world.hand_over, "record_contact", at=AFTER, **contact),
        )
        assert world.state == "contact_made"
        assert Appointment.objects.get(pk=world.booked.pk).outcome == "attended"


@pytest.mark.django_db
def test_who_sent_the_person_is_told_that_the_first_appointment_was_called_off_and_once_that_it_was_moved() -> None:
    world = World()
    world.cancelled()
    told = Message.objects.filter(service=world.sender.service, written_at=AFTER)
    assert list(told.values_list("verb", flat=True)) == ["hand_over.appointment_called_off"]
    page = worlds.signed_in(world.sender).get(f"/cases/{world.hand_over.case_id}/").content.decode()
    assert "First appointment called off, and none made in its place" in page
    world = World()
    world.moved(Slot(FIRST + timedelta(days=1), "video"))
    told = Message.objects.filter(service=world.sender.service, written_at=AFTER)
    assert list(told.values_list("verb", flat=True)) == ["hand_over.book_contact"]
