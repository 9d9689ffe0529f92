"""Deadlines: when each falls due, what stops it, that each is missed once, and the ladder it sets off."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import worlds
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM
from throughcare.events.models import Event
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import HAND_OVER, LADDER
from throughcare.messages.email import INSTANT
from throughcare.messages.models import Email, Message
from throughcare.organisations.models import Service
from throughcare.organisations.queries import receiving_services
from throughcare.people.holding import hold_person_of
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.processes.table import Step
from throughcare.reference.calendar import LONDON
from throughcare.sharing import grants
from throughcare.sharing.models import Grant


def london(text: str, fold: int = 0) -> datetime:
    """A moment as a clock in London shows it; fold=1 is the second time round in the night of autumn."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold).astimezone(UTC)


class World:
    """A sender, a receiver, and one hand-over between them that is written and not sent."""

    def __init__(self, urgent: str = "no") -> None:
        self.sender = worlds.worker("keyworker")
        self.receiver = worlds.worker("keyworker")
        team = receiving_services(other_than=self.sender.service).get(pk=self.receiver.service)
        self.hand_over = worlds.drafted(self.sender, worlds.person(self.sender), team, urgent=urgent)
        self.case = self.hand_over.case_id

    def take(self, who: str, verb: str, at: datetime, **facts: object) -> None:
        worlds.take(getattr(self, who), self.hand_over, verb, at=at, **facts)

    def another(self) -> HandOver:
        """A second hand-over of the same person that each of the two services is a side of."""
        return worlds.sent(self.sender, self.hand_over.case.record, self.hand_over.receiver)

    def accept(self, at: datetime) -> None:
        reason = {"no_appointment_reason": "A room is free on Monday", "coordination_owner": self.receiver.user}
        self.take("receiver", "accept", at, **reason)

    def dues(self, **wanted: object) -> dict[str, datetime]:
        return dict(Due.objects.filter(case=self.case, **wanted).order_by("pk").values_list("clock", "due_at"))

    def running(self) -> set[str]:
        return set(self.dues(met_at=None, missed_at=None, replaced_at=None))

    @property
    def ladder(self) -> str:
        return HandOver.objects.get(pk=self.case).ladder


