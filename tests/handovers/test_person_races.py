"""Two facts about one person at the same moment, on a database where commits are real: both are kept, none waits."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import worlds
from handovers.test_cover import SATURDAY, THURSDAY, kept

from throughcare.handovers.actions import custody, happened
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay, PrescribingCover
from throughcare.organisations.models import Service
from throughcare.people import actions as people
from throughcare.people.actions import Contact
from throughcare.people.models import PersonEvent, Record
from throughcare.processes import universal
from throughcare.processes.models import Case
from throughcare.web.faults import Refused

pytestmark = pytest.mark.load
AT = worlds.BEGAN + timedelta(hours=1)


class World:
    """Somebody with two hand-overs and a release, whose worker is about to report something."""

    def __init__(self, kind: str = "prison") -> None:
        self.site = worlds.site(kind=kind)
        self.team = worlds.service(sites=[self.site])
        self.worker = worlds.worker("prison_healthcare", self.team)
        self.record = worlds.person(self.worker)
        self.hand_overs = []
        for _ in range(2):
            receiver = worlds.worker("keyworker")
            team = Service.objects.get(pk=receiver.service)
            self.hand_overs.append(worlds.sent(self.worker, self.record, team))
        self.stay = worlds.held(self.record, self.site)
        self.receiver = receiver

    def hospital(self) -> object:
        facts = {"hospital": "St James’s", "admission_date": "2026-11-23", "prescribing_summary_sent": "yes"}
        return universal.report(
            by=self.worker, at=AT, person=self.record.person_id, event="admitted_to_hospital", facts=facts
        )

    def died(self) -> object:
        facts = {"date_of_death": "2026-11-23", "source_of_fact": "Told by the coroner’s officer"}
        return universal.report(by=self.worker, at=AT, person=self.record.person_id, event="died", facts=facts)

    def prescriber(self) -> object:
        return kept(self.worker, self.record, THURSDAY, SATURDAY)

    def received(self) -> object:
        there = worlds.site("HMP Southgate")
        return custody.receive(by=self.worker, at=AT, record=self.record, site=there, since=AT)

    def left_a_suite(self) -> object:
        stay = CustodyStay.objects.get(pk=self.stay.pk)
        return happened.left(by=self.worker, at=AT, stay=stay, until=AT)

    def left_a_prison(self) -> object:
        stay = CustodyStay.objects.get(pk=self.stay.pk)
        return releases.left(by=self.worker, at=AT, stay=stay, until=AT, area="E09000001")

    def contact(self) -> object:
        return people.set_contact(by=self.worker, at=AT, record=self.record, contact=Contact(telephone="07700900123"))

    def opened(self) -> object:
        return worlds.take(self.receiver, self.hand_overs[1], "open_by_receiver")

    def drafted(self) -> object:
        return worlds.drafted(self.worker, self.record, Service.objects.get(pk=self.receiver.service))


@pytest.mark.parametrize("other", [World.prescriber, World.received, World.opened])
def test_two_facts_reported_at_once_are_both_kept(fresh_database: Any, other: Callable[[World], object]) -> None:
    for _ in range(5):
        world = World()
        worlds.at_once(world.hospital, lambda world=world: other(world))
        person = world.record.person_id
        assert PersonEvent.objects.filter(person=person).count() == 1
        if other is World.prescriber:
            assert PrescribingCover.objects.filter(person=person, replaced_at=None).count() == 1
        if other is World.received:
            assert CustodyStay.objects.filter(person=person).count() == 2


def test_what_is_opened_while_a_death_is_reported_is_refused_or_closed_with_everything_else(
    fresh_database: Any,
) -> None:
    for _ in range(5):
        world = World()
        _, drafted = worlds.at_once(world.died, world.drafted)
        assert not isinstance(drafted, Refused) or drafted.faults[0].number == "UE-103"
        assert not Case.objects.filter(person=world.record.person_id, closed_at=None).exists()


def test_leaving_a_site_while_another_receives_the_person_ends_the_stay_once(fresh_database: Any) -> None:
    for _ in range(10):
        world = World(kind="custody suite")
        worlds.at_once(world.left_a_suite, world.received)
        assert CustodyStay.objects.filter(person=world.record.person_id).count() == 2
        assert CustodyStay.objects.get(pk=world.stay.pk).until == AT


def test_leaving_with_an_area_while_the_contact_is_changed_keeps_both(fresh_database: Any) -> None:
    for _ in range(10):
        world = World()
        worlds.at_once(world.left_a_prison, world.contact)
        record = Record.objects.get(pk=world.record.pk)
        assert (record.area, record.telephone) == ("E09000001", "07700900123")
