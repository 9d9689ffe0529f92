"""The rules against an oracle that reads the reference table by itself: each state, verb and role, and random walks."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import throughcare.reference
from throughcare.handovers.process.hand_over import HAND_OVER
from throughcare.processes import rules
from throughcare.processes.registry import rooms
from throughcare.processes.table import NOT_KNOWN, Condition, Fact, Process, Step, as_text

PATHWAYS = Path(throughcare.reference.__file__).parent / "data" / "pathways"
ON = date(2026, 11, 24)
STRANGERS = ("commissioner", "keyworker", "nobody")
REFUSALS = {"PR-101", "PR-102", "PR-103"}


@dataclass(frozen=True)
class Row:
    """One line of the reference table, as the oracle reads it."""

    id: str
    strand: str
    state: str
    verb: str
    to: str
    roles: tuple[str, ...]
    needs: tuple[str, ...]
    guard: tuple[str, ...]
    kind: str


def words(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def reference(process: Process) -> list[Row]:
    """The rows of the reference table that the process says it runs."""
    with (PATHWAYS / "steps.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["process"] == process.name]
    left_out = {id_ for id_, reason in process.differs.items() if reason.startswith("left out")}
    return [
        Row(
            id=row["row_id"],
            strand=row["strand"],
            state=row["from_state"],
            verb=row["verb"],
            to=row["to_state"],
            roles=words(row["roles"]),
            needs=words(row["needs"]),
            guard=words(row["guard"]),
            kind=row["kind"],
        )
        for row in rows
        if row["row_id"] not in left_out
    ]


def states(process: Process) -> dict[str, str]:
    """Every state of the process in the reference table, with its kind."""
    with (PATHWAYS / "states.csv").open(newline="", encoding="utf-8") as file:
        return {row["state"]: row["kind"] for row in csv.DictReader(file) if row["process"] == process.name}


def enough(row: Row) -> dict[str, object]:
    """Facts that answer everything a row needs."""
    facts: dict[str, object] = {}
    for need in (*row.needs, *row.guard):
        condition = Condition.parse(need)
        facts[condition.fact] = condition.value if condition.sign else "something"
    coded = {
        "decline": {"decline_reason": "not_our_area"},
        "escalate": {"ladder_step": "team"},
        "plan_supply": {"days_supplied": "14"},
        "report_dispensed": {"days_supplied": "14"},
    }
    return facts | coded.get(row.verb, {})


PROCESSES = [room.process for room in rooms().values()]
EACH_PROCESS = pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)


def expected(process: Process, rows: list[Row], strand: str, state: str, verb: str, role: str) -> tuple[str, set[str]]:
    """What the reference table says of one triple: an answer, and the rows or the numbers that go with it."""
    named = [row for row in rows if row.strand == strand and row.verb == verb]
    if not named:
        return "refused", {"PR-101"}
    for_role = [row for row in named if role in row.roles]
    if not for_role:
        return "refused", {"PR-103"}
    here = {row.id for row in for_role if row.state == state}
    if here:
        return "allowed", here
    number = "PR-103" if any(row.state == state for row in named) else "PR-102"
    reported = any(row.kind == "reported" for row in for_role)
    if reported and role != "system" and states(process)[state] != "final":
        return "flagged", {number}
    return "refused", {number}


@EACH_PROCESS
def test_every_state_verb_and_role_is_allowed_by_a_row_or_refused_with_a_number(process: Process) -> None:
    rows = reference(process)
    verbs = [*sorted({row.verb for row in rows}), "teleport"]
    roles = sorted({role for row in rows for role in row.roles} | set(STRANGERS))
    answers = {"allowed": 0, "flagged": 0, "refused": 0}
    for strand in process.strands():
        for state in states(process):
            for verb in verbs:
                for role in roles:
                    answer, what = expected(process, rows, strand, state, verb, role)
                    answers[answer] += 1
                    case = f"{role} takes {verb} in {strand}/{state}"
                    if answer == "allowed":
                        chosen = {judged(process, row, state, role).id for row in rows if row.id in what}
                        assert chosen == what, case
                        continue
                    verdict = rules.judge(process, strand=strand, state=state, verb=verb, roles=[role], facts={}, on=ON)
                    assert {fault.number for fault in verdict.faults} == what, case
                    assert verdict.refused == (answer == "refused"), case
                    assert not verdict.moves, case
    assert sum(answers.values()) == len(process.strands()) * len(states(process)) * len(verbs) * len(roles)
    assert answers["allowed"] == sum(len(row.roles) for row in rows) - shared_by_guard(rows)
    assert min(answers.values()) > 0, answers


def judged(process: Process, row: Row, state: str, role: str) -> Step:
    """The step that applies to a row's own facts: it moves the case to the row's state, with no fault."""
    verdict = rules.judge(
        process, strand=row.strand, state=state, verb=row.verb, roles=[role], facts=enough(row), on=ON
    )
    assert verdict.faults == (), f"{row.id}: {verdict.faults}"
    assert verdict.step is not None
    assert verdict.moves
    assert (verdict.step.to, verdict.step.kind) == (row.to, row.kind)
    return verdict.step


def shared_by_guard(rows: list[Row]) -> int:
    """How many (row, role) pairs share their state and verb with an earlier row that another guard chooses."""
    seen: set[tuple[str, ...]] = set()
    shared = 0
    for row in rows:
        for role in row.roles:
            key = (row.strand, row.state, row.verb, role)
            shared += key in seen
            seen.add(key)
    return shared


@EACH_PROCESS
def test_a_final_state_has_no_way_out(process: Process) -> None:
    assert process.final == {state for state, kind in states(process).items() if kind == "final"}
    assert [step.id for step in process.steps if step.from_ in process.final] == []
    roles = {role for step in process.steps for role in step.roles}
    for state in process.final:
        for strand in process.strands():
            assert rules.acts(process, {strand: state}, roles, ON) == []
            assert rules.reportable(process, {strand: state}, roles, ON) == []


@EACH_PROCESS
def test_the_guards_of_one_state_and_verb_choose_exactly_one_row(process: Process) -> None:
    groups: dict[tuple[str, str, str], list[Step]] = {}
    for step in process.steps:
        groups.setdefault((step.strand, step.from_, step.verb), []).append(step)
    for steps in groups.values():
        if len(steps) == 1:
            assert steps[0].guard == (), f"{steps[0].id} has a guard and nothing to be told from"
            continue
        for step in steps:
            facts = {condition.fact: condition.value for condition in map(Condition.parse, step.guard)}
            row = next(row for row in reference(process) if row.id == step.id)
            assert step.guard, f"{step.id} would hide the rows beside it"
            assert judged(process, row, step.from_, step.roles[0]).id == step.id
            others = [other for other in steps if other is not step]
            assert not any(all(Condition.parse(g).holds(facts) for g in other.guard) for other in others)


@pytest.mark.parametrize("answer", ["", "perhaps", "YES", NOT_KNOWN])
def test_an_answer_that_no_guard_knows_is_refused_and_says_which_answers_there_are(answer: str) -> None:
    facts = {**enough(row("HOV-002")), "urgent": answer}
    verdict = judge("drafted", "send", "sender", facts)
    assert verdict.refused
    (fault,) = [fault for fault in verdict.faults if fault.number == "PR-105"]
    assert fault.field == "urgent"
    assert "Is it urgent?" in fault.rule
    assert "no, yes" in fault.mend


def row(id_: str) -> Row:
    return next(row for row in reference(HAND_OVER) if row.id == id_)


def judge(
    state: str, verb: str, role: str, facts: dict[str, Any], on: date = ON, strand: str = "main"
) -> rules.Verdict:
    return rules.judge(HAND_OVER, strand=strand, state=state, verb=verb, roles=[role], facts=facts, on=on)


def needs_of_steps() -> Iterator[Any]:
    for step in HAND_OVER.steps:
        for code in step.asked:
            yield pytest.param(step, code, id=f"{step.id}-{code}")


@pytest.mark.parametrize(("step", "code"), list(needs_of_steps()))
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_missing_need_is_numbered_and_names_its_field(step: Step, code: str, nothing: object) -> None:
    facts = {**enough(row(step.id)), code: nothing}
    verdict = judge(step.from_, step.verb, step.roles[0], facts, strand=step.strand)
    faults = [fault for fault in verdict.faults if fault.field == code]
    assert faults, f"nothing is said about {code}"
    assert {fault.number for fault in faults} <= {"PR-104", "PR-105"}
    for fault in faults:
        assert HAND_OVER.fact(code).label in fault.rule
        assert fault.mend
    assert verdict.refused == (step.kind == "performed")


def test_every_missing_need_is_named_at_once() -> None:
    verdict = judge("drafted", "send", "sender", {"urgent": "no"})
    assert {fault.field for fault in verdict.faults} == {
        "receiving_service",
        "basis",
        "safe_contact",
        "opioid_agonist_medicine",
    }


@pytest.mark.parametrize("reason", ["because", NOT_KNOWN, "NOT_OUR_AREA"])
def test_a_decline_without_a_coded_reason_is_refused_by_its_limit(reason: object) -> None:
    verdict = judge("opened", "decline", "receiver", {"decline_reason": reason})
    assert verdict.refused
    (fault,) = [fault for fault in verdict.faults if fault.number == "PR-108"]
    assert (fault.field, "HOV-L03" in fault.rule) == ("decline_reason", True)


@pytest.mark.parametrize("reason", ["", None])
def test_a_decline_without_any_reason_is_refused_once_as_a_question_to_answer(reason: object) -> None:
    verdict = judge("opened", "decline", "receiver", {"decline_reason": reason})
    assert verdict.refused
    assert [(fault.number, fault.field) for fault in verdict.faults] == [("PR-104", "decline_reason")]


def test_a_limit_bounds_nothing_before_it_is_in_force_or_while_it_is_only_enacted() -> None:
    for change in ({"since": date(2027, 1, 1)}, {"until": date(2026, 1, 1)}, {"status": "prospective"}):
        limit = replace(HAND_OVER.limits["HOV-L03"], **change)  # type: ignore[arg-type]
        process = replace(HAND_OVER, limits={**HAND_OVER.limits, "HOV-L03": limit})
        facts = {"decline_reason": "because"}
        verdict = rules.judge(
            process, strand="main", state="opened", verb="decline", roles=["receiver"], facts=facts, on=ON
        )
        assert not verdict.faults, change


def test_every_coded_reason_to_decline_is_accepted() -> None:
    with (PATHWAYS / "decline_reasons.csv").open(newline="", encoding="utf-8") as file:
        reasons = [row["code"] for row in csv.DictReader(file)]
    assert reasons
    for reason in reasons:
        assert judge("opened", "decline", "receiver", {"decline_reason": reason}).faults == ()


@pytest.mark.parametrize("rung", ["commissioner", "national"])
def test_a_rung_outside_the_ladder_is_recorded_because_it_happened_and_flagged_by_its_limit(rung: str) -> None:
    facts = {"missed_clock": "HOV-C02", "ladder_step": rung, "owed_by": "receiver"}
    verdict = judge("sent", "escalate", "system", facts)
    assert not verdict.refused
    assert any("HOV-L02" in fault.rule for fault in verdict.faults if fault.number == "PR-108")


@pytest.mark.parametrize("state", ["drafted", "sent", "opened", "declined", "contact_made"])
def test_a_reported_fact_out_of_place_is_recorded_flagged_and_moves_nothing(state: str) -> None:
    verdict = judge(state, "record_contact", "receiver", {"contact_date": "2026-11-24", "heard_from": "the person"})
    assert not verdict.refused
    assert not verdict.moves
    assert [fault.number for fault in verdict.faults] == ["PR-102"]
    assert HAND_OVER.label(state) in verdict.faults[0].rule


def test_a_refusal_for_the_state_says_what_is_possible_and_one_in_a_final_state_that_nothing_is() -> None:
    assert "withdraw" in judge("drafted", "accept", "receiver", {}).faults[0].mend.lower()
    assert judge("withdrawn", "accept", "receiver", {}).faults[0].mend == "Nothing more can be done."


def test_a_refusal_for_the_role_says_whom_to_ask() -> None:
    fault = judge("opened", "accept", "sender", {}).faults[0]
    assert (fault.number, fault.field) == ("PR-103", "role")
    assert "receiver" in fault.mend


def test_not_known_answers_what_is_reported() -> None:
    facts = {"contact_date": NOT_KNOWN, "heard_from": NOT_KNOWN}
    assert judge("accepted", "record_contact", "receiver", facts).faults == ()


performed_needs = [
    pytest.param(step, need, id=f"{step.id}-{need}")
    for step in HAND_OVER.steps
    if step.kind == "performed"
    for need in step.needs
    if "=" not in need and need != "opioid_agonist_medicine"
]


@pytest.mark.parametrize(("step", "need"), performed_needs)
def test_not_known_does_not_answer_what_is_done_here(step: Step, need: str) -> None:
    facts = {**enough(row(step.id)), need: NOT_KNOWN}
    verdict = judge(step.from_, step.verb, step.roles[0], facts, strand=step.strand)
    assert verdict.refused
    assert ("PR-104", need) in {(fault.number, fault.field) for fault in verdict.faults}
    assert not any("not known" in fault.mend for fault in verdict.faults)


def test_not_known_answers_a_question_that_offers_it_as_a_choice() -> None:
    facts = {**enough(row("HOV-002")), "opioid_agonist_medicine": NOT_KNOWN}
    assert judge("drafted", "send", "sender", facts).faults == ()


def test_a_condition_is_not_met_by_not_known_even_when_reported() -> None:
    step = Step("TST-001", "main", "sent", "count", "sent", ("receiver",), needs=("visits>=2",), kind="reported")
    process = HAND_OVER.with_step(step)
    unmet = (NOT_KNOWN, "1", "two", "-3", "--3", "²", "2.5", "9" * 5000, None, "")
    for visits, met in (*((answer, False) for answer in unmet), ("2", True), (11, True)):
        verdict = rules.judge(
            process, strand="main", state="sent", verb="count", roles=["receiver"], facts={"visits": visits}, on=ON
        )
        assert (verdict.faults == ()) == met, visits
        assert not verdict.refused


@pytest.mark.parametrize(
    ("on", "in_force"),
    [
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
    ],
)
def test_a_step_is_in_force_from_its_first_day_to_its_last_and_not_a_day_more(on: date, in_force: bool) -> None:
    first, last = date(2026, 4, 1), date(2026, 9, 30)
    step = Step("TST-001", "main", "sent", "nudge", "sent", ("sender",), since=first, until=last)
    process = HAND_OVER.with_step(step)
    verdict = rules.judge(process, strand="main", state="sent", verb="nudge", roles=["sender"], facts={}, on=on)
    assert verdict.refused != in_force
    offered = {act.verb for act in rules.acts(process, {"main": "sent"}, ["sender"], on)}
    assert ("nudge" in offered) == in_force
    if not in_force:
        (fault,) = verdict.faults
        assert (fault.number, fault.field) == ("PR-107", "on")
        assert on.isoformat() in fault.rule
        assert ("begins on 2026-04-01" in fault.rule) == (on < first)


def test_when_the_law_changes_the_day_chooses_the_row() -> None:
    change = date(2027, 4, 1)
    old = next(step for step in HAND_OVER.steps if step.id == "HOV-009")
    steps = tuple(replace(step, until=change - timedelta(days=1)) if step is old else step for step in HAND_OVER.steps)
    new = replace(old, id="TST-009", to="delivered", since=change)
    process = replace(HAND_OVER, steps=(*steps, new))
    facts = {"question": "When?", "call_back_number": "020 7946 0002"}
    for on, chosen in ((change - timedelta(days=1), "HOV-009"), (change, "TST-009")):
        verdict = rules.judge(
            process, strand="main", state="opened", verb="ask_question", roles=["receiver"], facts=facts, on=on
        )
        assert verdict.step is not None
        assert (verdict.step.id, verdict.faults) == (chosen, ())


def test_a_fact_made_of_others_asks_for_them_in_their_own_words() -> None:
    facts = {**enough(row("HOV-013")), "first_appointment_or_reason": ""}
    (fault,) = judge("opened", "accept", "receiver", facts).faults
    for part in ("appointment_time", "place", "no_appointment_reason"):
        assert HAND_OVER.fact(part).label in fault.mend


def test_a_fact_that_no_process_describes_is_nobodys_to_read() -> None:
    assert HAND_OVER.fact("shoe_size") == Fact(label="Shoe size", category=None)


@pytest.mark.parametrize(("value", "text"), [(None, ""), (True, "yes"), (False, "no"), (3, "3"), ("x", "x")])
def test_facts_are_compared_as_words(value: object, text: str) -> None:
    assert as_text(value) == text


VERBS = sorted({step.verb for step in HAND_OVER.steps})
ROLES = sorted({role for step in HAND_OVER.steps for role in step.roles})
CODES = sorted({code for step in HAND_OVER.steps for code in step.asked})
answers = st.one_of(
    st.sampled_from(["yes", "no", NOT_KNOWN, "not_our_area", "team", "commissioner", "", "1", "-1"]),
    st.text(max_size=20),
    st.none(),
    st.booleans(),
    st.integers(),
)
moves = st.tuples(
    st.sampled_from([*VERBS, "teleport", ""]),
    st.lists(st.sampled_from([*ROLES, "stranger"]), max_size=2),
    st.dictionaries(st.sampled_from(CODES), answers, max_size=6),
)


@given(st.lists(moves, max_size=25))
def test_a_random_walk_stays_in_known_states_never_leaves_a_final_one_and_never_loses_a_fact(
    walk: list[tuple[str, list[str], dict[str, object]]],
) -> None:
    known = states(HAND_OVER)
    reported = {step.verb: step.roles for step in HAND_OVER.steps if step.kind == "reported"}
    state = "new"
    for verb, roles, facts in walk:
        verdict = rules.judge(HAND_OVER, strand="main", state=state, verb=verb, roles=roles, facts=facts, on=ON)
        assert all(fault.number and fault.rule and fault.mend for fault in verdict.faults)
        assert verdict.step is not None or verdict.faults
        if known[state] == "final":
            assert verdict.refused
        elif verb in reported and {*roles} & {*reported[verb]} and "system" not in roles:
            assert not verdict.refused, "what a party says happened was not recorded"
        if not verdict.refused and verdict.moves:
            assert verdict.step is not None
            assert verdict.step.from_ == state
            state = verdict.step.to
        assert state in known


@given(st.lists(st.integers(0, 20), max_size=12))
def test_whoever_follows_the_buttons_gets_where_they_say(choices: list[int]) -> None:
    """From a draft, always doing something that is offered: the walk goes on or ends in a final state."""
    rows = {row.id: row for row in reference(HAND_OVER)}
    state = "drafted"
    for choice in choices:
        offered = rules.acts(HAND_OVER, {"main": state}, ROLES, ON)
        if not offered:
            assert state in HAND_OVER.final
            return
        act = offered[choice % len(offered)]
        step = act.steps[choice % len(act.steps)]
        verdict = judge(state, act.verb, step.roles[0], enough(rows[step.id]))
        assert verdict.faults == ()
        assert verdict.step == step
        state = step.to
