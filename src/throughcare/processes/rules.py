"""May this be done now, by this role, on these facts? Pure functions over the table; the day is passed in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from throughcare.processes.table import (
    NOT_KNOWN,
    PERFORMED,
    REPORTED,
    START,
    SYSTEM,
    Condition,
    Facts,
    Process,
    Step,
    as_text,
    sentence,
)
from throughcare.reference.pathways import is_in_force
from throughcare.web.faults import Fault


@dataclass(frozen=True)
class Verdict:
    """What the table says. `step` is the row that applies; `moves` is false for a fact that fits no state it is in.

    refused: nothing happens. Not refused but with faults: a reported fact, recorded and flagged.
    """

    step: Step | None
    faults: tuple[Fault, ...] = ()
    moves: bool = False

    @property
    def refused(self) -> bool:
        return self.step is None or (bool(self.faults) and self.step.kind == PERFORMED)


def judge(
    process: Process, *, strand: str, state: str, verb: str, roles: Collection[str], facts: Facts, on: date
) -> Verdict:
    """Look up one verb for one state, one actor's roles and the facts given, by the rules in force on that day."""
    named = [step for step in process.steps if step.verb == verb and step.strand == strand]
    if not named:
        return Verdict(None, (_unknown(process, verb),))
    in_force = [step for step in named if step.in_force(on)]
    if not in_force:
        return Verdict(None, (_not_in_force(named[0], on),))
    allowed = [step for step in in_force if set(step.roles) & set(roles)]
    if not allowed:
        return Verdict(None, (_wrong_role(in_force),))
    here = [step for step in allowed if step.from_ == state]
    if not here:
        elsewhere = any(step.from_ == state for step in in_force)
        fault = _wrong_role(in_force) if elsewhere else _wrong_state(process, strand, state, verb, on)
        reported = allowed[0].kind == REPORTED and set(roles) != {SYSTEM} and state not in process.final
        return Verdict(allowed[0] if reported else None, (fault,))
    step, faults = _choose(process, here, facts)
    faults += [_missing(process, step, need, facts) for need in _unmet(process, step, facts)]
    faults += [_limit(process, limit) for limit in step.rule if _breaks(process, limit, facts, on)]
    return Verdict(step, tuple(dict.fromkeys(faults)), moves=True)


@dataclass(frozen=True)
class Act:
    """One thing that can be done now: the verb, the rows behind it, and whether this reader may do it."""

    strand: str
    verb: str
    steps: tuple[Step, ...]
    mine: bool

    @property
    def words(self) -> str:
        return sentence(self.verb)

    @property
    def kind(self) -> str:
        return self.steps[0].kind

    @property
    def by(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role for step in self.steps for role in step.roles))

    @property
    def asked(self) -> tuple[str, ...]:
        """Every fact that some row behind the verb may need."""
        return tuple(dict.fromkeys(fact for step in self.steps for fact in step.asked))


def acts(process: Process, states: Mapping[str, str], roles: Collection[str], on: date) -> list[Act]:
    """Everything that can be done from these states, by anybody; `mine` says what these roles can do.

    A strand that has no state yet can be opened.
    """
    found: dict[tuple[str, str], list[Step]] = {}
    for step in process.steps:
        if step.in_force(on) and (states.get(step.strand) == step.from_ or _opens(process, step, states)):
            found.setdefault((step.strand, step.verb), []).append(step)
    return [
        Act(strand, verb, tuple(steps), mine=any(set(step.roles) & set(roles) for step in steps))
        for (strand, verb), steps in found.items()
    ]


def _opens(process: Process, step: Step, states: Mapping[str, str]) -> bool:
    """Does it open, by hand, a strand of a case on which something is still open?"""
    still_open = any(state not in process.final for state in states.values())
    return step.from_ == START and step.strand not in states and step.roles != (SYSTEM,) and still_open


def reportable(process: Process, states: Mapping[str, str], roles: Collection[str], on: date) -> list[Act]:
    """Facts that this reader may report although they do not fit the state: recorded, and flagged."""
    fitting = {(act.strand, act.verb) for act in acts(process, states, roles, on)}
    found: dict[tuple[str, str], list[Step]] = {}
    for step in process.steps:
        key = (step.strand, step.verb)
        if step.kind == REPORTED and step.in_force(on) and set(step.roles) & set(roles) and key not in fitting:
            found.setdefault(key, []).append(step)
    return [
        Act(strand, verb, tuple(steps), mine=True)
        for (strand, verb), steps in found.items()
        if strand in states and states[strand] not in process.final
    ]


def opening(process: Process, verb: str, on: date) -> Step:
    """The step that begins a case with this verb. Raises KeyError when the table has none in force."""
    for step in process.steps:
        if step.from_ == "new" and step.verb == verb and step.in_force(on):
            return step
    raise KeyError(verb)


