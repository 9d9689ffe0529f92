"""What `./run check` finds: every setting in force, and numbered faults with their mend."""

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from throughcare.config import environment
from throughcare.config.environment import Environment, WrongSetting
from throughcare.config.serve import alone
from throughcare.web.faults import Fault, Refused

LEAST_DISK, LEAST_POSTGRES = 1_000_000_000, 15  # bytes; major version
SQLITE_WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}  # 2 is FULL: a stored write stays stored


@dataclass(frozen=True)
class Fact:
    """Something in force: its name, its value in words (secrets hidden), and what it means."""

    name: str
    value: str
    meaning: str


@dataclass
class Report:
    """What was found. No faults means that Throughcare can work here."""

    facts: list[Fact] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(settings: Environment) -> Report:
    """Looks at everything. Changes nothing, apart from making the data folder and key file when they are missing."""
    found = Report()
    for variable in environment.VARIABLES:
        found.facts.append(Fact(variable.name, _shown(settings, variable.name), variable.meaning))
    found.facts.append(Fact("Python", platform.python_version(), f"{sys.executable}; tested on 3.11"))
    found.faults += _folder(settings, found.facts)
    if found.faults:  # Django itself needs the folder and the key
        return found
    import django

    django.setup()
    found.faults += _reference()
    found.faults += _database(settings, found.facts)
    return found


def _shown(settings: Environment, name: str) -> str:
    value = getattr(settings, name.removeprefix("THROUGHCARE_").lower())
    if name in ("THROUGHCARE_DATABASE", "THROUGHCARE_SMTP"):
        password = urlsplit(value).password
        unset = "SQLite" if name == "THROUGHCARE_DATABASE" else "e-mail is off"
        return (value.replace(f":{password}@", ":(hidden)@") if password else value) or unset
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _folder(settings: Environment, facts: list[Fact]) -> Iterator[Fault]:
    folder = settings.data
    try:
        settings.make_data()
        settings.secret_key()
    except (WrongSetting, OSError) as wrong:
        yield Fault(
            "CF-301", "THROUGHCARE_DATA", str(wrong), "Give this user the folder and all in it, or name another."
        )
        return
    clone = Path(__file__).parents[3]
    if (clone / "pyproject.toml").exists() and folder.resolve().is_relative_to(clone):
        yield Fault(
            "CF-302",
            "THROUGHCARE_DATA",
            f"{folder} is inside the clone, where an update or a clean-up may delete it.",
            "Move it elsewhere and set THROUGHCARE_DATA.",
        )
    mode = settings.key_file.stat().st_mode & 0o777
    if mode != 0o600:
        yield Fault(
            "CF-303",
            "THROUGHCARE_DATA",
            f"The key file can be read by others than its owner (mode {mode:04o}).",
            f"Run: chmod 600 {settings.key_file}",
        )
    free = shutil.disk_usage(folder).free
    facts.append(Fact("Disk free", f"{free / 1e9:.1f} GB", "where the data folder is"))
    if free < LEAST_DISK:
        yield Fault(
            "CF-304", "THROUGHCARE_DATA", "Less than 1 GB of disk is free.", "Make room, or move the data folder."
        )


def _reference() -> Iterator[Fault]:
    from throughcare.reference import check as reference

    for fault in reference.faults():
        yield Fault("CF-305", "", f"A shipped table cannot be used: {fault}.", "Fetch this version again.")


def _database(settings: Environment, facts: list[Fact]) -> Iterator[Fault]:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as wrong:
        yield Fault(
            "CF-306",
            "THROUGHCARE_DATABASE",
            f"The database cannot be reached: {str(wrong).strip().splitlines()[0]}.",
            "Start it, or mend THROUGHCARE_DATABASE.",
        )
        return
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name, wanted in SQLITE_WANTED.items():
                value = cursor.execute(f"PRAGMA {name}").fetchone()[0]
                facts.append(Fact(f"SQLite {name}", str(value), f"must be {wanted}"))
                if value != wanted:
                    yield Fault(
                        "CF-307",
                        "",
                        f"SQLite's {name} is {value} and must be {wanted}.",
                        "Put the data folder on a local disk: network folders cannot keep a database safe.",
                    )
    else:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            version = int(cursor.fetchone()[0]) // 10_000
        facts.append(Fact("PostgreSQL", str(version), f"{LEAST_POSTGRES} or newer"))
        if version < LEAST_POSTGRES:
            yield Fault(
                "CF-308", "THROUGHCARE_DATABASE", f"PostgreSQL {version} is too old.", f"Use {LEAST_POSTGRES} or newer."
            )
    yield from _shape(settings, facts)


def _shape(settings: Environment, facts: list[Fact]) -> Iterator[Fault]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    facts.append(Fact("Changes of shape missing", str(missing), "in the database"))
    if missing:
        yield Fault(
            "CF-309",
            "",
            f"The database lacks {missing} changes of shape that this version needs.",
            "Back it up if it holds real people, then run ./run migrate",
        )
        return
    yield from _worker(settings, facts)


def _worker(settings: Environment, facts: list[Fact]) -> Iterator[Fault]:
    from django.utils import timezone

    from throughcare.processes.health import health

    now, state = timezone.now(), health()
    age = f"{(now - state.last_sweep).total_seconds():.0f} seconds ago" if state.last_sweep else "never"
    facts.append(Fact("Last sweep of deadlines", age, "by the worker"))
    try:
        with alone(settings):
            return  # nothing serves here, so nothing is late
    except Refused:
        if state.sweep_is_late(now):
            yield Fault(
                "CF-310",
                "",
                f"Throughcare runs, but its worker last swept the deadlines {age}.",
                "Wait a minute after a start; then read the log for the worker's words.",
            )
