"""`./run demo`: make a made-up world of any size."""

import resource
import time
from datetime import date
from typing import Annotated

import typer
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError
from django.utils.timezone import localdate
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from throughcare.demo import build
from throughcare.web.faults import Fault, Refused

app = typer.Typer(help="Make made-up people, for demonstration, training and measuring.")
out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@app.callback(invoke_without_command=True)
def demo(
    people: Annotated[int, typer.Option(help="How many, from 100 to 1,000,000.")] = 400,
    on: Annotated[
        str, typer.Option(help="The day the world is told on, such as 2027-02-04. Today when left out.")
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed and day make the same world.")] = 1,
) -> None:
    """Fill an empty database with Northbridge and its made-up people."""
    if not settings.MADE_UP:
        raise Refused(
            Fault("DM-102", "", "Made-up people never go into the production database.", "Leave out --production.")
        )
    day = _day(on)
    begun = time.monotonic()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as wrong:
        reason = str(wrong).strip().splitlines()[0]
        raise Refused(
            Fault("DM-106", "THROUGHCARE_DATABASE", f"The database cannot be reached: {reason}.", "Start it.")
        ) from None
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        bar = progress.add_task("Made-up people", total=people)

        def show(done: int, total: int, doing: str) -> None:
            progress.update(bar, completed=done, total=total, description=doing)

        summary = build.build(people=people, on=day, seed=seed, progress=show)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(summary.rows.values())
    out.print(f"{summary.people:,} made-up people as at {summary.on}, seed {summary.seed}: {rows:,} rows.")
    out.print(f"{time.monotonic() - begun:.0f} seconds, {peak:.0f} MB of memory at most.")


def _day(text: str) -> date:
    if not text:
        return localdate()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(
            Fault("DM-105", "--on", f"{text!r} is not a day.", "Write year, month, day: --on 2027-02-04")
        ) from None
