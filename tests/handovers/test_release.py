"""A release: from reception, over every date, to leaving and the days after it."""

from datetime import date, datetime, timedelta

import pytest
import worlds
from django.utils.timezone import localdate

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay, HandOver, Release
from throughcare.handovers.process.release import RELEASE
from throughcare.messages.models import Message
from throughcare.organisations import actions as organisations
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.today.queries import groups
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGAN = worlds.BEGAN
AREA = "E09000001"


class World:
    """A prison with its team, one treatment service and the services of the area, and somebody who came in."""

    def __init__(self, *, legal_status: str = "sentenced", area: str = AREA, treatment: int = 1) -> None:
        self.site = worlds.site()
        self.team = worlds.service("Prison team", sites=[self.site])
        self.prison: Actor = worlds.worker("prison_drug_worker", self.team)
        self.treatment = [worlds.service(f"Treatment {n}", areas=[AREA]) for n in range(treatment)]
        self.keyworkers = [worlds.worker("keyworker", service) for service in self.treatment]
        self.record: Record = worlds.person(self.prison, area=area)
        self.stay: CustodyStay = custody.receive(
            by=self.prison, at=BEGAN, record=self.record, site=self.site, since=BEGAN, legal_status=legal_status
        )

    @property
    def case(self) -> Case:
        return Case.objects.get(process="release", person=self.record.person_id, closed_at=None)

    def state(self) -> str:
        return self.case.strands.get(name="plan").state

    def dated(self, on: date | None, at: datetime = BEGAN, **more: str) -> StepTaken | None:
        return releases.date_known(by=self.prison, at=at, stay=self.stay, release_date=on, **more)

    def left(self, at: datetime = BEGAN + HOUR, **more: object) -> StepTaken:
        return releases.left(by=self.prison, at=at, stay=self.stay, **{"until": at, **more})

    def accepted(self, to: int = 0, **more: object) -> HandOver:
        hand_over = worlds.sent(self.prison, self.record, self.treatment[to], **more)
        worlds.take(self.keyworkers[to], hand_over, "open_by_receiver")
        worlds.take(
            self.keyworkers[to],
            hand_over,
            "accept",
            no_appointment_reason="By Friday",
            coordination_owner=str(self.keyworkers[to].user),
        )
        return hand_over


def open_clocks(case: Case) -> set[str]:
    return set(Due.objects.filter(case=case, met_at=None, replaced_at=None).values_list("clock", flat=True))


def told(verb: str) -> set[int]:
    return set(Message.objects.filter(verb=f"release.{verb}").values_list("service", flat=True))


def test_a_release_is_prepared_from_the_minute_somebody_comes_into_prison() -> None:
    world = World(legal_status="remand")
    assert world.state() == "in_custody"
    assert world.case.release.could_leave == "yes"
    assert open_clocks(world.case) == set()


def test_somebody_held_elsewhere_than_in_a_prison_has_no_release_to_prepare() -> None:
    keyworker = worlds.worker()
    record = worlds.person(keyworker)
    worlds.held(record, worlds.site("Custody suite", kind="custody suite"))
    assert not Release.objects.exists()


def test_a_release_goes_with_the_person_to_another_prison() -> None:
    world, other = World(), worlds.site("HMP Southgate")
    case = world.case
    stay = custody.receive(by=SYSTEM, at=BEGAN + HOUR, record=world.record, site=other, since=BEGAN + HOUR)
    assert world.case == case
    assert world.case.release.stay == stay


def test_every_date_is_kept_and_the_stay_reads_the_last() -> None:
    world = World()
    world.dated(date(2027, 3, 5))
    world.dated(date(2027, 3, 4), reason="Friday rule")
    assert CustodyStay.objects.get().release_date == date(2027, 3, 4)
    world.dated(None, reason="Adjourned")
    assert CustodyStay.objects.get().release_date is None
    assert world.case.release.could_leave == "yes"
    world.dated(date(2027, 4, 1), reason="Sentenced")
    verbs = list(world.case.steps.order_by("version").values_list("verb", flat=True))
    assert verbs == ["open_at_reception", "set_release_date", *["change_release_date"] * 3]


@pytest.mark.parametrize(("on", "number"), [(date(2026, 11, 22), "RL-105"), (date(2126, 11, 22), "RL-106")])
def test_a_date_that_cannot_be_is_kept_and_flagged_and_nobody_reads_it(on: date, number: str) -> None:
    world = World()
    world.dated(date(2027, 3, 5))
    taken = world.dated(on)
    assert taken is not None
    assert [flag[0] for flag in taken.flags] == [number]
    assert taken.facts["new_release_date"] == on.isoformat()
    assert CustodyStay.objects.get().release_date == date(2027, 3, 5)


