"""What happens to a person reaches every open case: closed, paused, told, resumed, undone, or found to be an error."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import worlds

from throughcare.events.models import Event
from throughcare.messages.models import Message
from throughcare.people.models import PersonEvent
from throughcare.people.queries import may_be_messaged, records_of
from throughcare.processes import actions as engine
from throughcare.processes import universal
from throughcare.processes import universal_rules as anywhere
from throughcare.processes.models import Case, Due, Effect, StepTaken, Strand
from throughcare.processes.registry import rooms
from throughcare.reference.pathways import state_rows, universal_rows
from throughcare.reference.roles import roles
from throughcare.sharing.models import Grant
from throughcare.web.faults import NotAllowed, Refused

pytestmark = pytest.mark.django_db
AT = worlds.BEGAN + timedelta(minutes=5)
DIED = {"date_of_death": "2026-11-22", "source_of_fact": "Told by the coroner’s officer"}
HOSPITAL = {"hospital": "St James’s", "admission_date": "2026-11-23", "prescribing_summary_sent": "yes"}
FACTS: dict[str, dict[str, object]] = {
    "died": DIED,
    "moved_area": {"new_area": "E09000002", "moved_date": "2026-11-20", "service_there": "not_known"},
    "released_unplanned": {"release_time": "2026-11-23T08:00:00+00:00", "release_route": "Time served"},
    "recalled": {"recall_date": "2026-11-23", "recall_type": "standard"},
    "transferred": {"transfer_date": "2026-11-23", "receiving_site": "not_known"},
    "bailed": {"bail_date": "2026-11-23", "conditions": "not_known", "address": "not_known"},
    "remanded": {"remand_date": "2026-11-23", "prison": "not_known"},
    "taken_into_custody": {"custody_date": "2026-11-23", "prison": "not_known", "reason": "not_known"},
    "withdrew": {"what_the_person_withdrew_from": "Groups", "date": "2026-11-23", "reason_if_offered": "not_known"},
    "proceedings_ended": {"end_type": "Acquitted", "end_date": "2026-11-23"},
    "admitted_to_hospital": HOSPITAL,
}
PATHS: dict[str, tuple[str, ...]] = {
    "drafted": (),
    "sent": ("send",),
    "delivered": ("send", "deliver"),
    "opened": ("send", "open_by_receiver"),
    "question_asked": ("send", "open_by_receiver", "ask_question"),
    "declined": ("send", "open_by_receiver", "decline"),
    "rerouted": ("send", "reroute"),
    "accepted": ("send", "open_by_receiver", "accept"),
    "contact_booked": ("send", "open_by_receiver", "accept", "book_contact"),
    "not_reached": ("send", "open_by_receiver", "accept", "record_not_reached"),
    "contact_made": ("send", "open_by_receiver", "accept", "record_contact"),
    "treatment_started": ("send", "open_by_receiver", "accept", "record_treatment_started"),
}


class World:
    """A hand-over brought to a state, both of whose services know the person where they should."""

    def __init__(self, state: str = "opened", role: str = "keyworker") -> None:
        self.sender = worlds.worker(role, name="Ada Sender")
        self.manager = worlds.joins(self.sender, worlds.Service.objects.get(pk=self.sender.service), "service_manager")
        self.colleague = worlds.worker("keyworker", worlds.Service.objects.get(pk=self.sender.service))
        self.receiver = worlds.worker("keyworker", name="Bea Receiver")
        self.record = worlds.person(self.sender, born=date(1986, 3, 3))
        self.person = self.record.person_id
        team = worlds.Service.objects.get(pk=self.receiver.service)
        self.hand_over = worlds.drafted(self.sender, self.record, team)
        self.case = self.hand_over.case_id
        for verb in PATHS[state]:
            self.take(verb)

    def take(self, verb: str, at: datetime = worlds.BEGAN) -> None:
        other = worlds.service()
        facts: dict[str, dict[str, object]] = {
            "deliver": {"delivery_time": at.isoformat(), "channel": "today"},
            "ask_question": {"question": "When?", "call_back_number": "1"},
            "decline": {"decline_reason": "wrong_service"},
            "reroute": {"receiving_service": str(other.pk), "area_of_return": "E09000002", "reason": "Moved"},
            "accept": {"no_appointment_reason": "Monday", "coordination_owner": str(self.receiver.user)},
            "book_contact": {"appointment_time": (at + timedelta(days=2)).isoformat(), "place": "Here"},
            "record_not_reached": {
                "attempt_time": at.isoformat(),
                "route": "visit",
                "next_attempt_time": (at + timedelta(days=1)).isoformat(),
            },
            "record_contact": {"contact_date": "2026-11-23", "heard_from": "Me"},
            "record_treatment_started": {"treatment_start_date": "2026-11-23", "heard_from": "Me"},
        }
        who = self.sender if verb in ("send", "reroute") else worlds.SYSTEM if verb == "deliver" else self.receiver
        worlds.take(who, self.hand_over, verb, at=at, **facts.get(verb, {}))

    def report(self, event: str = "died", by: Any = None, at: datetime = AT, **facts: object) -> PersonEvent:
        given = {**FACTS[event], **facts}
        return universal.report(by=by or self.sender, at=at, person=self.person, event=event, facts=given)

    def undo(self, event: PersonEvent, at: datetime = AT + timedelta(minutes=1), **facts: object) -> PersonEvent:
        given = {"reason": "Wrong person", "reviewer": str(self.colleague.user), **facts}
        return universal.undo(by=self.manager, at=at, person=self.person, event=event.pk, facts=given)

    def resume(self, event: PersonEvent, at: datetime, on: str = "") -> PersonEvent:
        facts = {"resumed_date": on or at.date().isoformat(), "reason": "Discharged"}
        return universal.resume(by=self.sender, at=at, person=self.person, event=event.pk, facts=facts)

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case, name="main").state

    @property
    def row(self) -> Case:
        return Case.objects.get(pk=self.case)

    def everything(self) -> dict[str, Any]:
        """All that an event may change: what undoing must bring back."""
        case = self.row
        return {
            "case": (case.closed_at, case.paused_at, case.ended_by),
            "strands": list(Strand.objects.filter(case=self.case).order_by("pk").values("name", "state", "since")),
            "dues": list(Due.objects.filter(case=self.case).order_by("pk").values()),
        }

    def told(self) -> list[tuple[int, str]]:
        verbs = {row.verb for row in universal_rows("hand_over")}
        rows = Message.objects.order_by("pk").values_list("service", "verb")
        return [(service, verb) for service, verb in rows if verb.partition(".")[2] in verbs]


def test_a_death_closes_kindly_stops_every_clock_and_tells_each_service_once() -> None:
    world = World()
    again = worlds.sent(world.sender, world.record, worlds.Service.objects.get(pk=world.receiver.service))
    event = world.report("died")
    assert world.state == "closed"
    assert (world.row.closed_at, world.row.ended_by) == (AT, "died")
    assert not Due.objects.filter(met_at=None, replaced_at=None).exists()
    step = StepTaken.objects.get(case=world.case, verb="report_died")
    assert (step.row, step.from_state, step.to_state) == ("U-died", "opened", "closed")
    assert Case.objects.get(pk=again.case_id).ended_by == "died"
    assert sorted(world.told()) == sorted(
        [(world.sender.service, "hand_over.report_died"), (world.receiver.service, "hand_over.report_died")]
    ), "two cases, and each service is told once"
    assert may_be_messaged(world.person)
    assert event.flags == []
    assert Event.objects.filter(verb="person.died", person=world.person).count() == 1


def test_nothing_is_opened_about_somebody_who_has_died_until_the_report_is_undone() -> None:
    world = World()
    event = world.report("died")
    team = worlds.Service.objects.get(pk=world.receiver.service)
    with pytest.raises(Refused, match="UE-103"):
        worlds.drafted(world.sender, world.record, team)
    world.undo(event)
    assert may_be_messaged(world.person) == ""
    worlds.drafted(world.sender, world.record, team)


def test_nothing_is_opened_through_a_record_that_was_read_before_the_death_was_reported() -> None:
    world = World()
    record = records_of(world.person, world.sender, AT).get()
    world.report("died")
    with pytest.raises(Refused, match="UE-103"):
        worlds.drafted(world.sender, record, worlds.Service.objects.get(pk=world.receiver.service))


@pytest.mark.parametrize("state", PATHS)
@pytest.mark.parametrize("event", FACTS)
def test_every_event_does_in_every_open_state_what_the_table_says(event: str, state: str) -> None:
    row = next(row for row in universal_rows("hand_over") if row.event == event)
    world = World(state)
    role = next(role for role in ("keyworker", "responsible_officer", "liaison_diversion") if role in row.roles)
    service = worlds.Service.objects.get(pk=world.sender.service)
    reporter = world.sender if role == "keyworker" else worlds.joins(world.sender, service, role)
    before = world.everything()
    kept = world.report(event, by=reporter)
    after = world.everything()
    step = StepTaken.objects.get(case=world.case, row=f"U-{event}")
    assert (step.verb, step.from_state) == (row.verb, state)
    assert world.state == (row.to_state if row.effect == "close" else state)
    running = Due.objects.filter(case=world.case, met_at=None, replaced_at=None)
    if row.effect == "close":
        assert not running.exists()
    elif row.effect == "pause":
        assert after["case"][1] == AT
        assert not running.filter(paused_at=None).exists()
        assert all(due["due_at"] == old["due_at"] for due, old in zip(after["dues"], before["dues"], strict=True))
    else:
        assert after == before, "clocks continue"
    undone = world.undo(kept)
    assert undone.of_id == kept.pk
    assert world.everything() == before, "undone, everything is exactly as it was"
    assert PersonEvent.objects.get(pk=kept.pk).undone_by_id == undone.pk
    assert StepTaken.objects.filter(case=world.case, row="U-event_corrected").count() == 1, "both stay on the history"
    told = [verb for _, verb in world.told()]
    assert told.count("hand_over.undo_event") >= max(1, told.count(f"hand_over.{row.verb}"))


def test_who_may_report_what_is_what_the_table_says_for_every_event_state_and_role() -> None:
    seen = 0
    for row in universal_rows("hand_over"):
        for role in roles():
            allowed = role in row.roles and row.event not in ("resumed", "opened_in_error", "event_corrected")
            built = row.event not in anywhere.NOT_BUILT
            assert (row.event in anywhere.reportable_by(role, ["hand_over"])) == (allowed and built), (row.event, role)
            seen += 1
    assert seen == len(universal_rows("hand_over")) * len(roles())
    assert {state.state for state in state_rows("hand_over") if state.kind == "open"} - set(PATHS) == {
        "outcome_due",
        "gap",
        "covered",
        "uncovered",
        "set_aside",
    }, "states of the other strands"


@pytest.mark.parametrize("event", FACTS)
def test_a_role_outside_the_row_is_refused_and_a_stranger_learns_nothing(event: str) -> None:
    world = World()
    row = next(row for row in universal_rows("hand_over") if row.event == event)
    desk = worlds.joins(world.sender, worlds.Service.objects.get(pk=world.sender.service), "front_desk")
    assert "front_desk" not in row.roles
    with pytest.raises(Refused, match="UE-102"):
        world.report(event, by=desk)
    with pytest.raises(NotAllowed, match="SH-101"):
        world.report(event, by=worlds.worker("responsible_officer"))
    assert not PersonEvent.objects.exists()


def test_an_identity_cannot_be_corrected_here_yet_and_it_says_so() -> None:
    world = World()
    with pytest.raises(Refused, match="UE-104"):
        universal.report(by=world.manager, at=AT, person=world.person, event="identity_corrected", facts={})


# Pause and resume


def test_hospital_pauses_local_clocks_and_no_sweep_marks_them() -> None:
    world = World("accepted")
    due = Due.objects.get(case=world.case, clock="HOV-C07")
    world.report("admitted_to_hospital")
    late = due.due_at + timedelta(days=30)
    assert engine.sweep(late) == 0
    again = Due.objects.get(pk=due.pk)
    assert (again.paused_at, again.due_at, again.missed_at) == (AT, due.due_at, None)


def test_a_clock_that_starts_while_the_person_is_away_is_paused_from_its_start() -> None:
    world = World("opened")
    event = world.report("admitted_to_hospital")
    world.take("accept", at=AT + timedelta(hours=1))
    due = Due.objects.get(case=world.case, clock="HOV-C07")
    assert due.paused_at == AT + timedelta(hours=1)
    world.resume(event, AT + timedelta(days=7))
    due.refresh_from_db()
    assert due.paused_at is None
    assert due.due_at == datetime.fromisoformat("2026-12-07T23:59:59+00:00"), "five working days from Mon 30 Nov"


def test_resumed_clocks_have_the_time_that_was_left_and_both_services_are_told() -> None:
    world = World("accepted")
    event = world.report("admitted_to_hospital")
    Message.objects.all().delete()
    world.resume(event, AT + timedelta(days=14))
    due = Due.objects.get(case=world.case, clock="HOV-C07")
    assert due.due_at == datetime.fromisoformat("2026-12-14T23:59:59+00:00")
    assert world.row.paused_at is None
    assert sorted(world.told()) == sorted(
        [(world.sender.service, "hand_over.resume"), (world.receiver.service, "hand_over.resume")]
    )


def test_a_discharge_that_is_recorded_late_counts_from_the_day_it_was() -> None:
    world = World("accepted")
    event = world.report("admitted_to_hospital")
    world.resume(event, AT + timedelta(days=14), on="2026-11-30")
    assert Due.objects.get(case=world.case, clock="HOV-C07").due_at == datetime.fromisoformat(
        "2026-12-07T23:59:59+00:00"
    )


def test_the_clocks_stand_still_until_the_last_reason_has_ended() -> None:
    world = World("accepted", role="responsible_officer")
    hospital, recall = world.report("admitted_to_hospital"), world.report("recalled", at=AT + timedelta(days=1))
    world.resume(hospital, AT + timedelta(days=2))
    assert world.row.paused_at == AT
    world.resume(recall, AT + timedelta(days=3))
    assert world.row.paused_at is None
    assert not Due.objects.filter(case=world.case, paused_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("on", "number"), [("2026-11-22", "UE-111"), ("2027-01-01", "UE-111"), ("", "UE-101"), ("not_known", "UE-101")]
)
def test_resuming_is_refused_for_a_day_that_cannot_be(on: str, number: str) -> None:
    world = World("accepted")
    event = world.report("admitted_to_hospital")
    facts = {"resumed_date": on, "reason": "Discharged"}
    with pytest.raises(Refused, match=number):
        universal.resume(by=world.sender, at=AT, person=world.person, event=event.pk, facts=facts)
    assert world.row.paused_at == AT


def test_what_pauses_nothing_cannot_end() -> None:
    world = World("accepted")
    moved = world.report("moved_area")
    with pytest.raises(Refused, match="UE-110"):
        world.resume(moved, AT)


# Undo


def test_undoing_an_admission_after_the_discharge_brings_back_the_first_deadline() -> None:
    world = World("accepted")
    before = world.everything()
    event = world.report("admitted_to_hospital")
    world.resume(event, AT + timedelta(days=14))
    world.undo(event, at=AT + timedelta(days=15))
    assert world.everything() == before


def test_a_death_reported_twice_stays_a_death_when_one_report_is_undone() -> None:
    world = World()
    before = world.everything()
    first = world.report("died")
    second = world.report("died", at=AT + timedelta(days=1))
    assert [flag[0] for flag in second.flags] == ["UE-122"]
    world.undo(first, at=AT + timedelta(days=2))
    assert world.state == "closed"
    assert may_be_messaged(world.person)
    world.undo(second, at=AT + timedelta(days=3))
    assert world.everything() == before


def test_undoing_one_of_two_pauses_leaves_the_clocks_as_the_other_alone_would_have() -> None:
    world = World("accepted", role="responsible_officer")
    hospital = world.report("admitted_to_hospital")
    later = AT + timedelta(days=1)
    world.report("recalled", at=later)
    world.undo(hospital, at=AT + timedelta(days=2))
    assert Due.objects.get(case=world.case, clock="HOV-C07").paused_at == later
    assert world.row.paused_at == later


def test_a_step_that_was_taken_in_between_stays_when_a_report_is_undone() -> None:
    world = World("accepted")
    event = world.report("admitted_to_hospital")
    world.take("record_contact", at=AT + timedelta(hours=1))
    world.undo(event, at=AT + timedelta(days=1))
    assert world.state == "contact_made"
    assert Due.objects.get(case=world.case, clock="HOV-C07").met_at == AT + timedelta(hours=1)


def test_after_an_undone_death_both_sides_can_open_the_hand_over_again() -> None:
    world = World("opened")
    event = world.report("died")
    open_to = Grant.objects.filter(source=f"case {world.case}", until=None).values_list("service", flat=True)
    assert not open_to.exists(), "a death ends what the hand-over opened, 28 days on"
    world.undo(event)
    assert set(open_to) == {world.sender.service, world.receiver.service}
    world.take("accept", at=AT + timedelta(hours=1))


@pytest.mark.parametrize("reviewer", ["self", "stranger", ""])
def test_a_report_is_undone_only_with_a_second_person_of_the_service(reviewer: str) -> None:
    world = World()
    event = world.report("died")
    who = {"self": world.manager.user, "stranger": world.receiver.user, "": ""}[reviewer]
    with pytest.raises(Refused, match="UE-101" if not reviewer else "UE-131"):
        world.undo(event, reviewer=str(who))
    assert world.state == "closed"


def test_a_keyworker_cannot_undo_and_what_was_undone_cannot_be_undone_again() -> None:
    world = World()
    event = world.report("died")
    facts = {"reason": "Wrong person", "reviewer": str(world.colleague.user)}
    with pytest.raises(Refused, match="UE-102"):
        universal.undo(by=world.sender, at=AT, person=world.person, event=event.pk, facts=facts)
    correction = world.undo(event)
    for gone in (event, correction):
        with pytest.raises(Refused, match="UE-140"):
            world.undo(gone)


# Opened in error


def test_a_case_opened_in_error_closes_stays_on_the_history_and_is_marked() -> None:
    world = World()
    facts = {"reason": "Meant for somebody else", "reviewer": str(world.colleague.user)}
    role = {"by": world.manager, "at": AT, "case": world.case}
    with pytest.raises(Refused, match="UE-101"):
        universal.void(**role, facts={})
    universal.void(**role, facts=facts)
    assert (world.state, world.row.ended_by) == ("closed", "opened_in_error")
    assert not Due.objects.filter(case=world.case, met_at=None, replaced_at=None).exists()
    assert StepTaken.objects.get(case=world.case, verb="void").facts["reason"] == "Meant for somebody else"
    assert {service for service, _ in world.told()} == {world.sender.service, world.receiver.service}
    with pytest.raises(Refused, match="UE-130"):
        universal.void(**role, facts=facts)


def test_only_the_roles_of_the_table_call_something_an_error_and_only_a_party() -> None:
    world = World()
    facts = {"reason": "Error", "reviewer": str(world.colleague.user)}
    with pytest.raises(Refused, match="UE-102"):
        universal.void(by=world.sender, at=AT, case=world.case, facts=facts)
    with pytest.raises(NotAllowed, match="PR-202"):
        universal.void(by=worlds.worker("service_manager"), at=AT, case=world.case, facts=facts)


# What is told to whom


def test_nobody_on_a_hand_over_learns_which_other_service_knew_of_the_death() -> None:
    world = World()
    prison = worlds.site()
    team = worlds.service(sites=[prison])
    worker = worlds.worker("prison_healthcare", team, name="Cyn Prison")
    worlds.held(world.record, prison)
    world.report("died", by=worker)
    step = StepTaken.objects.get(case=world.case, verb="report_died")
    assert (step.user, step.service) == (None, None)
    assert step.facts == {"date_of_death": "2026-11-22"}, "what they told stays with the report"
    page = worlds.signed_in(world.sender).get(f"/cases/{world.case}/").content.decode()
    assert "Cyn Prison" not in page
    assert team.name not in page
    assert "coroner" not in page


def test_a_receiver_that_was_never_sent_a_hand_over_is_not_told() -> None:
    world = World("drafted")
    world.report("died")
    assert world.told() == [(world.sender.service, "hand_over.report_died")]


def test_who_moved_is_handed_over_anew_by_whoever_coordinates() -> None:
    for state, owner in (("opened", "sender"), ("accepted", "receiver")):
        world = World(state)
        Message.objects.all().delete()
        world.report("moved_area")
        assert getattr(world, owner).service in {service for service, _ in world.told()}


# Oddities and repeats


@pytest.mark.parametrize(
    ("event", "facts", "numbers"),
    [
        ("died", {"date_of_death": "2027-11-22"}, ["UE-120"]),
        ("died", {"date_of_death": "1980-01-01"}, ["UE-121"]),
        ("died", {"date_of_death": "not_known"}, []),
        ("released_unplanned", {}, ["UE-124"]),
        ("admitted_to_hospital", {"admission_date": "2027-01-01"}, ["UE-120"]),
    ],
)
def test_a_reported_fact_is_always_recorded_and_flagged_where_it_is_odd(
    event: str, facts: dict[str, object], numbers: list[str]
) -> None:
    world = World(role="responsible_officer")
    kept = world.report(event, **facts)
    assert [flag[0] for flag in kept.flags] == numbers
    assert PersonEvent.objects.filter(pk=kept.pk).exists()


def test_something_reported_after_the_death_is_flagged() -> None:
    world = World()
    world.report("died")
    kept = world.report("admitted_to_hospital")
    assert [flag[0] for flag in kept.flags] == ["UE-123"]


def test_an_open_question_is_refused_with_every_fault_at_once() -> None:
    world = World()
    with pytest.raises(Refused) as refused:
        universal.report(by=world.sender, at=AT, person=world.person, event="died", facts={})
    assert [(fault.number, fault.field) for fault in refused.value.faults] == [
        ("UE-101", "date_of_death"),
        ("UE-101", "source_of_fact"),
    ]


def test_the_same_form_sent_twice_reports_once() -> None:
    world = World()
    form = {"by": world.sender, "at": AT, "person": world.person, "event": "died", "facts": DIED, "key": "one"}
    assert universal.report(**form) == universal.report(**form)  # type: ignore[arg-type]
    assert PersonEvent.objects.count() == 1
    assert StepTaken.objects.filter(verb="report_died").count() == 1


def test_a_form_that_was_used_for_somebody_else_is_refused() -> None:
    world = World()
    other = worlds.person(world.sender)
    form = {"by": world.sender, "at": AT, "event": "died", "facts": DIED, "key": "one"}
    universal.report(**form, person=world.person)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="UE-105"):
        universal.report(**form, person=other.person_id)  # type: ignore[arg-type]


def test_an_event_touches_no_case_that_is_closed_and_no_case_of_anybody_else() -> None:
    world, other = World(), World()
    worlds.take(world.sender, world.hand_over, "withdraw", reason="Not needed")
    steps = StepTaken.objects.count()
    world.report("died")
    assert StepTaken.objects.count() == steps
    assert other.state == "opened"
    assert not Effect.objects.exists()


def test_a_report_reaches_every_process_that_runs() -> None:
    for name in rooms():
        assert {row.event for row in universal_rows(name)} == set(anywhere.EVENTS)
