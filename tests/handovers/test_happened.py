"""Events that say where a person is held: stays follow them, once, and come back when a report is undone."""

from datetime import date, timedelta

import pytest
import worlds
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody, happened
from throughcare.handovers.models import CustodyStay
from throughcare.organisations.models import Site
from throughcare.people.models import PersonEvent, Record
from throughcare.processes import universal
from throughcare.processes.models import Case
from throughcare.sharing.models import Grant

pytestmark = pytest.mark.django_db
AT = worlds.BEGAN + timedelta(hours=3)


class World:
    """Somebody held at Northgate, whose drug worker knows them; another site with a team of its own."""

    def __init__(self) -> None:
        self.here, self.there = worlds.site("HMP Northgate"), worlds.site("HMP Southgate")
        self.team = worlds.service(sites=[self.here])
        self.worker = worlds.worker("prison_drug_worker", self.team)
        self.officer = worlds.joins(self.worker, self.team, "responsible_officer")
        self.colleague = worlds.worker("keyworker", self.team)
        self.other = worlds.worker("prison_healthcare", worlds.service(sites=[self.there]))
        self.record: Record = worlds.person(self.worker)

    def report(self, event: str, by: Actor | None = None, at=AT, **facts: object) -> PersonEvent:  # type: ignore[no-untyped-def]
        return universal.report(by=by or self.worker, at=at, person=self.record.person_id, event=event, facts=facts)

    def undo(self, event: PersonEvent) -> None:
        facts = {"reason": "Wrong person", "reviewer": str(self.colleague.user)}
        universal.undo(by=self.officer, at=AT + timedelta(hours=1), person=event.person_id, event=event.pk, facts=facts)

    def stays(self) -> list[tuple[Site, bool]]:
        found = CustodyStay.objects.filter(person=self.record.person_id).order_by("since", "pk")
        return [(stay.site, stay.until is None) for stay in found.select_related("site")]

    def open_to(self) -> set[int | None]:
        return set(Grant.objects.filter(kind=Grant.CUSTODY, until=None).values_list("service", flat=True))


def test_a_transfer_ends_one_stay_and_begins_the_other_with_the_release_date() -> None:
    world = World()
    stay = worlds.held(world.record, world.here)
    custody.set_release_date(by=world.worker, at=AT, stay=stay, release_date=date(2027, 3, 1))
    world.report("transferred", transfer_date="2026-11-23", receiving_site=str(world.there.pk))
    assert world.stays() == [(world.here, False), (world.there, True)]
    assert CustodyStay.objects.get(until=None).release_date == date(2027, 3, 1)
    assert world.open_to() == {world.other.service}


def test_a_transfer_undone_brings_the_stay_and_its_access_back() -> None:
    world = World()
    worlds.held(world.record, world.here)
    event = world.report("transferred", transfer_date="2026-11-23", receiving_site=str(world.there.pk))
    world.undo(event)
    assert world.stays() == [(world.here, True), (world.there, False)]
    assert world.open_to() == {world.team.pk}


@pytest.mark.parametrize("event", ["taken_into_custody", "recalled"])
def test_being_taken_into_custody_begins_a_stay_where_the_place_is_known_and_never_a_second(event: str) -> None:
    world = World()
    facts = {
        "taken_into_custody": {"custody_date": "2026-11-23", "reason": "Warrant"},
        "recalled": {"recall_date": "2026-11-23", "recall_type": "standard"},
    }[event]
    for _ in range(2):
        world.report(event, by=world.officer, prison=str(world.here.pk), **facts)
        assert world.stays() == [(world.here, True)]


def test_a_stay_that_was_entered_on_the_custody_page_is_the_same_fact() -> None:
    world = World()
    worlds.held(world.record, world.here)
    world.report("taken_into_custody", custody_date="2026-11-23", prison=str(world.here.pk), reason="Warrant")
    assert world.stays() == [(world.here, True)]


def test_where_the_place_is_not_known_no_stay_is_invented() -> None:
    world = World()
    world.report("taken_into_custody", custody_date="2026-11-23", prison="not_known", reason="not_known")
    assert world.stays() == []


@pytest.mark.parametrize("page", [True, False])
def test_leaving_custody_lets_what_it_paused_run_again(page: bool) -> None:
    world = World()
    worlds.sent(world.worker, world.record, worlds.service())
    world.report("taken_into_custody", custody_date="2026-11-23", prison=str(world.here.pk), reason="Warrant")
    assert Case.objects.get(process="hand_over").paused_at == AT
    stay = CustodyStay.objects.get(until=None)
    later = AT + timedelta(days=2)
    if page:
        happened.left(by=world.worker, at=later, stay=stay, until=later)
    else:
        world.report("released_unplanned", at=later, release_time=later.isoformat(), release_route="Court")
    assert Case.objects.get(process="hand_over").paused_at is None
    assert world.stays() == [(world.here, False)]


def test_a_release_reported_by_mistake_is_undone_and_they_are_still_held() -> None:
    world = World()
    worlds.held(world.record, world.here)
    event = world.report("released_unplanned", release_time=AT.isoformat(), release_route="Court")
    assert event.flags == []
    assert world.stays() == [(world.here, False)]
    world.undo(event)
    assert world.stays() == [(world.here, True)]


def test_who_reports_a_move_that_ends_their_own_access_is_led_to_today() -> None:
    world = World()
    team = worlds.service(sites=[world.here])
    officer = worlds.worker("prison_operations", team)
    worlds.held(world.record, world.here)
    client = worlds.signed_in(officer)
    url = f"/people/{world.record.person_id}/happened/transferred/"
    today = timezone.localdate()
    answers = {"transfer_date_day": today.day, "transfer_date_month": today.month, "transfer_date_year": today.year}
    done = client.post(url, {"key": "one", "receiving_site": world.there.pk, **answers})
    assert (done.status_code, done.headers["Location"]) == (302, "/")
