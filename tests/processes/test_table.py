"""The table that runs against the reference table, column by column. What differs must differ, and say why."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import throughcare.reference
from throughcare.processes.registry import rooms
from throughcare.processes.table import Condition, Process, Step, declare

STEPS = Path(throughcare.reference.__file__).parent / "data" / "pathways" / "steps.csv"
COMPARED = {
    "process",
    "strand",
    "from_state",
    "verb",
    "to_state",
    "roles",
    "needs",
    "guard",
    "opens_or_notifies",
    "starts_clock",
    "stops_clock",
    "kind",
    "rule",
    "in_force_from",
    "in_force_to",
    "source",
    "verified",
}
NOTES = {"who_words", "date_note", "old_row", "old_words"}
"""Columns that say where a row came from: nothing runs by them."""
EMPTY = {"status"}
"""Columns that must be empty for a step to run: a prospective rule is not in force."""


def written() -> dict[str, dict[str, str]]:
    with STEPS.open(newline="", encoding="utf-8") as file:
        names = {room.process.name for room in rooms().values()}
        return {row["row_id"]: row for row in csv.DictReader(file) if row["process"] in names}


WRITTEN = written()
PROCESSES = [room.process for room in rooms().values()]


def as_written(process: Process, step: Step) -> dict[str, str]:
    """A step that runs, as the reference table would write it."""
    return {
        "process": process.name,
        "strand": step.strand,
        "from_state": step.from_,
        "verb": step.verb,
        "to_state": step.to,
        "roles": "; ".join(step.roles),
        "needs": "; ".join(step.needs),
        "guard": "; ".join(step.guard),
        "opens_or_notifies": "; ".join(step.opens),
        "starts_clock": "; ".join(step.starts),
        "stops_clock": "; ".join(step.stops),
        "kind": step.kind,
        "rule": "; ".join(step.rule),
        "in_force_from": step.since.isoformat() if step.since else "",
        "in_force_to": step.until.isoformat() if step.until else "",
        "source": step.source,
        "verified": step.mark,
    }


def steps() -> Iterator[Any]:
    for process in PROCESSES:
        for step in process.steps:
            yield pytest.param(process, step, id=step.id)


def differences(process: Process, step: Step) -> set[str]:
    row, runs = WRITTEN[step.id], as_written(process, step)
    return {column for column in COMPARED if row[column] != runs[column]} | {c for c in EMPTY if row[c]}


def test_every_column_of_the_reference_table_is_compared_or_known_to_be_a_note() -> None:
    assert set(next(iter(WRITTEN.values()))) == COMPARED | NOTES | EMPTY | {"row_id"}


@pytest.mark.parametrize(("process", "step"), list(steps()))
def test_a_step_that_runs_is_the_row_of_the_reference_table(process: Process, step: Step) -> None:
    assert step.id in WRITTEN, "a step that the reference table does not know"
    if step.id not in process.differs:
        assert differences(process, step) == set()


@pytest.mark.parametrize("id_", sorted(WRITTEN))
def test_a_row_of_the_reference_table_runs_or_says_why_it_does_not(id_: str) -> None:
    process = next(process for process in PROCESSES if process.name == WRITTEN[id_]["process"])
    runs = [step for step in process.steps if step.id == id_]
    assert len(runs) <= 1, "the same row twice"
    left_out = process.differs.get(id_, "").startswith("left out")
    assert bool(runs) != left_out


@pytest.mark.parametrize(("process", "id_"), [(process, id_) for process in PROCESSES for id_ in process.differs])
def test_a_step_said_to_differ_does_differ_and_gives_a_reason(process: Process, id_: str) -> None:
    assert id_ in WRITTEN
    what, _, why = process.differs[id_].partition(": ")
    assert what
    assert len(why) > 15, "a reason in words"
    step = next((step for step in process.steps if step.id == id_), None)
    if step is None:
        assert what == "left out"
    else:
        assert differences(process, step), "it does not differ any more: take it off the list"


def test_the_ids_of_steps_are_unique() -> None:
    ids = [step.id for process in PROCESSES for step in process.steps]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("process", "step"), list(steps()))
def test_every_fact_that_is_asked_of_a_person_has_a_question_in_words(process: Process, step: Step) -> None:
    for code in step.asked:
        assert code in process.facts, f"{code} would be asked by its code"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"to": "lost"}, "lost"),
        ({"starts": ("HOV-C99",)}, "HOV-C99"),
        ({"stops": ("REL-C01",)}, "REL-C01"),
        ({"rule": ("HOV-L99",)}, "HOV-L99"),
        ({"needs": ("age > 18",)}, "age > 18"),
    ],
)
def test_a_table_that_names_what_is_not_in_the_reference_is_refused_at_the_start(
    changed: dict[str, Any], named: str
) -> None:
    row = {"id": "TST-001", "strand": "main", "from_": "sent", "verb": "nudge", "to": "sent", "roles": ("sender",)}
    with pytest.raises(ValueError, match=named):
        declare("hand_over", "Hand-over", "words", (Step(**{**row, **changed}),))


@pytest.mark.parametrize("text", ["", "urgent=", "=yes", "Urgent", "a b", "n>>3", "n>3"])
def test_a_condition_that_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="neither a fact nor a condition"):
        Condition.parse(text)
