"""The product as it is served, in a folder and a database of its own that are gone afterwards."""

import contextlib
import json
import os
import platform
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from bench.browser import Browser
from throughcare.web.faults import Fault, Refused

T = TypeVar("T")

CLONE = Path(__file__).parents[1]
SQLITE, POSTGRESQL = "sqlite", "postgresql"
COMMAND = [sys.executable, "-m", "throughcare.config.cli"]
WEB_WORKERS, WEB_THREADS = 2, 4
STOPS_WITHIN = 30  # seconds
LOG_LINES_SHOWN = 30


@dataclass(frozen=True)
class World:
    """Made-up people in a folder and a database of their own, which nobody serves.

    environment: what a process needs to work on that database.
    built:       seconds that making the people took.
    """

    data: Path
    environment: dict[str, str]
    built: float
    log: IO[str]

    def asked(self, *words: str) -> str:
        """What a process of its own says that works on the database: words for `python`."""
        command = [sys.executable, *words]
        with child(command, cwd=CLONE, env=self.environment, stdout=subprocess.PIPE, stderr=self.log) as process:
            said, _ = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return said


@dataclass(frozen=True)
class Product(World):
    """A supervisor that runs, and all that belongs to it."""

    supervisor: subprocess.Popen[str]
    port: int

    def answers(self) -> bool:
        """Does the sign-in page answer? Waits for it as long as a browser would."""
        with contextlib.closing(Browser(self.port)) as browser:
            try:
                return browser.get("/sign-in/").status == 200
            except OSError:
                return False

    def health(self) -> dict[str, Any]:
        """What the health page says."""
        with contextlib.closing(Browser(self.port)) as browser:
            return dict(json.loads(browser.get("/health/").body))


@contextlib.contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that has ended when this ends, however it ends.

    Python's own waiting gives up a quarter of a second after Ctrl+C, and leaves the process behind.
    """
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def clients(module: str) -> Iterator[subprocess.Popen[str]]:
    """The process of the clients, told and heard through its standard input and output."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with child([sys.executable, "-m", module], cwd=CLONE, process_group=0, **pipes) as process:
        yield process


@contextlib.contextmanager
def world(kind: str, server: str, people: int) -> Iterator[World]:
    """Make a world of so many people in a database of that kind, and clear all of it away afterwards."""
    with _folder() as data, _database(kind, server) as url, open(data / "log", "w+") as log:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHCARE_")} | {
            "DJANGO_SETTINGS_MODULE": "throughcare.config.settings",
            "THROUGHCARE_DATA": str(data),
            "THROUGHCARE_DATABASE": url,
            "THROUGHCARE_WEB_WORKERS": str(WEB_WORKERS),
            "THROUGHCARE_WEB_THREADS": str(WEB_THREADS),
        }
        begun = time.monotonic()
        build = [*COMMAND, "demo", "--people", str(people)]
        with child(build, env=environment, stdout=log) as building:
            if building.wait():
                raise subprocess.CalledProcessError(building.returncode, build)
        built = time.monotonic() - begun
        if url:
            _tidy(url)
        try:
            yield World(data, environment, built, log)
        except subprocess.CalledProcessError:
            sys.stderr.write(_last_lines(log))
            raise


@contextlib.contextmanager
def product(kind: str, server: str, people: int) -> Iterator[Product]:
    """Make a world, serve it on a free port, and clear all of it away."""
    with world(kind, server, people) as made:
        supervisor = subprocess.Popen(
            [*COMMAND, "--port", "0"],
            env=made.environment,
            stdout=subprocess.PIPE,
            stderr=made.log,
            text=True,
            process_group=0,
        )
        try:
            yield Product(
                made.data,
                made.environment,
                made.built,
                made.log,
                supervisor=supervisor,
                port=_port(supervisor, made.log),
            )
        finally:
            _stop(supervisor)


def stop(running: Product) -> None:
    """Stop it as an operator would, before its database is read."""
    _stop(running.supervisor)


