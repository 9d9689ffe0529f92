"""`./run processes`: what runs, and what the table says of one act, without touching the database."""

import json
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from throughcare.processes import documents, rules
from throughcare.processes.registry import rooms
from throughcare.processes.table import Process

app = typer.Typer(help="The processes that run, as tables.", no_args_is_help=True)
out = Console(soft_wrap=True, highlight=False, markup=False)


@app.command("list")
def list_() -> None:
    """Every process that runs."""
    table = Table("Process", "What it does", "Steps")
    for name, room in rooms().items():
        table.add_row(name, room.process.words, str(len(room.process.steps)))
    out.print(table)


@app.command()
def show(name: str) -> None:
    """One process: its steps, deadlines, limits and differences from the reference table."""
    out.print(documents.markdown(_process(name)))


@app.command("try")
def try_(
    name: str,
    state: Annotated[str, typer.Option(help="The state the case is in")],
    verb: Annotated[str, typer.Option(help="The act")],
    role: Annotated[str, typer.Option(help="Who acts: a role of the table, such as sender or receiver")],
    on: Annotated[str, typer.Option(help="The day, as YYYY-MM-DD: the rules in force then apply")],
    strand: Annotated[str, typer.Option(help="The strand; needed only where a process has several")] = "",
    fact: Annotated[list[str] | None, typer.Option(help="A fact as code=value; may be given again")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """What the table says of one act: allowed, flagged or refused, with numbers. Exit 0 when it is not refused."""
    process = _process(name)
    facts: dict[str, object] = {}
    for text in fact or []:
        code, sign, value = text.partition("=")
        if not sign or not code:
            raise typer.BadParameter(f"{text!r} is not a fact. Write it as code=value.", param_hint="--fact")
        facts[code] = value
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise typer.BadParameter(f"{on!r} is not a date. Write it as YYYY-MM-DD.", param_hint="--on") from None
    if state not in {s for step in process.steps for s in (step.from_, step.to)}:
        known = ", ".join(dict.fromkeys(s for step in process.steps for s in (step.from_, step.to)))
        raise typer.BadParameter(f"{state!r} is not a state of {name}. There are: {known}.", param_hint="--state")
    chosen = strand or next((step.strand for step in process.steps if step.verb == verb), process.strands()[0])
    if chosen not in process.strands():
        known = ", ".join(process.strands())
        raise typer.BadParameter(f"{strand!r} is not a strand of {name}. There are: {known}.", param_hint="--strand")
    verdict = rules.judge(process, strand=chosen, state=state, verb=verb, roles=[role], facts=facts, on=day)
    answer = "refused" if verdict.refused else "flagged" if verdict.faults else "allowed"
    step = verdict.step
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "process": name,
                    "strand": chosen,
                    "answer": answer,
                    "step": step.id if step and not verdict.refused else None,
                    "to": step.to if step and verdict.moves and not verdict.refused else state,
                    "kind": step.kind if step else None,
                    "faults": [vars(fault) for fault in verdict.faults],
                }
            )
        )
    else:
        out.print(f"{answer}: {step.id}, to {step.to}" if step and not verdict.refused else answer)
        for fault in verdict.faults:
            out.print(f"  {fault}")
    raise typer.Exit(2 if verdict.refused else 0)


def _process(name: str) -> Process:
    if name not in rooms():
        raise typer.BadParameter(f"{name!r} is not a process. There are: {', '.join(rooms())}.", param_hint="NAME")
    return rooms()[name].process
