"""The supervisor, with the real web server and the real worker, killed for real."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from throughcare.config import environment, serve
from throughcare.web.faults import Refused

pytestmark = pytest.mark.load


def until(true: Callable[[], Any], seconds: float = 20) -> Any:
    """Waits for a condition and returns its value; fails when it does not come true."""
    give_up = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < give_up, f"did not come true within {seconds} s"
        time.sleep(0.02)
    return value


def answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{url}/sign-in/", timeout=10).status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    group: int
    command: str


def processes() -> list[Process]:
    """Every process that still runs: those that ended and wait to be read are left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, parent, leader = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            command = (folder / "cmdline").read_text().replace("\0", " ")
            if state != "Z":
                found.append(Process(int(folder.name), int(parent), int(leader), command))
    return found


def child(supervisor: int, kind: str) -> int:
    """The supervisor's running child of a kind ("gunicorn", "worker"), 0 when there is none at the moment."""
    return next((one.pid for one in processes() if one.parent == supervisor and kind in one.command), 0)


def group(leader: int) -> list[int]:
    return [one.pid for one in processes() if one.group == leader]


def test_a_killed_web_server_is_started_again_and_leaves_nobody_behind(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        assert until(lambda: answers(product.url))
        first = until(lambda: child(product.process.pid, "gunicorn"))
        old = until(lambda: len(group(first)) > 1 and group(first))
        os.kill(first, signal.SIGKILL)
        second = until(lambda: (pid := child(product.process.pid, "gunicorn")) != first and pid, seconds=5)
        assert not set(old) & set(group(first))
        assert second != first
        assert until(lambda: answers(product.url))


def test_a_killed_web_worker_is_replaced(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        assert until(lambda: answers(product.url))
        master = until(lambda: child(product.process.pid, "gunicorn"))
        victim = until(lambda: [pid for pid in group(master) if pid != master])[0]
        os.kill(victim, signal.SIGKILL)
        assert until(lambda: victim not in group(master) and len(group(master)) == 3)
        assert until(lambda: answers(product.url))


def test_a_killed_worker_is_started_again(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        first = until(lambda: child(product.process.pid, "config.worker"))
        os.kill(first, signal.SIGKILL)
        assert until(lambda: (pid := child(product.process.pid, "config.worker")) != first and pid, seconds=5)


def test_when_the_supervisor_is_killed_its_children_stop_and_another_can_start(
    fresh_database: Any, running: Any
) -> None:
    with running(fresh_database.environment) as product:
        assert until(lambda: answers(product.url))
        web = until(lambda: child(product.process.pid, "gunicorn"))
        worker = until(lambda: child(product.process.pid, "config.worker"))
        product.process.kill()
        assert until(lambda: not group(web) and not group(worker))
    with running(fresh_database.environment) as product:
        assert until(lambda: answers(product.url))


def test_a_stop_ends_everything_with_code_0(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        assert until(lambda: answers(product.url))
        web = until(lambda: child(product.process.pid, "gunicorn"))
        worker = until(lambda: child(product.process.pid, "config.worker"))
        product.process.terminate()
        assert product.process.wait(20) == 0
        assert not group(web)
        assert not group(worker)


def test_a_second_start_on_the_same_data_is_refused(fresh_database: Any, running: Any) -> None:
    with running(fresh_database.environment) as product:
        second = subprocess.run(
            [sys.executable, "-m", "throughcare.config.cli", "--port", "0"],
            env=fresh_database.environment,
            capture_output=True,
            text=True,
        )
        assert second.returncode == 2
        assert second.stderr.startswith(f"CF-204 Throughcare already runs here (process {product.process.pid})")


def test_a_port_in_use_is_refused_with_another_to_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"CF-203 Port {port} is in use .* ./run --port \d+"):
            serve.open_socket(port)


def test_a_child_that_dies_at_once_is_started_less_and_less_often(tmp_path: Path) -> None:
    dying = serve.Child("worker", ["-c", "raise SystemExit(3)"], tmp_path)
    now, waits = 0.0, []
    for _ in range(8):
        dying.tend(now)
        assert dying.process
        dying.process.wait(10)
        dying.tend(now + 0.1)
        assert dying.process is None
        waits.append(dying.wait)
        now = dying.start_at
    assert waits[0] < 1
    assert waits == sorted(waits)
    assert waits[-1] == serve.LONGEST_WAIT


def test_a_child_that_ran_well_is_started_again_at_once(tmp_path: Path) -> None:
    well = serve.Child("worker", ["-c", "pass"], tmp_path, wait=serve.LONGEST_WAIT)
    well.tend(0)
    assert well.process
    well.process.wait(10)
    well.tend(serve.STEADY + 1)
    assert well.start_at - (serve.STEADY + 1) < 1


@pytest.mark.parametrize(
    ("mode", "hosts", "listen"),
    [
        ("production", "throughcare.example", "127.0.0.1"),
        ("production", "localhost", "0.0.0.0"),
        ("demonstration", "localhost", "192.0.2.1"),
    ],
)
def test_it_refuses_to_listen_beyond_this_machine(mode: str, hosts: str, listen: str) -> None:
    settings = environment.read({"THROUGHCARE_MODE": mode, "THROUGHCARE_HOSTS": hosts})
    with pytest.raises(Refused, match=r"CF-201 .* second factor .* this machine only"):
        serve.only_here(settings, listen)


def test_on_this_machine_it_may_listen() -> None:
    settings = environment.read({"THROUGHCARE_MODE": "production", "THROUGHCARE_HOSTS": "localhost, 127.0.0.1, [::1]"})
    serve.only_here(settings, "127.0.0.1")
