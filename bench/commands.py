"""`./run bench`: what Throughcare measures of itself. README.md beside this file says what each figure means."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import kill as killing
from bench import product
from bench import sweep as sweeping
from bench import web as pages
from bench.product import Product, World

app = typer.Typer(help="Measure speed and safety, in a folder and databases of their own.", no_args_is_help=True)
out = Console(soft_wrap=True, highlight=False, markup=False)

SERVER = os.environ.get("THROUGHCARE_TEST_POSTGRES") or "postgresql://root@127.0.0.1:5432/test"
PEOPLE_BESIDE = 100
"""Made-up people of the world in which deadlines are swept; what is swept is made beside them."""
BOTH = f"{product.SQLITE},{product.POSTGRESQL}"

Databases = Annotated[str, typer.Option(help="sqlite, postgresql, or both with a comma.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write every figure to this file too.")]
Seed = Annotated[int, typer.Option(help="The same seed draws the same order and the same moments.")]


@app.command()
def web(
    people: Annotated[int, typer.Option(min=100, max=1_000_000, help="Made-up people.")] = 20_000,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Measured for each page, after a warm-up.")] = 20,
    databases: Databases = BOTH,
    json_file: Json = None,
    seed: Seed = 1,
) -> None:
    """How long pages take: eight people at work at once, two web workers, the real product."""

    def measure(running: Product, about: dict[str, Any]) -> None:
        figures = pages.measure(running, seconds, seed)
        about["pages"] = [asdict(one) | {"met": one.met} for one in figures]
        out.print(_pages_table(figures))

    _measure(databases, people, json_file, measure, about={"seconds": seconds, "seed": seed, **pages.SETTING})


@app.command()
def kill(
    kills: Annotated[int, typer.Option(min=3, max=10_000, help="How many processes to kill.")] = 100,
    people: Annotated[int, typer.Option(min=100, max=1_000_000, help="Made-up people.")] = 400,
    databases: Databases = BOTH,
    json_file: Json = None,
    seed: Seed = 1,
) -> int:
    """Kill the product again and again while hand-overs are written. Exit code 1 if anything acknowledged is lost."""
    good = True

    def measure(running: Product, about: dict[str, Any]) -> None:
        nonlocal good
        result = killing.run(running, kills, seed)
        about |= result.as_dict()
        good = good and result.good
        out.print(_kill_words(result))

    _measure(databases, people, json_file, measure, about={"kills": kills, "seed": seed})
    return 0 if good else 1


@app.command()
def sweep(
    open_: Annotated[int, typer.Option("--open", min=100, max=1_000_000, help="Deadlines that are open.")] = 100_000,
    due: Annotated[int, typer.Option(min=1, help="How many of them have passed, on an ordinary day.")] = 1_000,
    longest: Annotated[float, typer.Option(min=1, help="Seconds after which the sweep after an outage is left.")] = 120,
    databases: Databases = BOTH,
    json_file: Json = None,
) -> None:
    """How long it takes to find and mark the deadlines that have passed: a few of many, and all after an outage."""

    def measure(made: World, about: dict[str, Any]) -> None:
        figures = sweeping.measure(made, open_, min(due, open_), longest)
        about["sweeps"] = [asdict(one) for one in figures]
        out.print(_sweeps_table(figures))

    about = {"open": open_, "due": due, "longest": longest}
    _measure(databases, PEOPLE_BESIDE, json_file, measure, about=about, of=product.world)


def _measure(
    databases: str,
    people: int,
    json_file: Path | None,
    measure: Callable[[Any, dict[str, Any]], None],
    about: dict[str, Any],
    of: Callable[[str, str, int], AbstractContextManager[World]] = product.product,
) -> None:
    """Run one measurement on each database, each time in a new product or world, and write the figures down."""
    kinds = [kind.strip() for kind in databases.split(",")]
    product.must_be_possible(kinds, SERVER)
    report: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": product.machine(),
        "people": people,
        **about,
        "databases": [],
    }
    with product.stopped_by_signal():
        for kind in kinds:
            load = os.getloadavg()[0]
            with of(kind, SERVER, people) as running:
                found: dict[str, Any] = {
                    "database": kind,
                    "version": product.version_of(kind, SERVER),
                    "sync_ms": round(product.sync_milliseconds(running.data), 3),
                    "load_before": round(load, 2),
                    "built_seconds": round(running.built, 1),
                }
                out.print(
                    f"\n{kind} {found['version']}, {people:,} people built in {running.built:.0f} s. The disk syncs in "
                    f"{found['sync_ms']} ms. Load of this machine before: {load:.1f}"
                )
                measure(running, found)
            report["databases"].append(found)
            if json_file:
                json_file.write_text(json.dumps(report, indent=2) + "\n")


def _sweeps_table(figures: list[sweeping.Figures]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Sweep", "Open", "Due", "Marked", "Find s", "All s", "ms each", "CPU ms", "Met"):
        table.add_column(heading, justify="left" if heading == "Sweep" else "right", no_wrap=True)
    for one in figures:
        table.add_row(
            one.sweep,
            f"{one.open:,}",
            f"{one.due:,}",
            f"{one.marked:,}",
            f"{one.finding:.3f}",
            f"{one.seconds:.1f}",
            *((f"{one.milliseconds:.1f}", f"{one.cpu_milliseconds:.1f}") if one.marked else ("", "")),
            "yes" if one.met else "no",
        )
    return table


def _pages_table(figures: list[pages.Figures]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Page", "p50 s", "p95 s", "p99 s", "Bar s", "Met", "Per s", "CPU ms", "SQL", "Errors"):
        table.add_column(heading, justify="left" if heading == "Page" else "right", no_wrap=True)
    for one in figures:
        table.add_row(
            one.page,
            *(f"{seconds:.3f}" for seconds in (one.p50, one.p95, one.p99)),
            "" if one.bar is None else f"{one.bar:.2f}",
            {None: "", True: "yes", False: "no"}[one.met],
            f"{one.per_second:.0f}",
            f"{one.cpu:.1f}",
            str(one.statements),
            ", ".join(f"{count} × {what}" for what, count in one.errors.items()) or "0",
        )
    return table


def _kill_words(result: killing.Result) -> str:
    killed = ", ".join(f"{kind} {count}" for kind, count in sorted(result.killed.items()))
    lines = [
        f"Killed: {sum(result.killed.values())} ({killed}); started again: {sum(result.back.values())}; "
        f"longest until all was back: {result.longest:.1f} s",
        f"Requests interrupted: {result.interrupted}, each sent again",
        f"Acknowledged: {result.acknowledged}; found with their events: {result.found}; lost: {len(result.lost)}; "
        f"stored without an answer: {result.stored_unasked}",
        f"Messages: {result.messages}; delivered once: {result.messages_once}; more than once: "
        f"{result.messages_again}; never: {result.messages_never}",
        f"Events verify (exit code {result.verify_code}): {result.verify}",
        *(f"LOST case {case}, {verb}" for case, verb in result.lost),
        *(f"A client stopped: {reason}" for reason in result.failed),
        "Held." if result.good else "DID NOT HOLD.",
    ]
    return "\n".join(lines)