def _choose(process: Process, steps: Sequence[Step], facts: Facts) -> tuple[Step, list[Fault]]:
    """The row whose guard holds. Where none does, the first row, with what must be answered to choose."""
    for step in steps:
        if all(Condition.parse(guard).holds(facts) for guard in step.guard):
            return step, []
    asked = dict.fromkeys(Condition.parse(guard).fact for step in steps for guard in step.guard)
    return steps[0], [
        Fault(
            "PR-105",
            fact,
            f"“{process.fact(fact).label}” decides what happens next, and the answer fits none of the rules.",
            f"Answer it with one of: {', '.join(_values(steps, fact))}.",
        )
        for fact in asked
    ]


def _values(steps: Sequence[Step], fact: str) -> list[str]:
    conditions = [Condition.parse(guard) for step in steps for guard in step.guard]
    return list(dict.fromkeys(c.sign.replace("=", "", 1) + c.value for c in conditions if c.fact == fact))


def _unmet(process: Process, step: Step, facts: Facts) -> list[Condition]:
    """The needs that the facts leave open. A guard's own condition was looked at when the row was chosen."""
    needs = [Condition.parse(need) for need in step.needs if need not in step.guard]
    return [need for need in needs if not need.holds(facts) or _may_not_be_unknown(process, step, need, facts)]


def _may_not_be_unknown(process: Process, step: Step, need: Condition, facts: Facts) -> bool:
    """“Not known” answers what is reported, and a question that offers it as a choice of its own."""
    if as_text(facts.get(need.fact)) != NOT_KNOWN or step.kind == REPORTED:
        return False
    return NOT_KNOWN not in dict(process.fact(need.fact).choices)


def _missing(process: Process, step: Step, need: Condition, facts: Facts) -> Fault:
    label = process.fact(need.fact).label
    if need.sign and as_text(facts.get(need.fact)):
        rule = f"“{label}” must be {need.sign.replace('=', '', 1)}{need.value} for this step ({step.id})."
        return Fault("PR-106", need.fact, rule, "Check the answer, or choose another act.")
    if made_of := process.fact(need.fact).made_of:
        parts = "; or ".join(f"“{process.fact(part).label}”" for part in made_of)
        return Fault("PR-104", need.fact, f"“{label}” is needed.", f"Answer {parts}.")
    unknown = " If nobody knows, answer “not known”." if step.kind == REPORTED else ""
    return Fault("PR-104", need.fact, f"“{label}” is needed.", f"Answer it.{unknown}")


def _unknown(process: Process, verb: str) -> Fault:
    verbs = ", ".join(sorted({step.verb for step in process.steps}))
    return Fault("PR-101", "verb", f"{process.title} has no act called {verb}.", f"It has: {verbs}.")


def _wrong_state(process: Process, strand: str, state: str, verb: str, on: date) -> Fault:
    possible = [act.verb for act in acts(process, {strand: state}, (), on) if act.by != (SYSTEM,)]
    return Fault(
        "PR-102",
        "state",
        f"“{sentence(verb)}” is not possible while the {process.title.lower()} is {process.label(state)}.",
        f"Now possible: {', '.join(sentence(v).lower() for v in possible)}."
        if possible
        else "Nothing more can be done.",
    )


def _wrong_role(steps: Sequence[Step]) -> Fault:
    who = dict.fromkeys(role for step in steps for role in step.roles)
    return Fault(
        "PR-103",
        "role",
        "This is not for the role or service you are acting for.",
        f"Ask: {', '.join(sentence(role).lower() for role in who)}.",
    )


def _not_in_force(step: Step, on: date) -> Fault:
    since = f" It begins on {step.since.isoformat()}." if step.since and step.since > on else ""
    return Fault(
        "PR-107",
        "on",
        f"The rule for “{sentence(step.verb)}” ({step.id}) was not in force on {on.isoformat()}.{since}",
        "Check the date of the event.",
    )


def _breaks(process: Process, limit: str, facts: Facts, on: date) -> bool:
    """Is the limit in force, more than information, and broken? A fact that was not given breaks nothing."""
    row = process.limits[limit]
    if limit not in process.breaks or row.effect == "inform" or not is_in_force(row, on):
        return False
    fact, broken = process.breaks[limit]
    return bool(as_text(facts.get(fact))) and broken(facts)


def _limit(process: Process, limit: str) -> Fault:
    row = process.limits[limit]
    mark = "" if row.verified == "yes" else f", {row.verified}"
    return Fault(
        "PR-108",
        process.breaks[limit][0],
        f"{row.what[0].upper()}{row.what[1:]} ({limit}; {row.source}{mark}).",
        "Change what you entered.",
    )
