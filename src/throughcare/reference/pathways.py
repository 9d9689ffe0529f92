"""The pathway tables: steps, states, events possible everywhere, clocks, limits, reasons to decline.

They are the written reference. The processes that run are typed Python, and a test compares the two.
A date that is empty has no bound; `status` prospective means enacted but not known to be in force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

from .calendar import COUNTED_IN
from .roles import roles
from .tables import DATA, MARKS, Row, covers, read

SIDES = ("sender", "receiver", "outside_receiver")
"""Who acts in a process between two services, whatever their role. An outside receiver answers by a secure link."""

SYSTEM = "system"
"""Who acts in a derived step: nobody types it."""

KINDS_OF_STEP = ("performed", "reported")
KINDS_OF_CLOCK = ("statutory", "national_standard", "contract", "local_design")
EFFECTS_OF_AN_EVENT = ("close", "pause", "continue", "resume", "undo", "goto", "open_handover", "reopen_elsewhere")
STATUSES = ("", "prospective")


@dataclass(frozen=True)
class StateRow:
    """One state of a strand. `kind` is start, open or final; the start belongs to every strand, written *."""

    process: str
    strand: str
    state: str
    kind: str
    label: str


@dataclass(frozen=True)
class Clock:
    """One deadline: what starts it, what stops it, who owes it, what happens when it is missed.

    value: how many of `unit`; None where the date itself is given (on an order, a prescription, a label).
    starts_on, stops_on: verbs of steps of the same process.
    referenced_by: other processes whose steps start or stop it.
    """

    id: str
    process: str
    name: str
    value: int | None
    unit: str
    counting_rule: str
    starts_on: tuple[str, ...]
    stops_on: tuple[str, ...]
    owner_role: str
    kind: str
    on_miss: str
    since: date | None
    until: date | None
    status: str
    date_note: str
    source: str
    verified: str
    referenced_by: tuple[str, ...]


@dataclass(frozen=True)
class Limit:
    """One bound looked at on the steps named in `applies_to`. `value` is a number, a date or a word, as written.

    effect: refuse_performed refuses an act; flag_reported marks a fact, which is recorded all the same; inform shows.
    """

    id: str
    process: str
    what: str
    value: str
    unit: str
    applies_to: tuple[str, ...]
    effect: str
    since: date | None
    until: date | None
    status: str
    date_note: str
    source: str
    verified: str


@dataclass(frozen=True)
class DeclineReason:
    """Why a hand-over is declined, what follows from it, and what the sender sees."""

    code: str
    words: str
    consequence: str
    sender_sees: str


@dataclass(frozen=True)
class StepRow:
    """One step. `performed` is an act that can be refused; `reported` is a fact that is always recorded.

    needs:  facts asked for; guard: conditions that choose this row among several with the same from and verb.
    opens:  other strands, processes or people that the step opens, applies a verb to, or notifies.
    starts, stops: ids of clocks; rule: ids of limits.
    who_words, old_row, old_words: how an earlier list of transitions put it.
    """

    id: str
    process: str
    strand: str
    from_state: str
    verb: str
    to_state: str
    roles: tuple[str, ...]
    who_words: str
    needs: tuple[str, ...]
    guard: tuple[str, ...]
    opens: tuple[str, ...]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    kind: str
    rule: tuple[str, ...]
    since: date | None
    until: date | None
    status: str
    date_note: str
    source: str
    verified: str
    old_row: tuple[str, ...]
    old_words: str


@dataclass(frozen=True)
class UniversalRow:
    """One event that is possible from every state of a process that is not final. `strands` ("*",) means all."""

    event: str
    verb: str
    process: str
    strands: tuple[str, ...]
    effect: str
    to_state: str
    roles: tuple[str, ...]
    needs: tuple[str, ...]
    opens: tuple[str, ...]
    clock_effect: str
    kind: str
    source: str
    verified: str
    note: str


class Dated(Protocol):
    """What has a period in force: a step, a clock, a limit."""

    @property
    def since(self) -> date | None: ...
    @property
    def until(self) -> date | None: ...
    @property
    def status(self) -> str: ...


class InProcess(Protocol):
    """What belongs to one process."""

    @property
    def process(self) -> str: ...


Dateds = TypeVar("Dateds", bound=Dated)
Belonging = TypeVar("Belonging", bound=InProcess)


def is_in_force(row: Dated, on: date) -> bool:
    """Was the row in force on that day? A prospective one never is."""
    return row.status != "prospective" and covers(row.since, row.until, on)


def in_force(rows: Iterable[Dateds], on: date) -> tuple[Dateds, ...]:
    """Those of the rows that were in force on that day."""
    return tuple(row for row in rows if is_in_force(row, on))


@cache
def processes(folder: Path = DATA) -> tuple[str, ...]:
    """The code of every process, in the order of the tables."""
    return tuple(dict.fromkeys(state.process for state in _states(folder)))


def state_rows(process: str, folder: Path = DATA) -> tuple[StateRow, ...]:
    """Every state of the process. This and the next four raise KeyError for a process that is not known."""
    return _of(process, _states(folder), folder)


def step_rows(process: str, folder: Path = DATA) -> tuple[StepRow, ...]:
    """Every step of the process."""
    return _of(process, _steps(folder), folder)


def universal_rows(process: str, folder: Path = DATA) -> tuple[UniversalRow, ...]:
    """Every event that is possible from any open state of the process."""
    return _of(process, _universal(folder), folder)


def clocks(process: str, folder: Path = DATA) -> Mapping[str, Clock]:
    """The clocks of the process, by id."""
    return MappingProxyType({clock.id: clock for clock in _of(process, _clocks(folder), folder)})


def limits(process: str, folder: Path = DATA) -> Mapping[str, Limit]:
    """The limits of the process, by id."""
    return MappingProxyType({limit.id: limit for limit in _of(process, _limits(folder), folder)})


@cache
def decline_reasons(folder: Path = DATA) -> Mapping[str, DeclineReason]:
    """Every reason to decline a hand-over, by its code."""
    rows = read(folder, "pathways/decline_reasons.csv", "code words consequence sender_sees", key="code")
    consequences = ("retry", "reroute", "wrong_area", "pause_until", "already_open")
    return MappingProxyType(
        {
            row.text("code"): DeclineReason(
                code=row.text("code"),
                words=row.filled("words"),
                consequence=row.one_of("consequence", consequences),
                sender_sees=row.filled("sender_sees"),
            )
            for row in rows
        }
    )


def _of(process: str, rows: Iterable[Belonging], folder: Path) -> tuple[Belonging, ...]:
    if process not in processes(folder):
        raise KeyError(process)
    return tuple(row for row in rows if row.process == process)


@cache
def _actors(folder: Path) -> frozenset[str]:
    """Who can act: a role of the sharing tables, a side, or the system."""
    return frozenset((*roles(folder), *SIDES, SYSTEM))


def _who(row: Row, folder: Path) -> tuple[str, ...]:
    """Who acts, at least one."""
    row.filled("roles")
    return row.codes("roles", _actors(folder))


@cache
def _states(folder: Path) -> tuple[StateRow, ...]:
    rows = read(folder, "pathways/states.csv", "process strand state kind label", key="process state")
    return tuple(
        StateRow(
            process=row.text("process"),
            strand=row.filled("strand"),
            state=row.text("state"),
            kind=row.one_of("kind", ("start", "open", "final")),
            label=row.filled("label"),
        )
        for row in rows
    )


@cache
def _clocks(folder: Path) -> tuple[Clock, ...]:
    rows = read(
        folder,
        "pathways/clocks.csv",
        "clock_id process name value unit counting_rule starts_on stops_on owner_role kind on_miss in_force_from "
        "in_force_to status date_note source verified old_id old_words referenced_by",
        key="clock_id",
    )
    return tuple(_clock(row, folder) for row in rows)


def _clock(row: Row, folder: Path) -> Clock:
    since, until = row.period()
    counting_rule = row.one_of("counting_rule", COUNTED_IN)
    return Clock(
        id=row.text("clock_id"),
        process=row.one_of("process", processes(folder)),
        name=row.filled("name"),
        value=None if counting_rule == "set_date" else row.number("value"),
        unit=row.one_of("unit", COUNTED_IN[counting_rule]),
        counting_rule=counting_rule,
        starts_on=row.words("starts_on"),
        stops_on=row.words("stops_on"),
        owner_role=row.one_of("owner_role", _actors(folder)),
        kind=row.one_of("kind", KINDS_OF_CLOCK),
        on_miss=row.filled("on_miss"),
        since=since,
        until=until,
        status=row.one_of("status", STATUSES),
        date_note=row.text("date_note"),
        source=row.filled("source"),
        verified=row.one_of("verified", MARKS),
        referenced_by=row.codes("referenced_by", processes(folder)),
    )


@cache
def _limits(folder: Path) -> tuple[Limit, ...]:
    rows = read(
        folder,
        "pathways/limits.csv",
        "limit_id process what value unit applies_to effect in_force_from in_force_to status date_note source "
        "verified old_id old_words",
        key="limit_id",
    )
    return tuple(_limit(row, folder) for row in rows)


def _limit(row: Row, folder: Path) -> Limit:
    since, until = row.period()
    return Limit(
        id=row.text("limit_id"),
        process=row.one_of("process", processes(folder)),
        what=row.filled("what"),
        value=row.filled("value"),
        unit=row.text("unit"),
        applies_to=row.words("applies_to"),
        effect=row.one_of("effect", ("refuse_performed", "flag_reported", "inform")),
        since=since,
        until=until,
        status=row.one_of("status", STATUSES),
        date_note=row.text("date_note"),
        source=row.filled("source"),
        verified=row.one_of("verified", MARKS),
    )


@cache
def _steps(folder: Path) -> tuple[StepRow, ...]:
    rows = read(
        folder,
        "pathways/steps.csv",
        "row_id process strand from_state verb to_state roles who_words needs guard opens_or_notifies starts_clock "
        "stops_clock kind rule in_force_from in_force_to status date_note source verified old_row old_words",
        key="row_id",
    )
    return tuple(_step(row, folder) for row in rows)


def _step(row: Row, folder: Path) -> StepRow:
    process = row.one_of("process", processes(folder))
    states = {state.state for state in state_rows(process, folder)}
    clock_ids = {clock.id for clock in _clocks(folder) if clock.process == process}
    limit_ids = {limit.id for limit in _limits(folder) if limit.process == process}
    since, until = row.period()
    return StepRow(
        id=row.text("row_id"),
        process=process,
        strand=row.filled("strand"),
        from_state=row.one_of("from_state", states),
        verb=row.filled("verb"),
        to_state=row.one_of("to_state", states),
        roles=_who(row, folder),
        who_words=row.text("who_words"),
        needs=row.words("needs"),
        guard=row.words("guard"),
        opens=row.words("opens_or_notifies"),
        starts=row.codes("starts_clock", clock_ids),
        stops=row.codes("stops_clock", clock_ids),
        kind=row.one_of("kind", KINDS_OF_STEP),
        rule=row.codes("rule", limit_ids),
        since=since,
        until=until,
        status=row.one_of("status", STATUSES),
        date_note=row.text("date_note"),
        source=row.filled("source"),
        verified=row.one_of("verified", MARKS),
        old_row=row.words("old_row"),
        old_words=row.text("old_words"),
    )


@cache
def _universal(folder: Path) -> tuple[UniversalRow, ...]:
    rows = read(
        folder,
        "pathways/universal.csv",
        "event verb process strands effect to_state roles needs opens_or_notifies clock_effect kind source verified "
        "note",
        key="event process",
    )
    return tuple(
        UniversalRow(
            event=row.text("event"),
            verb=row.filled("verb"),
            process=row.one_of("process", processes(folder)),
            strands=row.words("strands"),
            effect=row.one_of("effect", EFFECTS_OF_AN_EVENT),
            to_state=row.text("to_state"),
            roles=_who(row, folder),
            needs=row.words("needs"),
            opens=row.words("opens_or_notifies"),
            clock_effect=row.filled("clock_effect"),
            kind=row.one_of("kind", KINDS_OF_STEP),
            source=row.filled("source"),
            verified=row.one_of("verified", MARKS),
            note=row.text("note"),
        )
        for row in rows
    )
