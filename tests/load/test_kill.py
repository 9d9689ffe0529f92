"""The running product, killed again and again while hand-overs are written: what was acknowledged is there."""

import json
from pathlib import Path
from typing import Any

import pytest
from worlds import BEGAN, person, service, worker

from bench import database
from throughcare.handovers.actions import hand_over as actions
from throughcare.handovers.actions.hand_over import Draft
from throughcare.messages import outbox


@pytest.mark.load
def test_nothing_acknowledged_is_lost_when_processes_are_killed(bench: Any) -> None:
    code, report, said = bench.measured("kill --kills 12 --people 100")
    (found,) = report["databases"]
    assert code == 0, said
    assert found["database"] == bench.kind
    assert found["killed"] == found["back"] == {"web master": 4, "web worker": 4, "worker": 4}
    assert found["acknowledged"] == found["found"] > 0
    assert (found["lost"], found["stored_unasked"]) == ([], 0)
    assert found["messages"] == found["messages_once"] > 0
    assert found["verify_code"] == 0
    assert found["good"] is True
    assert bench.left_behind() == []


@pytest.fixture
def case(db: None) -> int:
    """A hand-over that was written with form "one", sent with form "two", and told of by one message."""
    by, to = worker(), service()
    draft = Draft(
        receiver=to,
        reason="Leaves on Thursday",
        basis="direct_care",
        safe_contact="Any time",
        opioid_agonist_medicine="no",
        urgent="no",
    )
    written = actions.draft(by=by, at=BEGAN, record=person(by), draft=draft, key="one").case_id
    actions.engine.take(by=by, at=BEGAN, case=written, verb="send", facts={}, key="two")
    return written


def looked_up(tmp_path: Path, *steps: tuple[str, int, str]) -> dict[str, Any]:
    """What is found of steps as the client stores them: verb, case, number of the form."""
    file = tmp_path / "acknowledged"
    file.write_text("".join(json.dumps({"verb": v, "case": c, "key": k}) + "\n" for v, c, k in steps))
    return database.found(file)


def test_every_step_that_is_stored_with_its_event_is_found(case: int, tmp_path: Path) -> None:
    found = looked_up(tmp_path, ("draft", case, "one"), ("send", case, "two"))
    assert (found["acknowledged"], found["found"], found["lost"], found["stored_unasked"]) == (2, 2, [], 0)


def test_a_step_that_is_not_stored_is_lost(case: int, tmp_path: Path) -> None:
    found = looked_up(tmp_path, ("draft", case, "one"), ("send", case, "two"), ("draft", case + 1, "three"))
    assert (found["acknowledged"], found["found"], found["lost"]) == (3, 2, [(case + 1, "draft")])


def test_a_step_that_nobody_was_told_of_is_counted(case: int, tmp_path: Path) -> None:
    assert looked_up(tmp_path, ("draft", case, "one"))["stored_unasked"] == 1


def test_messages_are_counted_by_how_often_they_arrived(case: int, tmp_path: Path) -> None:
    steps = ("draft", case, "one"), ("send", case, "two")
    waiting = looked_up(tmp_path, *steps)
    assert waiting["messages_never"] == waiting["messages"] > 0
    outbox.deliver(BEGAN)
    outbox.deliver(BEGAN)
    arrived = looked_up(tmp_path, *steps)
    assert arrived["messages_once"] == arrived["messages"] >= waiting["messages"]
    assert (arrived["messages_again"], arrived["messages_never"]) == (0, 0)