def test_the_page_of_a_release_shows_the_date_that_stands_and_the_history_every_date_that_was_told() -> None:
    world = World()
    world.dated(date(2027, 3, 5))
    world.dated(date(2020, 3, 5), reason="Typed wrongly")
    page = worlds.signed_in(world.prison).get(f"/cases/{world.case.pk}/").content.decode()
    facts, history = page.split("History", 1)
    assert "Fri 5 Mar 2027" in facts
    assert "5 Mar 2020" not in facts
    assert "RL-105" in history
    assert "Thu 5 Mar 2020" in history


def test_a_moved_date_reaches_the_service_that_took_the_person_on_at_once() -> None:
    world = World()
    world.dated(date(2026, 12, 10))
    world.accepted()
    world.dated(date(2026, 12, 9), reason="Friday rule")
    assert told("change_release_date") == {world.treatment[0].pk}


def test_leaving_ends_the_stay_and_starts_the_days() -> None:
    world = World()
    world.dated(date(2026, 11, 30))
    world.accepted()
    world.left(BEGAN + 2 * HOUR)
    case = world.case
    assert world.state() == "released"
    assert CustodyStay.objects.get().until == BEGAN + 2 * HOUR
    assert CustodyStay.objects.get().release_date == localdate(BEGAN)
    assert open_clocks(case) == {"REL-C01", "REL-C02", "REL-C03", "REL-C04", "REL-C07"}
    assert told("report_released") == {world.treatment[0].pk}
    owners = set(Due.objects.filter(case=case, clock__in=("REL-C01", "REL-C03")).values_list("owner", flat=True))
    assert owners == {world.treatment[0].pk}


def test_the_days_count_from_the_moment_of_leaving_however_late_it_is_recorded() -> None:
    world = World()
    world.left(BEGAN + 5 * DAY, until=BEGAN + HOUR)
    due = Due.objects.get(case=world.case, clock="REL-C01")
    assert localdate(due.due_at) == localdate(BEGAN) + DAY


@pytest.mark.parametrize(("until", "number"), [(BEGAN - HOUR, "RL-107"), (BEGAN + 9 * HOUR, "RL-108")])
def test_a_release_at_a_moment_that_cannot_be_is_kept_and_flagged_and_nobody_has_left(
    until: datetime, number: str
) -> None:
    world = World()
    taken = world.left(BEGAN + HOUR, until=until)
    assert [flag[0] for flag in taken.flags] == [number]
    assert world.state() == "in_custody"
    assert CustodyStay.objects.get().until is None


def test_released_from_court_with_nothing_ready_the_home_area_service_is_asked_at_once() -> None:
    world = World(legal_status="remand")
    world.left(route="court")
    hand_over = HandOver.objects.get()
    assert (hand_over.sender_id, hand_over.receiver_id) == (world.team.pk, world.treatment[0].pk)
    assert hand_over.case.strands.get(name="main").state == "sent"
    assert "nothing ready" in hand_over.reason
    assert hand_over.urgent == "yes"
    assert world.state() == "released_unplanned"
    assert "REL-C11" in open_clocks(world.case)
    worlds.take(world.keyworkers[0], hand_over, "open_by_receiver", at=BEGAN + 2 * HOUR)


def test_the_prison_team_may_still_record_the_emergency_call_after_an_unplanned_release() -> None:
    world = World(legal_status="remand")
    world.left(route="court")
    facts = {"provider_called": "Treatment", "bridging_script": "no", "naloxone": "ready"}
    case = world.case
    engine.take(by=world.prison, at=BEGAN + 2 * HOUR, case=case.pk, verb="open_emergency_handover", facts=facts)
    assert world.state() == "emergency_handover"
    assert "REL-C11" not in open_clocks(case)


def test_a_hand_over_that_nobody_answered_falls_to_the_home_area_service_when_the_person_leaves() -> None:
    world = World()
    elsewhere = worlds.service("Far away")
    hand_over = worlds.sent(world.prison, world.record, elsewhere)
    world.left()
    hand_over.refresh_from_db()
    assert hand_over.receiver == world.treatment[0]
    assert hand_over.case.steps.filter(verb="fall_to_home_area").count() == 1


@pytest.mark.parametrize("treatment", [0, 2])
def test_where_the_home_area_service_is_not_one_service_nobody_is_guessed(treatment: int) -> None:
    world = World(treatment=treatment)
    world.left()
    assert not HandOver.objects.exists()
    assert Due.objects.filter(case=world.case, clock="REL-C01", owner=None).exists()


