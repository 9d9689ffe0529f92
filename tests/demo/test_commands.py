"""`./run demo` as it is typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine where Throughcare was never started, on SQLite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHCARE_")}
    return {**kept, "THROUGHCARE_DATA": str(tmp_path / "data")}


def type_(words: str, environment: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "throughcare.config.cli", *words.split()],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_world_is_made_and_a_second_one_refused(empty: dict[str, str]) -> None:
    code, said, _ = type_("demo --people 150 --on 2027-02-04 --seed 3", empty)
    assert code == 0
    assert said.startswith("150 made-up people as at 2027-02-04, seed 3: ")
    assert "seconds" in said
    assert "MB of memory at most" in said
    code, said, complaint = type_("demo --people 150", empty)
    assert (code, said) == (2, "")
    refusal = complaint.strip().splitlines()[-1]
    assert refusal.startswith("DM-101 ")
    assert "demonstration.sqlite3" in refusal
    assert "THROUGHCARE_DATA" in refusal


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("demo --production", "DM-102"),
        ("demo --people 99", "DM-103"),
        ("demo --people 1000001", "DM-103"),
        ("demo --on 1999-01-01", "DM-104"),
        ("demo --on 2027-02-30", "DM-105"),
        ("demo --on Thursday", "DM-105"),
        ("demo --people many", "CF-102"),
        ("demo --seed x", "CF-102"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_number(words: str, number: str, empty: dict[str, str]) -> None:
    code, said, complaint = type_(words, empty)
    assert (code, said) == (2, "")
    assert f"\n{number} " in f"\n{complaint}"


def test_a_database_that_does_not_answer_is_named(empty: dict[str, str]) -> None:
    code, _, complaint = type_("demo", {**empty, "THROUGHCARE_DATABASE": "postgresql://nobody@127.0.0.1:1/none"})
    assert code == 2
    assert complaint.startswith("DM-106 ")
