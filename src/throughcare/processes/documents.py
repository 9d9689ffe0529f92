"""The documentation of a process, made from the table that runs: for the product's own page and for docs/processes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from throughcare.processes.table import Process, Step, sentence
from throughcare.processes.universal_rules import EVENTS, NOT_BUILT
from throughcare.reference.pathways import Clock, Limit, UniversalRow, universal_rows


@dataclass(frozen=True)
class StepWords:
    """One step of the table in words."""

    id: str
    strand: str
    before: str
    act: str
    after: str
    who: str
    needs: str
    follows: str
    kind: str
    source: str
    mark: str


@dataclass(frozen=True)
class EventWords:
    """One event that is possible from every open state, in words."""

    id: str
    words: str
    effect: str
    who: str
    needs: str
    follows: str
    clocks: str
    kind: str
    source: str
    mark: str


EFFECTS = {
    "close": "closes",
    "pause": "local clocks pause",
    "resume": "what was paused goes on",
    "undo": "as if it had not been reported",
    "continue": "goes on",
    "open_handover": "goes on; a new hand-over is asked for",
}


@dataclass(frozen=True)
class ProcessDocument:
    """A process as its readers see it."""

    process: Process
    steps: tuple[StepWords, ...]
    clocks: tuple[Clock, ...]
    limits: tuple[Limit, ...]
    differs: tuple[tuple[str, str], ...]
    events: tuple[EventWords, ...]


def page(process: Process) -> ProcessDocument:
    """The whole documentation of a process as plain values."""
    started = {clock for step in process.steps for clock in step.starts}
    looked_at = {limit for step in process.steps for limit in step.rule}
    return ProcessDocument(
        process=process,
        steps=tuple(_words(process, step) for step in process.steps),
        clocks=tuple(clock for id_, clock in process.clocks.items() if id_ in started),
        limits=tuple(limit for id_, limit in process.limits.items() if id_ in looked_at),
        differs=tuple(_ranges(process.differs)),
        events=tuple(_event(process, row) for row in universal_rows(process.name)),
    )


def markdown(process: Process) -> str:
    """The page for docs/processes."""
    document = page(process)
    lines = [
        f"# {process.title}",
        "",
        "Made from the table that runs, by `./run docs`. Do not edit.",
        "",
        process.words,
        "",
        "```mermaid",
        *diagram(process),
        "```",
        "",
        "## Steps",
        "",
        *_table(
            ("Step", "From", "Act", "To", "Who", "Needs", "What follows", "Kind", "Source", "Checked"),
            (
                (s.id, s.before, s.act, s.after, s.who, s.needs, s.follows, s.kind, s.source, s.mark)
                for s in document.steps
            ),
        ),
        "",
        "A step *performed* in Throughcare is refused when it breaks a rule. A fact *reported* about the world is "
        "always recorded, and flagged when it does.",
        "",
        "## What can happen at any time",
        "",
        "Reported once about the person, from any open state; it reaches every open case. Each stands on the history.",
        "",
        *_table(
            (
                "Event",
                "What",
                "What it does here",
                "Who",
                "Needs",
                "Who is told",
                "Clocks",
                "Kind",
                "Source",
                "Checked",
            ),
            (
                (e.id, e.words, e.effect, e.who, e.needs, e.follows, e.clocks, e.kind, e.source, e.mark)
                for e in document.events
            ),
        ),
        "",
        "## Deadlines",
        "",
        *_table(
            ("Clock", "What", "How long", "Counted", "Owed by", "When missed", "Kind", "Source", "Checked"),
            (
                (
                    c.id,
                    c.name,
                    f"{c.value} {c.unit.replace('_', ' ')}",
                    c.counting_rule.replace("_", " "),
                    c.owner_role,
                    c.on_miss,
                    c.kind.replace("_", " "),
                    c.source,
                    c.verified,
                )
                for c in document.clocks
            ),
        ),
        "",
        "## Limits",
        "",
        *_table(
            ("Limit", "Rule", "Effect", "Source", "Checked"),
            ((m.id, m.what, m.effect.replace("_", " "), m.source, m.verified) for m in document.limits),
        ),
        "",
        "## Where it differs from the reference table",
        "",
        *_table(("Steps", "How, and why"), document.differs),
        "",
    ]
    return "\n".join(lines)


def diagram(process: Process) -> list[str]:
    """The states and acts as Mermaid text, a strand after the other."""
    lines = ["stateDiagram-v2"]
    for strand in process.strands():
        edges: dict[tuple[str, str], list[str]] = {}
        for step in process.steps:
            if step.strand == strand:
                edges.setdefault((step.from_, step.to), []).append(sentence(step.verb).lower())
        for (before, after), verbs in edges.items():
            origin = "[*]" if before == "new" else before
            lines.append(f"    {origin} --> {after}: {', '.join(dict.fromkeys(verbs))}")
        lines += [
            f"    {state} --> [*]" for state in dict.fromkeys(s.to for s in process.steps if s.to in process.final)
        ]
    return lines


def _words(process: Process, step: Step) -> StepWords:
    follows = [
        *step.opens,
        *(f"starts {clock}" for clock in step.starts),
        *(f"stops {clock}" for clock in step.stops),
        *(f"looks at {limit}" for limit in step.rule),
    ]
    return StepWords(
        id=step.id,
        strand=step.strand,
        before=process.label(step.from_),
        act=sentence(step.verb),
        after=process.label(step.to),
        who=", ".join(sentence(role).lower() for role in step.roles),
        needs=", ".join(need.replace("_", " ") for need in step.needs),
        follows="; ".join(words.replace("_", " ") for words in follows),
        kind=step.kind,
        source=step.source,
        mark=step.mark,
    )


def _event(process: Process, row: UniversalRow) -> EventWords:
    words = f"{EVENTS[row.event].asks} (not built: {NOT_BUILT[row.event]})" if row.event in NOT_BUILT else ""
    return EventWords(
        id=f"U-{row.event}",
        words=words or EVENTS[row.event].asks,
        effect=EFFECTS.get(row.effect, process.label(row.to_state)),
        who=", ".join(sentence(role).lower() for role in row.roles),
        needs=", ".join(need.replace("_", " ") for need in row.needs),
        follows="; ".join(opened.replace("_", " ") for opened in row.opens),
        clocks=row.clock_effect,
        kind=row.kind,
        source=row.source,
        mark=row.verified,
    )


def _ranges(differs: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The differences, with the steps that share a reason on one line."""
    by_reason: dict[str, list[str]] = {}
    for step, reason in differs.items():
        by_reason.setdefault(reason, []).append(step)
    return [(", ".join(steps), reason) for reason, steps in by_reason.items()]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "/") or " " for cell in row) + " |" for row in rows]
    return lines if len(lines) > 2 else ["None."]
