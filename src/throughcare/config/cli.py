"""The command line: `./run` serves, `./run WORD` does something else.

Exit codes: 0 all is well, 1 faults were found, 2 refused or used wrongly. What a word needs is imported inside it, so
that the others start quickly.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

import throughcare
from throughcare.config import environment
from throughcare.config.environment import PRODUCTION, Environment, WrongSetting
from throughcare.web.faults import Fault, Refused

ROOT = Path(__file__).parents[3]  # the clone
OTHERS = {  # words that live in another room: module (and name, if not app) of their Typer app, and what they are for
    "account": ("throughcare.organisations.commands", "make somebody's account and enter where they work"),
    "front-door": ("throughcare.organisations.commands:front_door_app", "say who answers the public page of an area"),
    "outside": ("throughcare.organisations.outside", "enter a service that has no accounts and answers by link"),
    "demo": ("throughcare.demo.commands", "make a made-up area of any size"),
    "processes": ("throughcare.processes.commands", "list, show or try the processes"),
    "bench": ("bench.commands", "measure speed and size, from a clone"),
}
DEMONSTRATION_PEOPLE, DEMONSTRATION_SEED = 400, 1

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

app = typer.Typer(
    help="Throughcare. Without a word it sets up and serves. --production, with any word, takes the production data.",
    epilog="Also: " + "; ".join(f"{word}: {purpose}" for word, (_, purpose) in OTHERS.items()) + ".",
    add_completion=False,
    pretty_exceptions_enable=False,
)
events = typer.Typer(help="The chained record of what was done.", no_args_is_help=True)
app.add_typer(events, name="events")


def main() -> None:
    """Runs the words typed and ends with their exit code."""
    sys.exit(run(sys.argv[1:]))


def run(typed: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; whatever it has to say is printed."""
    words = list(typed)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughcare.config.settings")
    if "--production" in words:  # says which data, not what to do with them, so it may stand anywhere
        words.remove("--production")
        os.environ["THROUGHCARE_MODE"] = PRODUCTION
    if not words or (words[0].startswith("-") and words[0] not in ("--help", "--version")):
        words.insert(0, "serve")
    try:
        if words[0] in OTHERS:
            _add(words[0])
        code = app(words, prog_name="./run", standalone_mode=False)
    except WrongSetting as wrong:
        return _say("CF-101", str(wrong))
    except typer.TyperException as wrong:
        if wrong.message:  # empty when a word that needs another was shown its help instead
            _say("CF-102", f"{wrong.format_message()} (./run --help lists the words.)")
        return 2
    except Refused as refused:
        for fault in refused.faults:
            _say(fault.number, f"{fault.rule} {fault.mend}")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        return 130
    return code if isinstance(code, int) else 0


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False) -> None:
    if version:
        out.print(f"Throughcare {throughcare.__version__}")


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")] = 8000,
    listen: Annotated[str, typer.Option(help="Address to listen on. So far, this machine only.")] = "127.0.0.1",
) -> None:
    """Set up what is missing, then serve until stopped. What ./run does without a word."""
    from throughcare.config import serve as supervisor

    settings = environment.read()
    supervisor.only_here(settings, listen)
    with supervisor.alone(settings), supervisor.open_socket(port) as listening:
        _prepare(settings)
        out.print(f"\nThroughcare {throughcare.__version__} is at http://localhost:{listening.getsockname()[1]}")
        if settings.made_up:
            _print_sign_ins()
        out.print("Ctrl+C stops it.")
        supervisor.serve(settings, listening)


@app.command()
def setup() -> None:
    """Do all that serving needs, but do not serve."""
    from throughcare.config.serve import alone

    settings = environment.read()
    with alone(settings):
        _prepare(settings)
    out.print(f"Ready. The {settings.mode} data are in {settings.data}. ./run serves them.")