def test_whoever_is_asked_after_somebody_left_with_nobody_asked_owes_the_first_days() -> None:
    world = World(treatment=2)

    def tags() -> list[str]:
        return [line.tag for group in groups(world.prison, BEGAN + 2 * HOUR) for line in group.rows]

    world.left()
    assert "Nobody asked" in tags()
    worlds.sent(world.prison, world.record, world.treatment[1])
    for clock in ("REL-C01", "REL-C02"):
        assert Due.objects.get(case=world.case, clock=clock).owner == world.treatment[1]
    assert "Nobody asked" not in tags()


def test_of_several_treatment_services_the_front_door_of_the_area_is_asked() -> None:
    world = World(treatment=2)
    organisations.name_front_door(by=SYSTEM, at=BEGAN, service=world.treatment[1], area=AREA)
    world.left()
    assert HandOver.objects.get().receiver == world.treatment[1]


def test_the_front_door_of_another_area_is_not_the_front_door_of_this_one() -> None:
    world = World(treatment=2)
    organisations.name_front_door(by=SYSTEM, at=BEGAN, service=world.treatment[0], area="E09000002")
    world.left()
    assert not HandOver.objects.exists()


@pytest.mark.parametrize("told", ["needs", "leaving"])
def test_the_area_that_is_told_with_needs_or_on_leaving_is_kept_and_its_service_is_asked(told: str) -> None:
    world = World(area="")
    if told == "needs":
        facts = {"ongoing_need": "Methadone", "area_of_return": AREA, "contact_details": "Hostel"}
        engine.take(by=world.prison, at=BEGAN, case=world.case.pk, verb="identify_needs", facts=facts)
    world.left(**({"area": AREA} if told == "leaving" else {}))
    world.record.refresh_from_db()
    assert world.record.area == AREA
    assert HandOver.objects.get().receiver == world.treatment[0]


def test_a_first_contact_and_a_start_recorded_on_the_hand_over_are_typed_once() -> None:
    world = World()
    hand_over = world.accepted()
    world.left()
    at, seen = BEGAN + 3 * HOUR, localdate(BEGAN).isoformat()
    worlds.take(world.keyworkers[0], hand_over, "record_contact", at=at, contact_date=seen, heard_from="Seen by me")
    assert world.state() == "first_appointment_attended"
    assert not {"REL-C01", "REL-C02"} & open_clocks(world.case)
    assert "REL-C03" in open_clocks(world.case), "being seen is not treatment: the national measure counts only that"
    case = world.case
    worlds.take(
        world.keyworkers[0], hand_over, "record_treatment_started", at=at, treatment_start_date=seen, heard_from="Me"
    )
    assert case.strands.get(name="plan").state == "continuity_met"
    assert "REL-C04" in open_clocks(case), "what probation and RECONNECT owe runs on"


def test_without_treatment_by_day_21_the_measure_is_missed_and_a_late_start_is_late() -> None:
    world = World()
    world.accepted()
    world.left()
    case = world.case
    engine.sweep(BEGAN + 22 * DAY)
    assert world.state() == "continuity_missed"
    started = (localdate(BEGAN) + 24 * DAY).isoformat()
    facts = {"structured_start_date": started}
    engine.take(by=world.keyworkers[0], at=BEGAN + 25 * DAY, case=case.pk, verb="record_structured_start", facts=facts)
    assert case.strands.get(name="plan").state == "late_engagement"


def test_a_missed_first_day_tells_the_owner() -> None:
    world = World()
    world.accepted()
    world.left()
    engine.sweep(BEGAN + 3 * DAY)
    assert told("missed_REL-C01") == {world.treatment[0].pk}


def test_treatment_that_began_before_the_release_is_refused() -> None:
    world = World()
    world.accepted()
    world.left()
    facts = {"structured_start_date": "2026-11-01"}
    with pytest.raises(Refused, match="RL-109"):
        engine.take(
            by=world.keyworkers[0], at=BEGAN + DAY, case=world.case.pk, verb="record_structured_start", facts=facts
        )


def test_strangers_take_no_part() -> None:
    world = World()
    for stranger in (worlds.worker(), worlds.worker("prison_drug_worker"), worlds.worker("front_desk", world.team)):
        with pytest.raises(Refused, match="PR-202"):
            engine.take(by=stranger, at=BEGAN, case=world.case.pk, verb="identify_needs", facts={})


@pytest.mark.parametrize(
    ("left_days_ago", "missed", "clock"), [(None, False, False), (0, False, False), (30, True, True)]
)
def test_a_prescribed_person_has_the_clock_of_the_hand_over_or_those_of_the_release(
    left_days_ago: int | None, missed: bool, clock: bool
) -> None:
    world = World()
    hand_over = worlds.sent(world.prison, world.record, world.treatment[0], opioid_agonist_medicine="yes")
    at = BEGAN
    if left_days_ago is not None:
        world.left()
        at = BEGAN + left_days_ago * DAY + HOUR
    if missed:
        engine.sweep(at)
    worlds.take(world.keyworkers[0], hand_over, "open_by_receiver", at=at)
    answers = {"no_appointment_reason": "Soon", "coordination_owner": str(world.keyworkers[0].user)}
    worlds.take(world.keyworkers[0], hand_over, "accept", at=at, **answers)
    assert Due.objects.filter(case=hand_over.case, clock="HOV-C07").exists() is clock


