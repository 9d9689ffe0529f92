"""The command line: what it says, and the code it ends with."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import throughcare
from throughcare.accounts.models import User
from throughcare.config import cli


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine where Throughcare was never started, on SQLite."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHCARE_")}
    return {**kept, "THROUGHCARE_DATA": str(tmp_path / "data")}


def type_(words: str, environment: dict[str, str], command: str = "throughcare.config.cli") -> tuple[int, str, str]:
    """Types words at the command line; returns the exit code, and what was said on standard output and error."""
    done = subprocess.run(
        [sys.executable, "-m", command, *words.split()], env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def test_the_version_is_said_without_loading_the_product(empty: dict[str, str]) -> None:
    assert type_("--version", empty) == (0, f"Throughcare {throughcare.__version__}\n", "")
    look = "import sys; from throughcare.config import cli; cli.run(['--version']); sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], env=empty, check=False).returncode == 0
    assert not Path(empty["THROUGHCARE_DATA"]).exists()


@pytest.mark.parametrize("words", ["chekc", "--prot 8001", "--port eighty", "--port 70000", "check --jsn", "serve now"])
def test_wrong_words_are_answered_in_one_numbered_line(words: str, empty: dict[str, str]) -> None:
    code, said, complaint = type_(words, empty)
    assert (code, said) == (2, "")
    assert complaint.startswith("CF-102 ")
    assert complaint.count("\n") == 1
    assert "./run --help" in complaint


def test_a_wrong_setting_is_named_with_its_rule(empty: dict[str, str]) -> None:
    code, _, complaint = type_("setup", {**empty, "THROUGHCARE_WEB_WORKERS": "many"})
    assert code == 2
    assert complaint == "CF-101 THROUGHCARE_WEB_WORKERS is 'many'. It must be a whole number from 1 to 64.\n"


def test_production_listens_on_this_machine_only(empty: dict[str, str]) -> None:
    for words, name in (
        ("--production --listen 0.0.0.0", "127.0.0.1"),
        ("serve --production", "throughcare.example"),
    ):
        code, _, complaint = type_(words, {**empty, "THROUGHCARE_HOSTS": name})
        assert code == 2
        assert complaint.startswith("CF-201 ")
    assert not Path(empty["THROUGHCARE_DATA"]).exists()


def test_a_database_that_does_not_answer_is_named(empty: dict[str, str]) -> None:
    code, _, complaint = type_("setup", {**empty, "THROUGHCARE_DATABASE": "postgresql://nobody@127.0.0.1:1/none"})
    assert code == 2
    assert complaint.startswith("CF-205 The database cannot be reached:")


@pytest.mark.load
def test_production_starts_empty_and_is_never_migrated_unasked(empty: dict[str, str]) -> None:
    data = Path(empty["THROUGHCARE_DATA"])
    production = {**empty, "THROUGHCARE_MODE": "production", "DJANGO_SETTINGS_MODULE": "throughcare.config.settings"}
    assert type_("migrate contenttypes", production, "django")[0] == 0  # a database of an earlier shape

    code, _, complaint = type_("setup --production", empty)
    assert code == 2
    assert complaint.startswith("CF-206 ")
    assert "Back the database up, then run: ./run migrate --production" in complaint

    code, said, _ = type_("--production migrate", empty)
    assert code == 0
    assert "changes applied" in said

    code, said, _ = type_("setup --production", empty)
    assert code == 0
    assert said.startswith("Ready. The production data are in")
    assert [file.name for file in data.glob("*.sqlite3")] == ["production.sqlite3"]
    assert type_("events verify --production", empty)[0] == 0


def test_a_demonstration_keeps_away_from_a_database_with_other_users(fresh_database: Any) -> None:
    User.objects.create(email="someone@real.example", name="Someone")
    connection.close()
    demonstration = {**fresh_database.environment, "THROUGHCARE_MODE": "demonstration"}
    if not fresh_database.url:
        (fresh_database.data / "production.sqlite3").rename(fresh_database.data / "demonstration.sqlite3")
    code, _, complaint = type_("setup", demonstration)
    assert code == 2
    assert complaint.startswith("CF-209 ")


@pytest.mark.load
def test_a_demonstration_is_made_once_and_a_second_set_up_is_quick(empty: dict[str, str]) -> None:
    code, _, progress = type_("setup", empty)
    assert code == 0, progress
    database = Path(empty["THROUGHCARE_DATA"]) / "demonstration.sqlite3"
    before = database.stat().st_size
    begun = time.monotonic()
    code, said, _ = type_("setup", empty)
    assert (code, time.monotonic() - begun < 10) == (0, True)
    assert said.startswith("Ready. The demonstration data are in")
    assert database.stat().st_size == before


def test_documents_made_from_code_are_written_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.run(["docs", "--check"]) == 1
    assert cli.run(["docs"]) == 0
    assert cli.run(["docs", "--check"]) == 0
    settings = tmp_path / "docs/generated/settings.md"
    assert "| `THROUGHCARE_MODE` | `demonstration` |" in settings.read_text()
    settings.write_text(settings.read_text().replace("demonstration", "changed by hand"))
    assert cli.run(["docs", "--check"]) == 1


def test_outside_a_clone_there_is_nothing_to_write_documents_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.run(["docs"]) == 2
    assert "CF-104" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