@app.command()
def migrate() -> None:
    """Bring the database to the shape this version needs. Back up a production database first."""
    from throughcare.config.serve import alone

    settings = environment.read()
    with alone(settings):
        count = _migrate(settings, allowed=True)
    out.print(f"{count} changes applied." if count else "The database already has the shape this version needs.")


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> int:
    """Show every setting, and find what would keep Throughcare from working well."""
    from throughcare.config import check as checks

    report = checks.report(environment.read())
    if as_json:
        out.print_json(json.dumps(report.as_dict()))
    else:
        table = _table("Setting", "Value", "What it is")
        for fact in report.facts:
            table.add_row(fact.name, fact.value, fact.meaning)
        out.print(table)
        for fault in report.faults:
            out.print(f"\n{fault}")
        out.print(f"\nFaults: {len(report.faults)}")
    return 1 if report.faults else 0


@events.command()
def verify() -> int:
    """Read the whole chain of events and name each that was altered, removed or exchanged."""
    missing, _ = _missing(environment.read())
    if missing:
        raise Refused(Fault("CF-208", "", "The database does not have the shape of this version.", "Run: ./run setup"))
    from throughcare.sharing import checking

    with err.status("Reading the chain") as status:
        verdict = checking.verify(lambda done, total, _: status.update(f"Reading: {done:,} of {total:,} events"))
    for fault in verdict.faults:
        out.print(f"EV-201 {fault}")
    out.print(
        f"{verdict.events:,} events and {verdict.looks:,} looks read, {len(verdict.faults)} faults. "
        f"Head: {verdict.head}"
    )
    return 1 if verdict.faults else 0


@app.command()
def docs(
    checking: Annotated[bool, typer.Option("--check", help="Write nothing; name what is out of date.")] = False,
) -> int:
    """Write the documents that are made from the code that runs. From a clone only."""
    _in_a_clone("docs")
    code = 0
    for path, text in generated():
        file = ROOT / path
        wanted = text()
        if checking and (not file.exists() or file.read_text() != wanted):
            _say("CF-401", f"{path} does not match the code. Run: ./run docs")
            code = 1
        elif not checking:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted)
            out.print(path)
    return code


def generated() -> list[tuple[str, Callable[[], str]]]:
    """Every document made from code: its path inside the clone, and what makes its text."""
    import django

    django.setup()
    from throughcare.processes import documents
    from throughcare.processes.registry import rooms

    return [
        ("docs/generated/settings.md", _settings_page),
        *((f"docs/processes/{name}.md", partial(documents.markdown, room.process)) for name, room in rooms().items()),
    ]