def must_be_possible(kinds: Sequence[str], server: str) -> None:
    """Refuses what cannot be measured here, before anything is built."""
    if not sys.platform.startswith("linux"):
        raise Refused(Fault("BN-101", "", "Processes are watched through /proc.", "Measure on Linux."))
    for kind in kinds:
        if kind not in (SQLITE, POSTGRESQL):
            raise Refused(Fault("BN-102", "--databases", f"{kind!r} is no database.", "Choose from sqlite,postgresql."))
    if POSTGRESQL not in kinds:
        return
    try:
        import psycopg

        with psycopg.connect(server, connect_timeout=5) as connection:
            row = connection.execute(
                "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
            ).fetchone()
        reason = "" if row and row[0] else "its user may not create databases"
    except ImportError:
        reason = "psycopg is not installed: ./run develop does that"
    except psycopg.Error as wrong:
        reason = str(wrong).strip().splitlines()[0]
    if reason:
        raise Refused(
            Fault(
                "BN-103",
                "--databases",
                f"There is no PostgreSQL to measure on: {reason}.",
                "Set THROUGHCARE_TEST_POSTGRES to postgresql://user:password@host:port/name, of a server where "
                "databases may be made and dropped, or leave it out: --databases sqlite",
            )
        )


def version_of(kind: str, server: str) -> str:
    """The version of a database."""
    if kind == SQLITE:
        import sqlite3

        return sqlite3.sqlite_version
    import psycopg

    with psycopg.connect(server) as connection:
        return str(connection.info.parameter_status("server_version"))


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    from importlib.metadata import version

    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "throughcare": version("throughcare"),
        "django": version("django"),
        "gunicorn": version("gunicorn"),
    }


def sync_milliseconds(folder: Path) -> float:
    """How long the disk takes to store 4 kB for good: the median of 200 times."""
    times = []
    with open(folder / "sync", "wb", buffering=0) as file:
        for _ in range(200):
            file.seek(0)
            file.write(secrets.token_bytes(4096))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


@dataclass(frozen=True)
class Process:
    """One process that runs. cpu: seconds it has used."""

    pid: int
    parent: int
    group: int
    command: str
    cpu: float


def processes() -> list[Process]:
    """Every process of this machine that still runs; those that ended and wait to be read are left out."""
    found = []
    tick = os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text().replace("\0", " ")
            if fields[0] != "Z":
                cpu = (int(fields[11]) + int(fields[12])) / tick
                found.append(Process(int(folder.name), int(fields[1]), int(fields[2]), command, cpu))
    return found


@dataclass(frozen=True)
class Family:
    """The processes under one supervisor at one moment."""

    web_masters: tuple[Process, ...]
    web_workers: tuple[Process, ...]
    workers: tuple[Process, ...]


def family(supervisor: int) -> Family:
    """The supervisor's own children, and theirs: no other process is ever in it."""
    running = processes()
    children = [one for one in running if one.parent == supervisor]
    masters = tuple(one for one in children if " gunicorn " in one.command and "config.serve" not in one.command)
    return Family(
        web_masters=masters,
        web_workers=tuple(one for one in running if one.parent in {master.pid for master in masters}),
        workers=tuple(one for one in children if one.command.rstrip().endswith("-m throughcare.config.worker")),
    )


def until(true: Callable[[], T], what: str, seconds: float) -> T:
    """Waits until a condition holds, and returns its value; TimeoutError says what did not come."""
    give_up = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what}: not within {seconds:.0f} seconds")
        time.sleep(0.03)
    return value


@contextlib.contextmanager
def stopped_by_signal() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl+C does, so that everything is cleared away."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    data = Path(tempfile.mkdtemp(prefix="throughcare-bench-"))
    try:
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextlib.contextmanager
def _database(kind: str, server: str) -> Iterator[str]:
    """The address of a new, empty database: "" for SQLite, whose file goes with its folder."""
    if kind == SQLITE:
        yield ""
        return
    import psycopg

    name = f"throughcare_bench_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _tidy(url: str) -> None:
    """What PostgreSQL does by itself within minutes of a bulk load, and must not do while we measure."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _port(supervisor: subprocess.Popen[str], log: IO[str]) -> int:
    assert supervisor.stdout
    for line in supervisor.stdout:
        if "http://localhost:" in line:
            return int(line.rstrip().rpartition(":")[2])
    raise RuntimeError(f"The product did not start:\n{_last_lines(log)}")


def _stop(supervisor: subprocess.Popen[str]) -> None:
    supervisor.terminate()
    try:
        supervisor.communicate(timeout=STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # its children ask the system to be stopped with it
        supervisor.communicate()


def _last_lines(log: IO[str]) -> str:
    log.seek(0)
    return "".join(log.readlines()[-LOG_LINES_SHOWN:])
