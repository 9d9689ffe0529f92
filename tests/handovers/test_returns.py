"""Leaving, coming back, and reports that were not so: release, stay and hand-overs never tell two stories."""

from datetime import date
from typing import Any

import pytest
import worlds
from handovers.test_release import AREA, BEGAN, DAY, HOUR, World, open_clocks, told

from throughcare.handovers.actions import custody
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay, HandOver, Release
from throughcare.messages.models import Message
from throughcare.people.models import PersonEvent
from throughcare.processes import actions as engine
from throughcare.processes import universal
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.registry import room_of
from throughcare.sharing.models import Grant

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
            engine.take(by=self.prison, at=BEGAN + HOUR, case=case, verb="open_emergency_handover", facts=facts)
        if state == "continuity_met":
            facts = {"structured_start_date": "2026-11-24", "intervention_type": "psychosocial"}
            engine.take(by=keyworker, at=BEGAN + DAY, case=case, verb="record_structured_start", facts=facts)

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


def everything(world: Story) -> dict[str, Any]:
    """What an undone report must leave as it was: states, deadlines, the stay with its date, who may read."""
    case, person = world.case, world.record.person_id
    open_now = Grant.objects.filter(person=person, until=None, withdrawn_at=None)
    return {
        "strands": sorted(case.strands.values_list("name", "state")),
        "dues": open_clocks(case),
        "release": (world.release().left_at, world.release().unplanned, world.release().stay_id),
        "stays": list(CustodyStay.objects.order_by("pk").values_list("until", "release_date")),
        "open to": set(open_now.values_list("service", "kind")),
    }


@pytest.mark.parametrize("on", [None, date(2027, 3, 5)])
def test_an_undone_release_leaves_everything_as_it_was(on: date | None) -> None:
    world = Story()
    if on:
        world.dated(on)
    before = everything(world)
    event = world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    assert everything(world) != before
    world.undo(event)
    assert everything(world) == before


def test_a_second_report_of_a_release_moves_no_day_and_starts_no_deadline_again() -> None:
    world = Story()
    hand_over = world.accepted()
    world.left()
    facts = {"contact_date": "2026-11-23", "heard_from": "Seen by me"}
    worlds.take(world.keyworkers[0], hand_over, "record_contact", at=BEGAN + 2 * HOUR, **facts)
    before = everything(world)
    world.report("released_unplanned", release_time=(BEGAN + HOUR).isoformat(), release_route="Court")
    assert everything(world) == before
    assert Case.objects.filter(process="hand_over").count() == 1


def test_two_colleagues_who_record_the_same_leaving_are_both_kept_and_the_second_is_flagged() -> None:
    world = Story()
    world.left()
    before = everything(world)
    second = releases.left(by=world.officer, at=LATER, stay=world.stay, until=BEGAN + 2 * HOUR)
    assert second.flags
    assert everything(world) == before


def test_a_return_that_was_not_so_brings_back_what_was_owed_on_the_release_before() -> None:
    world = Story()
    world.accepted()
    world.left()
    before, old = everything(world), world.case
    event = world.report("transferred", transfer_date="2026-11-26", receiving_site=str(world.site.pk))
    assert world.case != old
    world.undo(event)
    assert world.case == old
    assert open_clocks(old) == before["dues"]
    assert not CustodyStay.objects.filter(until=None).exists()


def test_undoing_a_release_from_a_place_that_nobody_knows_opens_no_earlier_stay() -> None:
    world = Story()
    world.left()
    world.report("recalled", at=BEGAN + DAY, recall_date="2026-11-24", recall_type="standard", prison="not_known")
    event = world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    world.undo(event)
    assert not CustodyStay.objects.filter(until=None).exists()


def test_probation_owes_the_outcome_again_when_somebody_leaves_a_second_time() -> None:
    world = Story()
    probation = worlds.worker("responsible_officer", worlds.service("Probation", areas=[AREA]))
    world.left()
    facts = {"attended_or_missed": "attended", "rescheduled_or_enforced": "not_needed"}
    engine.take(by=probation, at=BEGAN + 2 * HOUR, case=world.case.pk, verb="record_probation_outcome", facts=facts)
    world.report("recalled", at=BEGAN + DAY, recall_date="2026-11-24", recall_type="standard")
    world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    assert world.case.strands.get(name="probation_outcome").state == "outcome_due"
    assert "REL-C04" in open_clocks(world.case)


def test_what_the_prison_owes_goes_with_the_person_and_the_former_site_takes_no_part() -> None:
    world = Story()
    world.dated(date(2027, 3, 5))
    there = worlds.site("HMP Southgate")
    team = worlds.service("Southgate team", sites=[there])
    worlds.worker("prison_drug_worker", team)
    owned = Due.objects.filter(case=world.case, owner=world.team, met_at=None, replaced_at=None)
    assert owned.exists()
    moved = BEGAN + 2 * HOUR
    custody.receive(by=world.prison, at=moved, record=world.record, site=there, since=moved)
    assert not owned.exists()
    assert Due.objects.filter(case=world.case, owner=team, met_at=None, replaced_at=None).exists()
    room = room_of(world.case)
    found = room.with_parties(Case.objects.filter(pk=world.case.pk)).get()
    assert room.roles_of(found, world.prison) == frozenset()


def test_a_transfer_that_was_not_so_gives_what_is_owed_back_to_the_prison_where_they_are() -> None:
    world = Story()
    world.dated(date(2027, 3, 5))
    there = worlds.site("HMP Southgate")
    worlds.worker("prison_drug_worker", worlds.service("Southgate team", sites=[there]))
    before = everything(world)
    owned = Due.objects.filter(case=world.case, owner=world.team, met_at=None, replaced_at=None)
    event = world.report("transferred", transfer_date="2026-11-26", receiving_site=str(there.pk))
    assert not owned.exists()
    world.undo(event)
    assert owned.exists()
    assert everything(world)["release"] == before["release"]


def test_who_moved_to_another_area_is_handed_over_there_and_nobody_is_guessed_when_that_was_not_so() -> None:
    world = Story()
    there = worlds.service("There", areas=["E09000002"])
    worlds.worker("keyworker", there)
    facts = {"new_area": "E09000002", "moved_date": "2026-11-24", "service_there": "not_known"}
    event = world.report("moved_area", at=BEGAN + HOUR, **facts)
    world.record.refresh_from_db()
    assert world.record.area == "E09000002"
    world.undo(event, at=BEGAN + 2 * HOUR)
    world.record.refresh_from_db()
    assert world.record.area == ""
    world.report("moved_area", at=BEGAN + 3 * HOUR, **facts)
    world.left(at=LATER, route="court")
    assert HandOver.objects.get().receiver == there


def test_a_step_sent_again_with_another_date_after_going_back_says_that_it_was_not_stored() -> None:
    world = Story()
    client = worlds.signed_in(world.prison)
    url = f"/cases/{world.case.pk}/set_release_date/"
    form = client.get(url).context["form"]
    typed = {"version": form["version"].value(), "key": form["key"].value(), "source_of_date": "The unit"}
    typed |= {"release_date_day": "5", "release_date_month": "3"}
    assert client.post(url, {**typed, "release_date_year": "2027"}).status_code == 302
    assert client.post(url, {**typed, "release_date_year": "2027"}).status_code == 302, "a double click"
    answer = client.post(url, {**typed, "release_date_year": "2028"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "PR-203" in page
    assert "2028" in page
    assert CustodyStay.objects.get().release_date == date(2027, 3, 5)
