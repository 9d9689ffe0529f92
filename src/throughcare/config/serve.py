"""The supervisor: two children, the web server and the worker, kept alive until it is told to stop.

The supervisor owns the listening socket and hands it to the web server, so that callers wait a moment instead of being
turned away while a web server that died is started again. Each child leads its own process group, so that what a dead
child leaves behind can be cleared away. A child also stops when the supervisor itself is killed.
"""

import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from throughcare.config.environment import PRODUCTION, Environment
from throughcare.web.faults import Fault, Refused

log = logging.getLogger("throughcare.supervisor")

HERE = ("localhost", "127.0.0.1", "[::1]")
POLL, FIRST_WAIT, LONGEST_WAIT, STEADY = 0.2, 0.2, 10.0, 3.0  # seconds
GRACE = 10  # seconds a request in hand may still take once a stop was asked for
FREED_WITHIN = 3.0  # seconds: a supervisor that was killed may leave its port taken for a moment


def only_here(environment: Environment, listen: str) -> None:
    """Refuses to be reached from other machines: passwords alone do not guard a record of treatment."""
    asked = [listen] if listen not in ("localhost", "127.0.0.1") else []
    if environment.mode == PRODUCTION:
        asked += [host for host in environment.hosts if host not in HERE]
    if asked:
        raise Refused(
            Fault(
                "CF-201",
                "--listen" if listen in asked else "THROUGHCARE_HOSTS",
                f"Throughcare was asked to answer as {', '.join(asked)}. Until a second factor at sign-in and "
                "approvals exist, it listens on this machine only.",
                "Leave out --listen, and leave THROUGHCARE_HOSTS at localhost,127.0.0.1.",
            )
        )


@contextlib.contextmanager
def alone(environment: Environment) -> Iterator[None]:
    """Held by whoever serves or changes the shape of a database: one at a time for each data folder and mode.

    The lock belongs to this process and goes with it, however it ends; a file left behind locks nothing.
    """
    path = environment.make_data() / f"{environment.mode}.lock"
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(
                Fault(
                    "CF-204",
                    "THROUGHCARE_DATA",
                    f"Throughcare already runs here (process {file.read().strip() or 'unknown'}) with the "
                    f"{environment.mode} data in {environment.data}.",
                    "Stop that one first, or set THROUGHCARE_DATA to another folder.",
                )
            ) from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def open_socket(port: int) -> socket.socket:
    """The listening socket on this machine only. Port 0 takes any free one."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    give_up = time.monotonic() + FREED_WITHIN
    while True:
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen(1024)
            return listening
        except PermissionError:
            raise Refused(
                Fault("CF-202", "--port", f"Port {port} may be opened by root only.", "Use another: ./run --port 8000.")
            ) from None
        except OSError:
            if time.monotonic() < give_up:
                time.sleep(POLL)
                continue
            raise Refused(
                Fault(
                    "CF-203",
                    "--port",
                    f"Port {port} is in use by another program.",
                    f"Use another: ./run --port {port + 1 if port < 65535 else 8000}.",
                )
            ) from None


@dataclass
class Child:
    """One process to be kept alive. `wait` is how long, in seconds, its next start is put off."""

    name: str
    command: Sequence[str]
    folder: Path
    pass_fds: Sequence[int] = ()
    wait: float = FIRST_WAIT
    started: float = 0.0
    start_at: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def tend(self, now: float) -> None:
        """Starts it when it is due; notices that it died, clears its group, and sets when it is due again."""
        if self.process is None:
            if now >= self.start_at:
                self._start(now)
            return
        ended = self.process.poll()
        if ended is None:
            return
        self._signal(signal.SIGKILL)
        self.process = None
        self.wait = FIRST_WAIT if now - self.started >= STEADY else min(self.wait * 2, LONGEST_WAIT)
        self.start_at = now + self.wait
        log.error("The %s ended (%s). It is started again in %.1f seconds.", self.name, _how(ended), self.wait)

    def _start(self, now: float) -> None:
        self.process = subprocess.Popen(  # noqa: S603 (the command is made below, nobody types it)
            [sys.executable, "-m", "throughcare.config.serve", str(os.getpid()), *self.command],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            pass_fds=self.pass_fds,
            process_group=0,
        )
        self.started = now

    def stop(self) -> None:
        """Asks it to finish; `ended` waits for that."""
        if self.process is not None:
            self.process.terminate()

    def ended(self, give_up: float) -> None:
        """Waits for a stopped child until the monotonic time `give_up`, then clears away what is left of its group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, give_up - time.monotonic()))
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def serve(environment: Environment, listening: socket.socket) -> None:
    """Runs the web server and the worker until SIGTERM or SIGINT."""
    web = Child("web server", _web_command(environment, listening.fileno()), environment.data, [listening.fileno()])
    worker = Child("worker", ["-m", "throughcare.config.worker"], environment.data)
    keep_alive([web, worker])


def keep_alive(children: Sequence[Child]) -> None:
    """Tends the children until SIGTERM or SIGINT, then stops them all."""
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        while not stopping:
            for child in children:
                child.tend(time.monotonic())
            time.sleep(POLL)
    finally:
        for child in children:
            child.stop()
        give_up = time.monotonic() + GRACE + 2
        for child in children:
            child.ended(give_up)


def _web_command(environment: Environment, handle: int) -> list[str]:
    memory = Path("/dev/shm")  # noqa: S108 (gunicorn makes its own unguessable, unlinked file there)
    heartbeat = memory if os.access(memory, os.W_OK) else environment.data  # a slow disk must not look like a hang
    return [
        *("-m", "gunicorn", "throughcare.config.wsgi:application", "--bind", f"fd://{handle}"),
        *("--worker-class", "gthread", "--no-control-socket", "--log-level", "warning"),
        *("--workers", str(environment.web_workers), "--threads", str(environment.web_threads)),
        *("--graceful-timeout", str(GRACE), "--worker-tmp-dir", str(heartbeat)),
    ]


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _child(supervisor: int, command: Sequence[str]) -> None:
    """The first thing a child does: ask the system to be stopped with the supervisor, then become its command."""
    if sys.platform == "linux":
        die_with_parent = 1  # PR_SET_PDEATHSIG in prctl(2); it outlives the exec below
        ctypes.CDLL(None).prctl(die_with_parent, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != supervisor:  # it was killed before the line above
        return
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606


if __name__ == "__main__":
    _child(int(sys.argv[1]), sys.argv[2:])
