"""What a process is: a readable table of frozen steps. Plain values; the database is not known here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from throughcare.reference import pathways
from throughcare.reference.pathways import Clock, Limit

START = "new"
PERFORMED, REPORTED = "performed", "reported"
SENDER, RECEIVER, OUTSIDE, SYSTEM = "sender", "receiver", "outside_receiver", "system"
OWNER = "coordination_owner"
"""Asked of a room beside the roles of its table: the service that coordinates the person's care."""
NOT_KNOWN = "not_known"

Facts = Mapping[str, object]


@dataclass(frozen=True)
class Step:
    """One row: who may take which verb from which state to which, on what facts, and what follows.

    needs:  fact codes; "fact=value" and "fact>=n" are conditions on them.
    guard:  chooses among several steps with the same from and verb: conditions, all of which hold.
    opens:  "notify X", "apply STRAND VERB", "open PROCESS": what else happens.
    starts, stops: clock ids. rule: ids of the limits looked at.
    kind:   performed in Throughcare (can be refused) or reported about the world (always recorded, and flagged).
    since, until: first and last day in force; None has no bound. mark: how far the source was checked.
    """

    id: str
    strand: str
    from_: str
    verb: str
    to: str
    roles: tuple[str, ...]
    needs: tuple[str, ...] = ()
    guard: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    kind: str = PERFORMED
    rule: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    source: str = "product rule"
    mark: str = "design"

    def in_force(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    @property
    def asked(self) -> tuple[str, ...]:
        """The facts it needs, by code, without their conditions."""
        return tuple(dict.fromkeys(Condition.parse(need).fact for need in self.needs))


@dataclass(frozen=True)
class Condition:
    """One need or guard: a fact, and perhaps what it must be."""

    fact: str
    sign: str = ""
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> "Condition":
        match = re.fullmatch(r"([a-z0-9_]+?)(?:(>=|<=|=)([a-z0-9_]+))?", text)
        if match is None:
            raise ValueError(f"{text!r} is neither a fact nor a condition on one")
        return cls(match[1], match[2] or "", match[3] or "")

    def holds(self, facts: Facts) -> bool:
        """Is the fact there, and as it must be?"""
        given = as_text(facts.get(self.fact))
        if not given:
            return False
        if self.sign in (">=", "<="):
            if not re.fullmatch(r"-?[0-9]{1,18}", given):
                return False
            return int(given) >= int(self.value) if self.sign == ">=" else int(given) <= int(self.value)
        return not self.sign or given == self.value


def as_text(value: object) -> str:
    """A fact as conditions compare it: yes and no for truth, empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


TEXT, LONG_TEXT, CHOICE, MOMENT, DAY, AREA, SERVICE, USER, CASE = (
    "text",
    "long_text",
    "choice",
    "moment",
    "day",
    "area",
    "service",
    "user",
    "case",
)
OF_THE_ROOM = (SERVICE, USER, CASE)
"""What a fact names is chosen from a list that the room gives."""


@dataclass(frozen=True)
class Fact:
    """How a fact is asked for and shown.

    category: the category of data that governs who reads it, or "" when it is part of the envelope that every party
    to the case reads. A fact that no process describes is shown to the service that gave it and to nobody else.
    field:    the field of that category that it is, which decides whether a role with a summary reads it.
    made_of: other facts that are asked in its place, each of which may be left empty; the room derives it from them.
    """

    label: str
    kind: str = TEXT
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    category: str | None = ""
    field: str = ""
    made_of: tuple[str, ...] = ()


FACTS_OF_EVENTS: dict[str, Fact] = {}
DONE_OF_EVENTS: dict[str, str] = {}
"""What `universal_rules` says of the events that every process has: facts by code, words of the history by verb."""


@dataclass(frozen=True)
class Process:
    """A declared process: its steps, and the clocks, limits and state names that the reference tables give it.

    facts:      how each fact is asked and shown.
    done:       how a step reads once it is taken ("hand-over sent"), by verb.
    kept_apart: facts that the room keeps and shows from rows of its own.
    in_history: facts that the history tells one by one; how they stand now, the room shows.
    breaks:     for each limit, the fact that it bounds, and a test over the facts: true when the limit is broken.
    onward:     verbs that move a case on, the likeliest first: the order of the buttons, and which one stands out.
    replacing:  verbs after which a clock they stop was replaced rather than met.
    outlasting: clocks that run on when the strand that started them ends: another strand stops them.
    counts_from: for each clock that does not count from the step itself, the facts (a day or a moment) that it may
                count from: the first that is given. A set_date or back_from_date clock whose date is not known stays
                unset.
    differs:    deliberate differences from the reference table, by step id, each with its reason.
    """

    name: str
    title: str
    words: str
    steps: tuple[Step, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    breaks: Mapping[str, tuple[str, Callable[[Facts], bool]]] = field(default_factory=dict)
    done: Mapping[str, str] = field(default_factory=dict)
    kept_apart: frozenset[str] = frozenset()
    in_history: frozenset[str] = frozenset()
    onward: tuple[str, ...] = ()
    replacing: frozenset[str] = frozenset()
    outlasting: frozenset[str] = frozenset()
    counts_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    final: frozenset[str] = frozenset()

    def fact(self, code: str) -> Fact:
        return self.facts.get(code) or FACTS_OF_EVENTS.get(code) or Fact(label=sentence(code), category=None)

    def label(self, state: str) -> str:
        return self.labels.get(state) or sentence(state).lower()

    def strands(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.strand for step in self.steps))

    def verb_words(self, verb: str) -> str:
        return sentence(verb)

    def done_words(self, verb: str) -> str:
        return self.done.get(verb) or DONE_OF_EVENTS.get(verb) or sentence(verb)

    def clock_words(self, clock: str) -> str:
        """What a clock is about, without the asides of the table."""
        name = self.clocks[clock].name.split(" (")[0]
        return name[:1].upper() + name[1:]

    def with_step(self, step: Step) -> "Process":
        """The same process with one more step."""
        return replace(self, steps=(*self.steps, step))


def sentence(code: str) -> str:
    """A code as words: "open_by_receiver" is "Open by receiver"."""
    return code.replace("_", " ").capitalize()


def declare(name: str, title: str, words: str, steps: tuple[Step, ...], **rest: object) -> Process:
    """A process over the clocks, limits and states of the reference tables. ValueError for a code not in them."""
    clocks, limits = pathways.clocks(name), pathways.limits(name)
    states = pathways.state_rows(name)
    process = Process(
        name=name,
        title=title,
        words=words,
        steps=steps,
        clocks=clocks,
        limits=limits,
        labels={row.state: row.label for row in states},
        final=frozenset(row.state for row in states if row.kind == "final"),
        **rest,  # type: ignore[arg-type]
    )
    known = {row.state for row in states}
    for step in steps:
        unknown = ({step.from_, step.to} - known) | ({*step.starts, *step.stops} - set(clocks))
        unknown |= set(step.rule) - set(limits)
        if unknown:
            raise ValueError(f"{step.id} names {', '.join(sorted(unknown))}, not in the reference tables")
        for text in (*step.needs, *step.guard):
            Condition.parse(text)
    return process
