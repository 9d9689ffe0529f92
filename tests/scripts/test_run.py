"""./run on bare machines: a copy of the clone with nothing installed, and as little around it as the machine allows."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
TOOLS = ["sh", "dirname", "cat", "cksum", "cut", "env", "id"]  # what a POSIX system has

pytestmark = pytest.mark.load


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy without an environment, in a folder with spaces in its name."""
    copy = tmp_path / "a clone with spaces"
    copy.mkdir()
    for name in ("run", "test", "pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(CLONE / name, copy)
    shutil.copytree(CLONE / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH that holds the tools of the system, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def start(script: Path, words: Sequence[str], path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a script from another folder, with nothing in PATH but `path`."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "HTTP"))}
    return subprocess.run(
        [str(script), *words],
        env={**kept, "PATH": str(path), "HOME": str(Path.home()), **variables},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=240,
    )


def put_python(tools: Path, text: str) -> None:
    python = tools / "python3"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)


def test_without_python_it_says_which_is_needed(clone: Path, tools: Path) -> None:
    done = start(clone / "run", [], tools)
    assert done.returncode == 2
    assert "RUN-101 Throughcare needs Python 3.11 or newer" in done.stderr


def test_a_python_that_is_too_old_is_not_taken(clone: Path, tools: Path) -> None:
    put_python(tools, f"exec {sys.executable} -c 'import sys; sys.version_info = (3, 10); exec(sys.argv[2])' \"$@\"")
    done = start(clone / "run", [], tools)
    assert done.returncode == 2
    assert "RUN-101" in done.stderr


def test_without_pip_it_says_how_to_get_it(clone: Path, tools: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "no pip", with_pip=False)
    put_python(tools, f'exec "{tmp_path}/no pip/bin/python" "$@"')
    done = start(clone / "run", [], tools)
    assert done.returncode == 2
    assert "RUN-102 python3 has no pip" in done.stderr
    assert "apt install python3-pip" in done.stderr


def test_without_a_network_it_says_so(clone: Path, tools: Path) -> None:
    put_python(tools, f'exec {sys._base_executable} "$@"')
    done = start(clone / "run", [], tools, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tools))
    assert done.returncode == 2
    assert "RUN-103 The parts could not be fetched" in done.stderr
    assert not list(clone.glob(".venv/made-*"))


def test_a_bare_clone_is_made_ready_once_and_a_second_start_installs_nothing(clone: Path, tools: Path) -> None:
    put_python(tools, f'exec {sys._base_executable} "$@"')
    first = start(clone / "run", ["--version"], tools)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("Throughcare ")
    assert [line[:6] for line in first.stderr.splitlines() if " of 3" in line] == ["1 of 3", "2 of 3", "3 of 3"]

    (tools / "python3").unlink()  # nothing is looked for, nothing is installed
    second = start(clone / "run", ["--version"], tools)
    assert (second.returncode, second.stderr, second.stdout) == (0, "", first.stdout)

    lock = clone / "uv.lock"
    lock.write_text(lock.read_text() + "\n")
    third = start(clone / "run", ["--version"], tools)
    assert third.returncode == 0, third.stderr
    assert "3 of 3" in third.stderr
    assert "1 of 3" not in third.stderr


def test_a_start_for_users_keeps_the_tools_for_tests(clone: Path, tools: Path) -> None:
    put_python(tools, f'exec {sys._base_executable} "$@"')
    assert start(clone / "run", ["develop"], tools).returncode == 0
    assert (clone / ".venv/bin/pytest").exists()
    assert start(clone / "run", ["--version"], tools).returncode == 0
    assert (clone / ".venv/bin/pytest").exists()


def test_the_tests_say_when_postgresql_does_not_answer(clone: Path, tools: Path) -> None:
    put_python(tools, f'exec {sys._base_executable} "$@"')
    (tools / "tail").symlink_to(shutil.which("tail") or "")
    url = "postgresql://nobody@127.0.0.1:1/none"
    done = start(clone / "test", ["--postgres"], tools, THROUGHCARE_TEST_POSTGRES=url)
    assert done.returncode == 2
    assert "RUN-201 The tests on PostgreSQL need a server" in done.stderr
