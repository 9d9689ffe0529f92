"""The diary: an appointment that is moved is kept beside the new one, and Today shows the one that stands."""

from datetime import UTC, datetime, timedelta

import pytest
import worlds
from django.db.models import ProtectedError

from throughcare.appointments import actions as diary
from throughcare.appointments.models import Appointment
from throughcare.events.acting import WriteOutsideAction, acting, say
from throughcare.events.actor import SYSTEM
from throughcare.events.models import Event
from throughcare.organisations.models import Service
from throughcare.today.queries import groups

FIRST, SECOND = datetime(2026, 11, 26, 10, tzinfo=UTC), datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
TITLE = "Appointments, next 7 days"


class World:
    """A hand-over that was accepted with an appointment."""

    def __init__(self) -> None:
        self.sender, self.receiver = worlds.worker("prison_drug_worker"), worlds.worker("keyworker")
        team = Service.objects.get(pk=self.receiver.service)
        self.hand_over = worlds.sent(self.sender, worlds.person(self.sender), team)
        worlds.take(self.receiver, self.hand_over, "open_by_receiver")
        worlds.take(
            self.receiver,
            self.hand_over,
            "accept",
            appointment_time=FIRST.isoformat(),
            place="Harbour House",
            coordination_owner=self.receiver.user,
        )

    def move(self, at: datetime = worlds.BEGAN + timedelta(hours=1)) -> None:
        facts = {"appointment_time": SECOND.isoformat(), "place": "By video"}
        worlds.take(self.receiver, self.hand_over, "book_contact", at=at, **facts)


@pytest.mark.django_db
def test_accepting_with_an_appointment_books_it_for_the_receiver_in_the_same_act() -> None:
    world = World()
    booked = Appointment.objects.get()
    assert (booked.starts_at, booked.place, booked.replaced_at) == (FIRST, "Harbour House", None)
    assert (booked.service_id, booked.person_id) == (world.receiver.service, world.hand_over.case.person_id)
    assert list(world.hand_over.case.steps.order_by("version").values_list("verb", flat=True))[-2:] == [
        "accept",
        "book_contact",
    ]
    event = Event.objects.get(verb="appointment.booked")
    assert (event.case, event.person) == (world.hand_over.case_id, booked.person_id)


@pytest.mark.django_db
def test_an_appointment_that_is_moved_is_kept_and_only_the_new_one_stands() -> None:
    world = World()
    moved = worlds.BEGAN + timedelta(hours=1)
    world.move(moved)
    rows = Appointment.objects.order_by("pk").values_list("starts_at", "place", "replaced_at")
    assert list(rows) == [(FIRST, "Harbour House", moved), (SECOND, "By video", None)]
    now = moved + timedelta(minutes=1)
    (line,) = next(group for group in groups(world.receiver, now) if group.title == TITLE).rows
    assert line.words == "Fri 27 Nov 2026, 2:30pm, By video"
    page = worlds.signed_in(world.receiver).get(f"/people/{world.hand_over.case.person_id}/").content.decode()
    assert "By video" in page
    assert "Harbour House" not in page.partition("Timeline")[0]


@pytest.mark.django_db
def test_the_diary_of_today_holds_seven_days_and_the_contact_can_be_recorded_from_the_row_on_the_day() -> None:
    world = World()
    for days, shown, acts in ((-5, True, 0), (0, True, 1), (1, False, 0), (-8, False, 0)):
        now = FIRST.replace(hour=9) + timedelta(days=days)
        if now < worlds.BEGAN:
            now = worlds.BEGAN + timedelta(minutes=1) if shown else now
        rows = [line for group in groups(world.receiver, now) if group.title == TITLE for line in group.rows]
        assert bool(rows) == shown, days
        assert sum(len(line.acts) for line in rows) == acts, days


@pytest.mark.django_db
def test_the_diary_is_the_services_own() -> None:
    world = World()
    now = worlds.BEGAN + timedelta(minutes=1)
    colleague = worlds.worker("keyworker", Service.objects.get(pk=world.receiver.service))
    assert TITLE in {group.title for group in groups(colleague, now)}
    for other in (world.sender, worlds.worker("keyworker")):
        assert TITLE not in {group.title for group in groups(other, now)}


@pytest.mark.django_db
def test_an_appointment_in_the_past_is_a_fact_and_is_kept() -> None:
    world = World()
    past = worlds.BEGAN - timedelta(days=1)
    diary.book(
        by=world.receiver,
        at=worlds.BEGAN,
        case=world.hand_over.case,
        service=world.receiver.service or 0,
        starts_at=past,
        place="Seen in the street",
    )
    assert Appointment.objects.get(replaced_at=None).starts_at == past


@pytest.mark.django_db
def test_an_appointment_is_written_by_an_act_alone_and_no_case_with_one_can_be_removed() -> None:
    world = World()
    booked = Appointment.objects.get()
    with pytest.raises(WriteOutsideAction):
        booked.save()
    with pytest.raises(WriteOutsideAction):
        Appointment.objects.update(place="Elsewhere")
    with acting(SYSTEM, worlds.BEGAN):
        say("prepared", by=SYSTEM, at=worlds.BEGAN)
        with pytest.raises(ProtectedError):
            world.hand_over.case.delete()