MOMENTS = {
    "a Friday at 17:40": (
        london("2026-11-27 17:40"),
        {"HOV-C01": "2026-11-27 17:55", "HOV-C02": "2026-11-30 13:00", "HOV-C04": "2026-12-01 23:59:59"},
        {"HOV-C01": "2026-11-27 17:55", "HOV-C03": "2026-11-27 18:40", "HOV-C05": "2026-11-28 17:00"},
        "2026-12-04 23:59:59",
    ),
    "the afternoon of Christmas Eve": (
        london("2026-12-24 15:00"),
        {"HOV-C01": "2026-12-24 15:15", "HOV-C02": "2026-12-29 11:00", "HOV-C04": "2026-12-30 23:59:59"},
        {"HOV-C01": "2026-12-24 15:15", "HOV-C03": "2026-12-24 16:00", "HOV-C05": "2026-12-24 17:00"},
        "2027-01-05 23:59:59",
    ),
    "Boxing Day, with its substitute on the Monday": (
        london("2026-12-26 10:00"),
        {"HOV-C01": "2026-12-26 10:15", "HOV-C02": "2026-12-29 13:00", "HOV-C04": "2026-12-30 23:59:59"},
        {"HOV-C01": "2026-12-26 10:15", "HOV-C03": "2026-12-26 11:00", "HOV-C05": "2026-12-26 17:00"},
        "2027-01-05 23:59:59",
    ),
    "Maundy Thursday, before Easter and the change of the clocks": (
        london("2027-03-25 16:00"),
        {"HOV-C01": "2027-03-25 16:15", "HOV-C02": "2027-03-30 12:00", "HOV-C04": "2027-03-31 23:59:59"},
        {"HOV-C01": "2027-03-25 16:15", "HOV-C03": "2027-03-25 17:00", "HOV-C05": "2027-03-25 17:00"},
        "2027-04-05 23:59:59",
    ),
    "twenty minutes before the clocks go forward": (
        london("2027-03-28 00:40"),
        {"HOV-C01": "2027-03-28 00:55", "HOV-C02": "2027-03-30 13:00", "HOV-C04": "2027-03-31 23:59:59"},
        {"HOV-C01": "2027-03-28 00:55", "HOV-C03": "2027-03-28 02:40", "HOV-C05": "2027-03-28 17:00"},
        "2027-04-05 23:59:59",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("moment", MOMENTS)
def test_each_clock_of_a_hand_over_counts_as_its_rule_says_across(moment: str) -> None:
    sent_at, ordinary, urgent, contact = MOMENTS[moment]
    for answer, expected in (("no", ordinary), ("yes", urgent)):
        world = World(answer)
        world.take("sender", "send", sent_at)
        assert world.dues() == {clock: london(due) for clock, due in expected.items()}
        assert set(Due.objects.filter(case=world.case).values_list("started_at", "verified")) == {(sent_at, True)}
    world.take("receiver", "open_by_receiver", sent_at)
    world.accept(sent_at)
    assert world.dues()["HOV-C07"] == london(contact)


@pytest.mark.django_db
def test_an_hour_is_an_hour_in_the_night_when_the_clocks_go_back() -> None:
    world = World("yes")
    world.take("sender", "send", london("2027-10-31 01:30"))
    assert world.dues() == {
        "HOV-C01": datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
        "HOV-C03": datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        "HOV-C05": datetime(2027, 10, 31, 17, 0, tzinfo=UTC),
    }
    assert world.dues()["HOV-C03"] == london("2027-10-31 01:30", fold=1), "the same hands, an hour later"


@pytest.mark.django_db
def test_a_rung_of_the_ladder_missed_on_a_friday_evening_is_counted_from_monday_morning() -> None:
    world = World()
    friday = london("2026-11-27 17:40")
    world.take("sender", "send", friday)
    engine.sweep(friday + timedelta(minutes=15))
    assert world.dues()["HOV-C06"] == london("2026-11-30 13:00")


@pytest.mark.django_db
def test_every_deadline_belongs_to_whoever_owes_it() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    owners = dict(Due.objects.filter(case=world.case).values_list("clock", "owner"))
    assert owners == {"HOV-C01": None, "HOV-C02": world.receiver.service, "HOV-C04": world.receiver.service}


STOPPING = [pytest.param(step, id=step.id) for step in HAND_OVER.steps if step.from_ != "new" and step.strand == "main"]
FACTS: dict[str, Callable[[World], dict[str, object]]] = {
    "send": lambda world: {},
    "deliver": lambda world: {"delivery_time": worlds.BEGAN.isoformat(), "channel": "today"},
    "open_by_receiver": lambda world: {},
    "ask_question": lambda world: {"question": "When?", "call_back_number": "020 7946 0002"},
    "answer_question": lambda world: {"answer": "Thursday"},
    "accept": lambda world: {"no_appointment_reason": "Monday", "coordination_owner": world.receiver.user},
    "decline": lambda world: {"decline_reason": "not_our_area"},
    "reroute": lambda world: {
        "receiving_service": worlds.service().pk,
        "area_of_return": "E09000001",
        "reason": "Moved",
    },
    "withdraw": lambda world: {"reason": "Stays in custody"},
    "fall_to_home_area": lambda world: {
        "release_time": worlds.BEGAN.isoformat(),
        "accepted": "no",
        "receiver_is_home_area": "no",
        "home_area_service": worlds.service().pk,
    },
    "escalate": lambda world: {"missed_clock": "HOV-C02", "ladder_step": "team", "owed_by": "receiver"},
    "book_contact": lambda world: {"appointment_time": "2026-11-26T10:00:00+00:00", "place": "By video"},
    "record_contact": lambda world: {"contact_date": "2026-11-26", "heard_from": "seen by me"},
    "record_treatment_started": lambda world: {"treatment_start_date": "2026-11-26", "heard_from": "seen by me"},
    "record_not_reached": lambda world: {
        "attempt_time": "2026-11-23T09:00:00+00:00",
        "route": "telephone",
        "next_attempt_time": "2026-11-26T10:00:00+00:00",
    },
    "supersede": lambda world: {"superseded_by": world.another().case_id},
    "close": lambda world: {
        "outcome": "withdrew",
        "opioid_agonist_medicine": "no",
        "attempts": 1,
        "reviewer": worlds.worker("service_manager", Service.objects.get(pk=world.receiver.service)).user,
    },
}


@pytest.mark.django_db
@pytest.mark.parametrize("step", STOPPING)
def test_a_step_stops_the_clocks_that_the_table_names_as_met_or_replaced_and_no_other(step: Step) -> None:
    world = World("yes" if "urgent=yes" in step.guard else "no")
    if "prescribed_leaving_custody=yes" in step.guard:
        with acting(SYSTEM, worlds.BEGAN):
            HandOver.objects.filter(pk=world.case).update(opioid_agonist_medicine="yes")
            say("prepared", by=SYSTEM, at=worlds.BEGAN)
        worlds.held(world.hand_over.case.record, worlds.site())
    with acting(SYSTEM, worlds.BEGAN):
        Strand.objects.filter(case=world.case).update(state=step.from_)
        Due.objects.bulk_create(
            Due(
                case_id=world.case,
                strand="main",
                clock=clock,
                started_at=worlds.BEGAN,
                due_at=worlds.BEGAN + timedelta(days=1),
                verified=True,
            )
            for clock in HAND_OVER.clocks
        )
        grants.give(
            person=world.hand_over.case.person_id,
            record=world.hand_over.case.record_id,
            services=[world.sender.service or 0, world.receiver.service or 0],
            kind=Grant.HAND_OVER,
            basis="Direct care",
            source=f"case {world.case}",
            at=worlds.BEGAN,
        )
        say("prepared", by=SYSTEM, at=worlds.BEGAN)
    last = Due.objects.order_by("-pk").values_list("pk", flat=True)[0]
    who = {"sender": world.sender, "receiver": world.receiver, "system": SYSTEM}[step.roles[0]]
    with_grant = {"basis": "direct_care"} if step.verb == "send" else {}
    worlds.take(who, world.hand_over, step.verb, **FACTS[step.verb](world), **with_grant)
    assert StepTaken.objects.filter(case=world.case, strand="main").order_by("-version")[0].row == step.id
    before = Due.objects.filter(case=world.case, pk__lte=last)
    met = set(before.filter(met_at__isnull=False).values_list("clock", flat=True))
    replaced = set(before.filter(replaced_at__isnull=False).values_list("clock", flat=True))
    rest = set(HAND_OVER.clocks) - set(step.stops) if step.to in HAND_OVER.final else set()
    unmet = step.verb in HAND_OVER.replacing
    assert (met, replaced) == (set(), rest | set(step.stops)) if unmet else (set(step.stops), rest)
    started = Due.objects.filter(case=world.case, pk__gt=last, strand="main").values_list("clock", flat=True)
    assert tuple(started) == step.starts


@pytest.mark.django_db
def test_a_deadline_is_missed_at_its_second_and_not_before() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    due = world.dues()["HOV-C01"]
    assert engine.sweep(due - timedelta(seconds=1)) == 0
    assert engine.sweep(due) == 1
    assert engine.sweep(due) == 0
    assert Due.objects.get(case=world.case, clock="HOV-C01").missed_at == due


@pytest.mark.django_db
def test_a_deadline_that_was_met_replaced_or_paused_is_never_missed() -> None:
    for name in ("met_at", "replaced_at", "paused_at"):
        world = World()
        world.take("sender", "send", worlds.BEGAN)
        with acting(SYSTEM, worlds.BEGAN):
            Due.objects.filter(case=world.case).update(**{name: worlds.BEGAN})
            say("prepared", by=SYSTEM, at=worlds.BEGAN)
        assert engine.sweep(worlds.BEGAN + timedelta(days=30)) == 0
        due = Due.objects.filter(case=world.case)[0]
        with pytest.raises(engine.NoLongerOpen):
            engine.miss(by=SYSTEM, at=worlds.BEGAN + timedelta(days=30), due=due.pk)


@pytest.mark.django_db
def test_one_that_was_missed_can_still_be_met_late() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    late = worlds.BEGAN + timedelta(hours=6)
    engine.sweep(late)
    world.take("receiver", "open_by_receiver", late + timedelta(minutes=1))
    due = Due.objects.get(case=world.case, clock="HOV-C02")
    assert (due.missed_at, due.met_at) == (late, late + timedelta(minutes=1))


@pytest.mark.load
def test_two_workers_that_sweep_at_once_mark_each_deadline_once_and_escalate_once_for_each(fresh_database: Any) -> None:
    worlds_ = [World() for _ in range(12)]
    for world in worlds_:
        world.take("sender", "send", worlds.BEGAN)
    cases = [world.case for world in worlds_]
    late = worlds.BEGAN + timedelta(hours=5)
    start = Barrier(2)

    def sweep() -> int:
        try:
            start.wait()
            return engine.sweep(late)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        swept = [pool.submit(sweep), pool.submit(sweep)]
        assert sum(one.result() for one in swept) == 24, "two deadlines of each of the twelve"
    missed = Due.objects.filter(case__in=cases, missed_at__isnull=False)
    assert sorted(missed.values_list("case", "clock")) == sorted((c, k) for c in cases for k in ("HOV-C01", "HOV-C02"))
    for case in cases:
        events = Event.objects.filter(verb="deadline.missed", case=case).values_list("subject", flat=True)
        assert sorted(events) == ["HOV-C01", "HOV-C02"]
        steps = StepTaken.objects.filter(case=case, verb="escalate")
        assert sorted(step.facts["missed_clock"] for step in steps) == ["HOV-C01", "HOV-C02"]
    assert engine.sweep(late) == 0


def withdrawn(world: World, at: datetime) -> None:
    world.take("sender", "withdraw", at, reason="Stays in custody")


def put_off(world: World, at: datetime) -> None:
    with acting(SYSTEM, at):
        Due.objects.filter(case=world.case, clock="HOV-C02").update(due_at=at + timedelta(days=1))
        say("prepared", by=SYSTEM, at=at)


@pytest.mark.load
@pytest.mark.parametrize("act", [withdrawn, put_off])
def test_an_act_and_the_sweep_of_its_deadlines_wait_for_each_other_and_neither_fails(
    fresh_database: Any, act: Callable[[World, datetime], None]
) -> None:
    """Whoever acts holds the person first, and so does a sweep: one that began with a deadline would lock both."""
    from django.db import transaction

    world = World()
    world.take("sender", "send", worlds.BEGAN)
    due = Due.objects.get(case=world.case, clock="HOV-C02").pk
    late = worlds.BEGAN + timedelta(hours=5)

    def miss() -> str:
        try:
            engine.miss(by=SYSTEM, at=late, due=due)
            return "missed"
        except engine.NoLongerOpen:
            return "no longer open"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hold_person_of(Case.objects.filter(pk=world.case))
            sweeping = pool.submit(miss)
            if connection.vendor == "postgresql":
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                waiting += "AND wait_event_type = 'Lock'"
                with connection.cursor() as cursor:
                    while not cursor.execute(waiting).fetchone()[0]:
                        cursor.execute("SELECT pg_stat_clear_snapshot()")
                        assert not sweeping.done()
            act(world, late)
        assert sweeping.result(timeout=30) == "no longer open"
    assert Due.objects.get(pk=due).missed_at is None
    assert not StepTaken.objects.filter(case=world.case, verb="escalate").exists()


@pytest.mark.django_db
def test_a_miss_and_the_step_that_follows_cost_seventeen_statements() -> None:
    """Of them two tell both services by e-mail, and three are the event's."""
    world = World()
    with acting(SYSTEM, worlds.BEGAN):
        Service.objects.update(mailbox="duty@example.net")
        say("prepared", by=SYSTEM, at=worlds.BEGAN)
    world.take("sender", "send", worlds.BEGAN)
    due = Due.objects.get(case=world.case, clock="HOV-C02")
    with CaptureQueriesContext(connection) as sent:
        engine.miss(by=SYSTEM, at=due.due_at, due=due.pk)
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT pg_advisory_xact_lock")
    statements = [query["sql"] for query in sent if not query["sql"].startswith(frame)]
    assert len(statements) <= 17, "\n".join(statements)
    assert Email.objects.filter(case=world.case, kind=INSTANT).count() == 2


@pytest.mark.django_db
def test_the_ladder_climbs_from_the_team_to_the_manager_to_the_lead_and_stays_there() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    world.take("receiver", "open_by_receiver", worlds.BEGAN)
    rungs, dues = [], []
    now = worlds.BEGAN
    for _ in range(6):
        now = min(world.dues(met_at=None, missed_at=None, replaced_at=None).values())
        assert engine.sweep(now) == 1
        rungs.append(world.ladder)
        dues.append(now)
    assert rungs == ["team", "service manager", "provider lead", "provider lead", "provider lead", "provider lead"]
    assert dues == sorted(set(dues)), "each rung has its own time"
    steps = StepTaken.objects.filter(case=world.case, verb="escalate")
    assert {step.facts["ladder_step"] for step in steps} == set(LADDER)
    assert not any(step.flags for step in steps)


@pytest.mark.django_db
def test_the_ladder_never_tells_a_commissioner() -> None:
    commissioner = worlds.worker("commissioner")
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    for hours in range(5, 60, 5):
        engine.sweep(worlds.BEGAN + timedelta(hours=hours))
    assert Message.objects.filter(service=world.sender.service, verb="hand_over.escalate").exists()
    assert not Message.objects.filter(service=commissioner.service).exists()
    assert "commissioner" not in LADDER


@pytest.mark.django_db
def test_the_ladder_begins_anew_once_the_receiver_has_acted() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    late = worlds.BEGAN + timedelta(hours=5)
    engine.sweep(late)
    engine.sweep(late + timedelta(hours=20))
    assert world.ladder in LADDER[1:]
    opened = late + timedelta(hours=21)
    world.take("receiver", "open_by_receiver", opened)
    assert world.ladder == ""
    assert HandOver.objects.get(pk=world.case).owed_by == ""
    assert "HOV-C06" not in world.running(), "the time on the rung has ended"
    engine.sweep(world.dues()["HOV-C04"])
    assert world.ladder == "team"


@pytest.mark.django_db
def test_delivery_alone_does_not_take_the_ladder_down() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    engine.sweep(worlds.BEGAN + timedelta(minutes=15))
    assert world.ladder == "team"
    worlds.take(SYSTEM, world.hand_over, "deliver", delivery_time="2026-11-23T09:16:00+00:00", channel="today")
    assert world.ladder == "team"


@pytest.mark.django_db
def test_a_question_that_waits_is_owed_by_the_sender_while_the_time_to_answer_runs_on() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    world.take("receiver", "open_by_receiver", worlds.BEGAN)
    world.take("receiver", "ask_question", worlds.BEGAN, question="When?", call_back_number="020 7946 0002")
    assert "HOV-C04" in world.running()
    engine.sweep(world.dues()["HOV-C04"])
    assert HandOver.objects.get(pk=world.case).owed_by == "sender"


@pytest.mark.django_db
def test_after_an_ending_nothing_runs_and_nothing_is_missed() -> None:
    world = World()
    world.take("sender", "send", worlds.BEGAN)
    engine.sweep(worlds.BEGAN + timedelta(hours=5))
    world.take("sender", "withdraw", worlds.BEGAN + timedelta(hours=6), reason="Stays in custody")
    assert world.running() == set()
    assert Case.objects.get(pk=world.case).closed_at is not None
    assert engine.sweep(worlds.BEGAN + timedelta(days=365)) == 0


@pytest.mark.django_db
def test_a_deadline_past_the_last_bank_holiday_known_is_marked_as_unverified_on_the_page() -> None:
    within, beyond = World(), World()
    within.take("sender", "send", london("2028-12-20 10:00"))
    beyond.take("sender", "send", london("2028-12-26 10:00"))
    assert set(Due.objects.filter(case=within.case).values_list("verified", flat=True)) == {True}
    verified = dict(Due.objects.filter(case=beyond.case).values_list("clock", "verified"))
    assert verified == {"HOV-C01": True, "HOV-C02": False, "HOV-C04": False}
    mark = "Falls outside the bank holidays known: unverified."
    for world, times in ((within, 0), (beyond, 2)):
        page = worlds.signed_in(world.sender).get(f"/cases/{world.case}/").content.decode()
        assert page.count(mark) == times


@pytest.mark.django_db
def test_a_sweep_goes_on_after_one_that_another_worker_took(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = World(), World()
    for world in (first, second):
        world.take("sender", "send", worlds.BEGAN)
    real = engine.miss

    def overtaken(*, by: Any, at: datetime, due: int) -> Due:
        if Due.objects.get(pk=due).case_id == first.case:
            real(by=by, at=at, due=due)  # the other worker was a moment quicker
        return real(by=by, at=at, due=due)

    monkeypatch.setattr(engine, "miss", overtaken)
    assert engine.sweep(worlds.BEGAN + timedelta(minutes=15)) == 1
    assert Due.objects.filter(missed_at__isnull=False).count() == 2
