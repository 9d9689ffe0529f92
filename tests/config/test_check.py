"""./run check: it finds what is wrong, and says nothing is when nothing is."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from throughcare.config import check, environment, serve

CLONE = Path(__file__).parents[2]


def look(variables: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """The exit code of ./run check and its report, in an environment of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "throughcare.config.cli", "check", "--json"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def numbers(report: dict[str, Any]) -> list[str]:
    return [fault["number"] for fault in report["faults"]]


def test_a_sound_installation_has_no_faults(fresh_database: Any) -> None:
    code, report = look(fresh_database.environment)
    assert (code, report["faults"]) == (0, [])
    named = {fact["name"] for fact in report["facts"]}
    assert named >= {variable.name for variable in environment.VARIABLES}


def test_while_it_serves_the_last_sweep_is_shown(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        for _ in range(100):  # the page answers 503 until the worker has swept once; each ask takes its own time
            try:
                urllib.request.urlopen(f"{product.url}/health/", timeout=10)
                break
            except urllib.error.HTTPError:
                time.sleep(0.1)
        code, report = look(fresh_database.environment)
        assert (code, report["faults"]) == (0, [])
        assert any(fact["value"].endswith("seconds ago") for fact in report["facts"])


def test_serving_without_a_worker_is_a_fault(fresh_database: Any) -> None:
    with serve.alone(environment.read(fresh_database.environment)):
        code, report = look(fresh_database.environment)
    assert (code, numbers(report)) == (1, ["CF-310"])


def test_a_database_without_its_tables_is_a_fault(tmp_path: Path) -> None:
    code, report = look({**os.environ, "THROUGHCARE_DATA": str(tmp_path), "THROUGHCARE_DATABASE": ""})
    assert (code, numbers(report)) == (1, ["CF-309"])


def test_a_key_that_others_can_read_is_a_fault(fresh_database: Any) -> None:
    (fresh_database.data / "secret.key").chmod(0o644)
    code, report = look(fresh_database.environment)
    assert (code, numbers(report)) == (1, ["CF-303"])
    assert "chmod 600" in report["faults"][0]["mend"]


def test_a_database_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    url = "postgresql://someone:not-to-be-shown@127.0.0.1:1/none"
    code, report = look({**os.environ, "THROUGHCARE_DATA": str(tmp_path), "THROUGHCARE_DATABASE": url})
    assert (code, numbers(report)) == (1, ["CF-306"])
    assert "not-to-be-shown" not in json.dumps(report)


def test_a_data_folder_that_is_a_file_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    found = check.report(environment.read({"THROUGHCARE_DATA": str(file)}))
    assert [fault.number for fault in found.faults] == ["CF-301"]


def test_a_data_folder_inside_the_clone_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "clone"
    (clone / "a/b/c").mkdir(parents=True)
    (clone / "pyproject.toml").touch()
    monkeypatch.setattr(check, "__file__", str(clone / "a/b/c/check.py"))
    found = check.report(environment.read({"THROUGHCARE_DATA": str(clone / "data")}))
    assert [fault.number for fault in found.faults] == ["CF-302"]