def test_a_return_to_prison_ends_what_was_owed_and_a_recall_goes_on_with_the_same_case() -> None:
    for status, same in (("remand", False), ("recalled", True)):
        world = World()
        world.accepted()
        world.left()
        case, later = world.case, BEGAN + 3 * DAY
        stay = custody.receive(
            by=world.prison, at=later, record=world.record, site=world.site, since=later, legal_status=status
        )
        assert (world.case == case) is same
        assert world.case.release.stay == stay
        assert not {"REL-C01", "REL-C02", "REL-C03"} & open_clocks(case)
        assert world.state() == ("recalled" if same else "in_custody")


def test_a_referral_to_reconnect_reaches_the_service_of_the_area_and_is_refused_where_there_is_none() -> None:
    world = World()
    case = world.case
    facts = {"age": "40", "health_need": "Hepatitis C", "would_struggle_to_engage": "No telephone"}
    with pytest.raises(Refused, match="RL-110"):
        engine.take(by=world.prison, at=BEGAN, case=case.pk, verb="refer_to_reconnect", facts=facts)
    reconnect = worlds.service("RECONNECT", areas=[AREA])
    worker = worlds.worker("reconnect", reconnect)
    engine.take(by=world.prison, at=BEGAN, case=case.pk, verb="refer_to_reconnect", facts=facts)
    assert HandOver.objects.get().receiver == reconnect
    world.dated(localdate(BEGAN) + 9 * DAY)
    day = localdate(BEGAN).isoformat()
    engine.take(by=worker, at=BEGAN, case=case.pk, verb="start_reconnect_support", facts={"support_start_date": day})
    assert case.strands.get(name="reconnect").state == "reconnect_support"
    assert world.case.release.left_at is None
    world.left()
    assert HandOver.objects.filter(receiver=world.treatment[0]).exists(), "RECONNECT is asked beside treatment"


def test_a_pack_is_not_ready_while_the_supply_ends_before_the_first_appointment() -> None:
    world = World()
    case = world.case
    healthcare = worlds.worker("prison_healthcare", world.team)
    ends = {"medicine": "methadone", "days_supplied": "7", "supply_end_date": "2026-12-01"}
    engine.take(by=healthcare, at=BEGAN, case=case.pk, verb="plan_supply", facts=ends)
    with acting(SYSTEM, BEGAN):
        case.strands.filter(name="plan").update(state="probation_notified")
        say("prepared", by=SYSTEM, at=BEGAN)
    pack = dict.fromkeys(("bridging_prescription", "medicines", "naloxone", "identity_document"), "ready")
    with pytest.raises(Refused, match="PR-106"):
        engine.take(
            by=healthcare,
            at=BEGAN,
            case=case.pk,
            verb="complete_pack",
            facts={**pack, "accommodation_checked": "ready"},
        )


@pytest.mark.parametrize(("days", "refused"), [("14", False), ("15", True)])
def test_no_more_than_14_days_of_an_opioid_medicine_are_planned(days: str, refused: bool) -> None:
    world = World()
    healthcare = worlds.worker("prison_healthcare", world.team)
    facts = {"medicine": "methadone", "days_supplied": days, "supply_end_date": "2026-12-01"}
    if refused:
        with pytest.raises(Refused, match="PR-108"):
            engine.take(by=healthcare, at=BEGAN, case=world.case.pk, verb="plan_supply", facts=facts)
        return
    engine.take(by=healthcare, at=BEGAN, case=world.case.pk, verb="plan_supply", facts=facts)
    assert world.case.strands.get(name="supply").state == "supply_planned"


def test_every_act_of_a_release_has_a_page_that_asks_its_questions() -> None:
    """Each state with each of its acts, for a role that has it: the page opens, or says with a number why not."""
    world = World()
    client = worlds.signed_in(world.prison)
    assert client.get(f"/cases/{world.case.pk}/").status_code == 200
    for step in RELEASE.steps:
        if world.prison.role in step.roles and step.from_ != "new" and step.strand == "plan":
            with acting(SYSTEM, BEGAN):
                world.case.strands.filter(name="plan").update(state=step.from_)
                say("prepared", by=SYSTEM, at=BEGAN)
            assert client.get(f"/cases/{world.case.pk}/{step.verb}/").status_code == 200, step.id
