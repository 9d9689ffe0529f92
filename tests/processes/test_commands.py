"""`./run processes`: what runs, and what the table says of one act, without a database."""

import json
import os
import subprocess
import sys
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from throughcare.handovers.process.hand_over import HAND_OVER
from throughcare.processes import documents
from throughcare.processes.commands import app
from throughcare.processes.registry import rooms
from throughcare.processes.rules import judge
from throughcare.processes.table import Condition, Step

ON = date(2026, 11, 24)
EXITS = {"refused": 2, "flagged": 0, "allowed": 0}


def run(*words: str) -> tuple[int, str]:
    """The exit code and everything that was printed."""
    result = CliRunner().invoke(app, words, env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def tried(*words: str) -> tuple[int, dict[str, Any]]:
    code, said = run("try", *words, "--json")
    answer: dict[str, Any] = json.loads(said)
    return code, answer


def facts_of(step: Step) -> dict[str, str]:
    facts = {}
    for need in step.needs:
        condition = Condition.parse(need)
        facts[condition.fact] = condition.value or "something"
    coded = {"decline": {"decline_reason": "not_our_area"}, "escalate": {"ladder_step": "team"}}
    return facts | coded.get(step.verb, {})


def options(state: str, verb: str, role: str, facts: dict[str, str], on: date = ON) -> list[str]:
    given = [word for code, value in facts.items() for word in ("--fact", f"{code}={value}")]
    return ["hand_over", "--state", state, "--verb", verb, "--role", role, "--on", on.isoformat(), *given]


def test_list_names_every_process_that_runs() -> None:
    code, said = run("list")
    assert code == 0
    for name, room in rooms().items():
        assert name in said
        assert str(len(room.process.steps)) in said


def test_show_prints_the_generated_documentation() -> None:
    code, said = run("show", "hand_over")
    assert code == 0
    assert said.rstrip() == documents.markdown(HAND_OVER).rstrip()


@pytest.mark.parametrize("step", HAND_OVER.steps, ids=lambda step: step.id)
def test_try_agrees_with_the_rules_for_every_row_of_the_table(step: Step) -> None:
    for role in step.roles:
        code, answer = tried(*options(step.from_, step.verb, role, facts_of(step)), "--strand", step.strand)
        assert (code, answer["answer"]) == (0, "allowed")
        assert (answer["step"], answer["to"], answer["kind"]) == (step.id, step.to, step.kind)
        assert answer["faults"] == []
    code, answer = tried(*options(step.from_, step.verb, step.roles[0], {}), "--strand", step.strand)
    roles = [step.roles[0]]
    verdict = judge(HAND_OVER, strand=step.strand, state=step.from_, verb=step.verb, roles=roles, facts={}, on=ON)
    expected = "refused" if verdict.refused else "flagged" if verdict.faults else "allowed"
    assert (code, answer["answer"]) == (EXITS[expected], expected)
    assert answer["faults"] == [vars(fault) for fault in verdict.faults]


def test_try_in_words_says_the_same_as_in_json() -> None:
    code, said = run("try", *options("opened", "accept", "sender", {}))
    assert code == 2
    assert said.startswith("refused\n")
    assert "PR-103" in said
    code, said = run("try", *options("drafted", "withdraw", "sender", {"reason": "Stays"}))
    assert (code, said) == (0, "allowed: HOV-035, to withdrawn\n")


def test_try_of_a_fact_out_of_place_says_flagged_and_that_nothing_moves() -> None:
    code, answer = tried(*options("opened", "record_contact", "receiver", {}))
    assert (code, answer["answer"], answer["to"]) == (0, "flagged", "opened")
    assert [fault["number"] for fault in answer["faults"]] == ["PR-102"]


def test_try_of_an_unknown_act_or_role_is_a_numbered_refusal() -> None:
    for verb, role, number in (("teleport", "sender", "PR-101"), ("accept", "king", "PR-103")):
        code, answer = tried(*options("opened", verb, role, {}))
        assert (code, answer["answer"]) == (2, "refused")
        assert [fault["number"] for fault in answer["faults"]] == [number]
        assert answer["step"] is None


GOOD = {"--state": "opened", "--verb": "accept", "--role": "receiver", "--on": "2026-11-24"}


@pytest.mark.parametrize(
    ("name", "changed", "named", "mend"),
    [
        ("hand_under", {}, "hand_under", "hand_over"),
        ("hand_over", {"--state": "asleep"}, "asleep", "question_asked"),
        ("hand_over", {"--on": "2026-02-30"}, "2026-02-30", "YYYY-MM-DD"),
        ("hand_over", {"--on": "tomorrow"}, "tomorrow", "YYYY-MM-DD"),
        ("hand_over", {"--strand": "side"}, "side", "main"),
        ("hand_over", {"--fact": "urgent"}, "urgent", "code=value"),
        ("hand_over", {"--fact": "=yes"}, "=yes", "code=value"),
    ],
)
def test_a_wrong_name_is_refused_in_plain_words_that_say_what_there_is(
    name: str, changed: dict[str, str], named: str, mend: str
) -> None:
    words = [word for pair in (GOOD | changed).items() for word in pair]
    code, said = run("try", name, *words)
    assert code == 2
    assert named in said
    assert mend in said
    assert "Traceback" not in said


@pytest.mark.parametrize("words", [("show", "nothing"), ("try", "hand_over"), ("show",)])
def test_a_wrong_call_ends_with_two_and_says_what_is_missing(words: tuple[str, ...]) -> None:
    code, said = run(*words)
    assert code == 2
    assert "Usage" in said


def test_try_needs_no_database() -> None:
    """The address leads nowhere: port 1 of this machine answers nobody."""
    environment = {**os.environ, "THROUGHCARE_DATABASE": "postgresql://nobody@127.0.0.1:1/nothing"}
    words = options("drafted", "withdraw", "sender", {"reason": "Stays"})
    answer = subprocess.run(
        [sys.executable, "-m", "throughcare.config.cli", "processes", "try", *words, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["step"] == "HOV-035"