def _settings_page() -> str:
    rows = [
        f"| `{v.name}` | {f'`{v.default}`' if v.default else 'empty'} | {v.meaning} |" for v in environment.VARIABLES
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Written by `./run docs` from the code that reads them. All are environment variables. `./run check` shows",
            "those in force.",
            "",
            "| Variable | When unset | Meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _add(word: str) -> None:
    """Adds the commands of another room under their word."""
    if word == "bench":
        if not (ROOT / "bench").is_dir():
            return
        sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    module, _, named = OTHERS[word][0].partition(":")
    app.add_typer(getattr(importlib.import_module(module), named or "app"), name=word)


def _prepare(settings: Environment) -> None:
    """Database, reference tables and, for a demonstration, made-up people: whatever of it is not there yet."""
    if settings.made_up:
        _refuse_real_people(settings)
    _migrate(settings, allowed=settings.made_up)
    from throughcare.reference import check as reference

    if faults := list(reference.faults()):
        raise Refused(
            *(
                Fault("CF-207", "", f"A shipped table cannot be used: {fault}.", "Fetch this version again.")
                for fault in faults
            )
        )
    if settings.made_up:
        from django.utils import timezone

        from throughcare.demo import build
        from throughcare.organisations.models import Organisation

        if not Organisation.objects.exists():
            with _progress() as progress:
                bar = progress.add_task("Made-up people", total=None)

                def show(done: int, total: int, doing: str) -> None:
                    progress.update(bar, completed=done, total=total, description=doing)

                build.build(
                    people=DEMONSTRATION_PEOPLE, on=timezone.localdate(), seed=DEMONSTRATION_SEED, progress=show
                )
    from django.db import connections

    connections.close_all()


def _ready(settings: Environment) -> None:
    """Loads Django and refuses when the database cannot be reached."""
    import django

    django.setup()
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as wrong:
        raise Refused(
            Fault(
                "CF-205",
                "THROUGHCARE_DATABASE",
                f"The database cannot be reached: {str(wrong).strip().splitlines()[0]}.",
                "Start it, or mend THROUGHCARE_DATABASE."
                if settings.database
                else f"Check the folder {settings.data}.",
            )
        ) from None


def _refuse_real_people(settings: Environment) -> None:
    """A demonstration shapes and shows its database unasked, so it keeps away from one that it did not make.

    On SQLite each mode has its own file; on PostgreSQL one address may be given to both.
    """
    _ready(settings)
    from django.db import connection

    from throughcare.accounts.models import User
    from throughcare.demo import build

    if User._meta.db_table not in connection.introspection.table_names():
        return
    made_up = [sign_in.email for sign_in in build.sign_ins()]
    if User.objects.exists() and not User.objects.filter(email__in=made_up).exists():
        raise Refused(
            Fault(
                "CF-209",
                "THROUGHCARE_MODE",
                "This database has users that the demonstration did not make, and a demonstration never touches it.",
                "For the production data: ./run --production. For a demonstration, name another THROUGHCARE_DATABASE.",
            )
        )


def _missing(settings: Environment) -> tuple[int, bool]:
    """How many changes of shape the database lacks, and whether it is still empty."""
    _ready(settings)
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return len(plan), not executor.loader.applied_migrations


def _migrate(settings: Environment, *, allowed: bool) -> int:
    """Applies the changes of shape that are missing and returns how many. An empty database is always filled.

    One that is not empty is changed only when `allowed`; otherwise Refused says what to do.
    """
    missing, empty = _missing(settings)
    if not missing:
        return 0
    if not empty and not allowed:
        raise Refused(
            Fault(
                "CF-206",
                "",
                f"This version needs {missing} changes to the shape of the {settings.mode} database, "
                "and they are never made unasked.",
                "Back the database up, then run: ./run migrate --production",
            )
        )
    from django.core.management import call_command

    with _progress() as progress:
        bar = progress.add_task("Database", total=missing)

        class Steps:
            """Stands where Django writes its lines, and counts those that end a step."""

            def write(self, text: str) -> None:
                progress.advance(bar, text.count(" OK"))

        call_command("migrate", interactive=False, no_color=True, stdout=Steps())
    return missing


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        yield progress


def _print_sign_ins() -> None:
    from throughcare.demo import build

    sign_ins = build.sign_ins()
    width = max(len(sign_in.role_name) for sign_in in sign_ins)
    out.print("Everyone in it is made up. Sign in as one of these:\n")
    for sign_in in sign_ins:
        out.print(f"  {sign_in.role_name:<{width}}  {sign_in.email}")
    out.print(f"\nThe password of each is: {sign_ins[0].password}\n")


def _table(*headings: str) -> Table:
    """A table in which long words are folded, never cut."""
    columns = [Column(heading, overflow="fold") for heading in headings]
    return Table(*columns, box=None, pad_edge=False, header_style="bold")


def _in_a_clone(word: str) -> None:
    if not (ROOT / "pyproject.toml").exists():
        raise Refused(Fault("CF-104", "", f"'{word}' works in a clone only.", "Clone the repository and run it there."))


def _say(number: str, words: str) -> int:
    err.print(f"{number} {words}")
    return 2


if __name__ == "__main__":
    main()
