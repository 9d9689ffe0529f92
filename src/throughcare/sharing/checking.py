"""Verifying the whole record of what was done and who looked: from the command line, and as a job."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from throughcare.events import chain
from throughcare.events.chain import head
from throughcare.messages.jobs import Progress
from throughcare.sharing import looks


@dataclass(frozen=True)
class Verdict:
    """How many events and looks there are, the head of the chain, and each fault by the number of its event."""

    events: int
    looks: int
    head: str
    faults: tuple[str, ...]


def verify(progress: Callable[[int, int, str], None] | None = None) -> Verdict:
    """Read the chain of events and every sealed look."""
    total = head()[0]
    events = chain.verify(lambda done: progress(done, total, "events") if progress else None)
    count, faults = looks.verify()
    return Verdict(events=events.events, looks=count, head=events.head, faults=events.faults + faults)


def verify_as_a_job(arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The same, with progress that can be cancelled."""
    verdict = verify(progress)
    progress(verdict.events, verdict.events)
    return {
        "Events": verdict.events,
        "Looks": verdict.looks,
        "Head of the chain": verdict.head,
        "Found": "; ".join(verdict.faults[:50]) or "nothing altered, removed or exchanged",
    }
