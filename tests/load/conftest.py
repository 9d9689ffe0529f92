"""Typing `./run bench …` on the database that the tests run on, in a folder for temporary files of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SERVER = os.environ.get("THROUGHCARE_TEST_DATABASE", "")


@dataclass(frozen=True)
class Bench:
    """`kind` is the database measured; `start` types words after `./run bench`; it may be given another server."""

    kind: str
    temporary: Path
    start: Callable[..., subprocess.Popen[str]]

    def measured(self, words: str) -> tuple[int, dict[str, Any], str]:
        """The exit code, the report, and what was printed."""
        report = self.temporary.parent / "report.json"
        with self.start(f"{words} --databases {self.kind} --json {report}") as process:
            said, complaint = process.communicate(timeout=300)
        assert report.exists(), f"{said}\n{complaint}"
        return process.returncode, json.loads(report.read_text()), said

    def left_behind(self) -> list[str]:
        """What is still there of it: folders, databases, processes."""
        left = [path.name for path in self.temporary.iterdir()]
        left += [
            f"{path.parent.name} {_text_of(path.with_name('cmdline'))}".replace("\0", " ")
            for path in Path("/proc").glob("[0-9]*/environ")
            if str(self.temporary) in _text_of(path)
        ]
        if SERVER:
            import psycopg

            with psycopg.connect(SERVER) as server:
                left += [
                    name
                    for (name,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [PREFIX])
                ]
        return left


PREFIX = "throughcare\\_bench\\_%"


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it ended while we looked, or is somebody else's
        return ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHCARE_")}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {
        **kept,
        "TMPDIR": str(temporary),
        "THROUGHCARE_DATA": str(tmp_path / "own"),
    }
    kind = "postgresql" if SERVER else "sqlite"

    def start(words: str, server: str = SERVER) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "throughcare.config.cli", "bench", *words.split()],
            env={**environment, "THROUGHCARE_TEST_POSTGRES": server},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return Bench(kind, temporary, start)
