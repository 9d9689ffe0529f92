"""Leaving, coming back, and reports that were not so: release, stay and hand-overs never tell two stories."""

from datetime import date
from typing import Any

import pytest
import worlds
from handovers.test_release import BEGAN, DAY, HOUR, World, open_clocks, told

from throughcare.handovers.actions import custody
from throughcare.handovers.models import CustodyStay, HandOver, Release
from throughcare.messages.models import Message
from throughcare.people.models import PersonEvent
from throughcare.processes import universal
from throughcare.processes.models import Case, StepTaken

pytestmark = pytest.mark.django_db
LATER = BEGAN + 3 * DAY


class Story(World):
    """The same prison, with somebody who may report everything and a colleague to undo it with."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.officer = worlds.joins(self.prison, self.team, "prison_operations")
        self.manager = worlds.joins(self.prison, self.team, "responsible_officer")
        self.colleague = worlds.worker("keyworker", self.team)

    def report(self, event: str, at: Any = LATER, by: Any = None, **facts: object) -> PersonEvent:
        return universal.happened(by=by or self.officer, at=at, record=self.record, event=event, facts=facts)

    def undo(self, event: PersonEvent, at: Any = LATER + HOUR) -> None:
        facts = {"reason": "Wrong person", "reviewer": str(self.colleague.user)}
        universal.undo(by=self.manager, at=at, person=event.person_id, event=event.pk, facts=facts)

    def comes(self, legal_status: str, at: Any = LATER) -> CustodyStay:
        stay = custody.receive(
            by=self.prison, at=at, record=self.record, site=self.site, since=at, legal_status=legal_status
        )
        self.stay = stay
        return stay

    def left_into(self, state: str) -> None:
        """Bring the release to a state after leaving, by what people do."""
        self.accepted()
        self.left(**({"route": "court"} if state in ("released_unplanned", "emergency_handover") else {}))
        case, keyworker = self.case.pk, self.keyworkers[0]
        if state == "emergency_handover":
            facts = {"provider_called": "Riverside, Jo Smith", "bridging_script": "no", "naloxone": "yes"}
            worlds.engine.take(by=self.prison, at=BEGAN + HOUR, case=case, verb="open_emergency_handover", facts=facts)
        if state == "continuity_met":
            facts = {"structured_start_date": "2026-11-24", "intervention_type": "psychosocial"}
            worlds.engine.take(by=keyworker, at=BEGAN + DAY, case=case, verb="record_structured_start", facts=facts)

    def release(self) -> Release:
        return Release.objects.get(case=self.case)

    def hand_overs(self) -> list[tuple[str, bool]]:
        """The state of each hand-over of the person, and whether Throughcare wrote it."""
        found = Case.objects.filter(process="hand_over", person=self.record.person_id).order_by("pk")
        return [(case.strands.get(name="main").state, case.steps.get(verb="draft").user_id is None) for case in found]


@pytest.mark.parametrize("status", ["recalled", "remand", "not_known"])
@pytest.mark.parametrize(
    "state", ["released", "released_unplanned", "emergency_handover", "continuity_met", "recalled"]
)
def test_somebody_who_comes_back_is_received_whatever_was_reported_of_their_release(state: str, status: str) -> None:
    world = Story()
    if state == "recalled":
        world.left()
        world.report("recalled", at=BEGAN + DAY, recall_date="2026-11-24", recall_type="standard")
    else:
        world.left_into(state)
    assert world.state() == state
    stay = world.comes(status)
    release = world.release()
    assert (release.stay, release.left_at, release.unplanned) == (stay, None, False)
    assert world.state() in ("in_custody", "recalled")
    assert Case.objects.filter(process="release", person=world.record.person_id, closed_at=None).count() == 1


@pytest.mark.parametrize(
    ("event", "facts", "state"),
    [
        ("recalled", {"recall_date": "2026-11-26", "recall_type": "standard"}, "recalled"),
        ("remanded", {"remand_date": "2026-11-26"}, "in_custody"),
        ("taken_into_custody", {"custody_date": "2026-11-26", "reason": "not_known"}, "in_custody"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_reported_return_to_custody_goes_on_with_the_same_release(
    event: str, facts: dict[str, str], state: str, known: bool
) -> None:
    world = Story()
    world.left()
    case = world.case
    world.report(event, **facts, prison=str(world.site.pk) if known else "not_known")
    assert (world.case, world.state()) == (case, state)
    assert world.release().left_at is None
    assert not {"REL-C01", "REL-C02", "REL-C03"} & open_clocks(case)
    assert CustodyStay.objects.filter(until=None).exists() is known


def test_being_bailed_is_being_released_by_the_court_with_nothing_ready() -> None:
    world = Story()
    world.report("bailed", bail_date="2026-11-25", conditions="not_known", address="not_known")
    assert world.state() == "released_unplanned"
    assert {"REL-C01", "REL-C02", "REL-C03"} <= open_clocks(world.case)
    left_at = world.release().left_at
    assert left_at
    assert left_at.date() == date(2026, 11, 25)
    assert world.hand_overs() == [("sent", True)]
    assert HandOver.objects.get().receiver == world.treatment[0]
    assert not CustodyStay.objects.filter(until=None).exists()


def test_bailed_on_the_day_they_came_is_after_they_came() -> None:
    world = Story()
    event = world.report("bailed", bail_date="2026-11-23", conditions="not_known", address="not_known")
    assert event.flags == []
    assert world.state() == "released_unplanned"


@pytest.mark.parametrize("when", [BEGAN - DAY, LATER + DAY])
def test_a_release_reported_for_a_moment_that_cannot_be_is_kept_flagged_and_they_are_still_held(when: Any) -> None:
    world = Story()
    event = world.report("released_unplanned", release_time=when.isoformat(), release_route="Court")
    assert PersonEvent.objects.filter(pk=event.pk).exists()
    step = StepTaken.objects.get(case=world.case, verb="report_released_unplanned")
    assert [flag[0] for flag in step.flags] in (["RL-107"], ["RL-108"])
    assert world.state() == "in_custody"
    assert CustodyStay.objects.get(until=None) == world.stay
    assert world.release().left_at is None


def test_a_release_told_by_somebody_without_part_in_it_counts_from_the_moment_they_gave() -> None:
    world = Story()
    when = LATER - HOUR
    court = worlds.worker("liaison_diversion")
    world.report("released_unplanned", by=court, release_time=when.isoformat(), release_route="Court")
    assert world.release().left_at == when


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("released_unplanned", {"release_time": LATER.isoformat(), "release_route": "Court"}),
        ("bailed", {"bail_date": "2026-11-25", "conditions": "not_known", "address": "not_known"}),
    ],
)
def test_a_release_that_was_not_so_is_undone_with_what_followed_from_it(kind: str, facts: dict[str, str]) -> None:
    world = Story()
    event = world.report(kind, **facts)
    assert world.hand_overs() == [("sent", True)]
    world.undo(event)
    assert (world.state(), world.release().left_at, world.release().unplanned) == ("in_custody", None, False)
    assert CustodyStay.objects.get(until=None) == world.stay
    assert world.hand_overs() == [("withdrawn", True)]
    asked = Message.objects.filter(verb="hand_over.withdraw").values_list("service", flat=True)
    assert list(asked) == [world.treatment[0].pk]
    assert not {"REL-C01", "REL-C02", "REL-C03"} & open_clocks(world.case)


def test_a_service_that_accepted_somebody_who_was_not_released_is_told_and_keeps_them() -> None:
    world = Story()
    event = world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    hand_over = HandOver.objects.get()
    keyworker = world.keyworkers[0]
    worlds.take(keyworker, hand_over, "open_by_receiver", at=LATER)
    worlds.take(
        keyworker,
        hand_over,
        "accept",
        at=LATER,
        no_appointment_reason="By Friday",
        coordination_owner=str(keyworker.user),
    )
    world.undo(event)
    assert world.hand_overs() == [("accepted", True)]
    assert world.treatment[0].pk in told("undo_event")


def test_a_recall_that_was_not_so_is_undone_and_the_days_since_the_release_count_on() -> None:
    world = Story()
    world.left()
    left_at = world.release().left_at
    event = world.report("recalled", recall_date="2026-11-26", recall_type="standard", prison=str(world.site.pk))
    world.undo(event)
    assert (world.state(), world.release().left_at) == ("released", left_at)
    assert {"REL-C02", "REL-C03"} <= open_clocks(world.case)
    assert not CustodyStay.objects.filter(until=None).exists()


def test_a_remand_that_was_not_so_leaves_no_release_behind() -> None:
    world = Story()
    other = worlds.person(world.prison)
    facts = {"remand_date": "2026-11-26", "prison": str(world.site.pk)}
    event = universal.happened(by=world.officer, at=LATER, record=other, event="remanded", facts=facts)
    release = Case.objects.get(process="release", person=other.person_id)
    assert release.closed_at is None
    world.undo(event)
    release.refresh_from_db()
    assert release.closed_at == LATER + HOUR
    assert release.ended_by == "opened_in_error"
    assert not CustodyStay.objects.filter(person=other.person_id, until=None).exists()


def test_a_death_that_was_not_so_leaves_a_release_to_prepare_for_whoever_is_held() -> None:
    world = Story()
    world.left()
    event = world.report("died", date_of_death="2026-11-26", source_of_fact="Told by the hospital", by=world.manager)
    stay = world.comes("remand", at=LATER + HOUR)
    assert not stay.releases.exists()
    world.undo(event, at=LATER + 2 * HOUR)
    assert world.release().stay == stay
    assert world.release().left_at is None


def test_days_are_a_property_of_the_release_and_not_of_the_form() -> None:
    """The same release told on the custody page and as an event leaves the same rows."""
    by_page, by_event = Story(), Story()
    by_page.left(at=LATER, route="court")
    by_event.report("released_unplanned", release_time=LATER.isoformat(), release_route="court")
    for one in (by_page, by_event):
        assert one.state() == "released_unplanned"
        assert (one.release().left_at, one.release().unplanned) == (LATER, True)
    assert open_clocks(by_page.case) == open_clocks(by_event.case)
