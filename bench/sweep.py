"""`./run bench sweep`: how long it takes to mark the deadlines that have passed, among 100,000 that are open."""

import json
from dataclasses import dataclass

from bench.product import World

BAR = 10.0
"""Seconds: to find what is due among 100,000 open deadlines, and to mark it."""


@dataclass(frozen=True)
class Figures:
    """One sweep. finding: seconds to read which are due first; seconds: for all of it; marked: how many it came to.

    cpu: seconds of a core that the sweeping process itself used. A database server's own are not in it.
    """

    sweep: str
    open: int
    due: int
    marked: int
    finding: float
    seconds: float
    cpu: float
    bar: float = BAR

    @property
    def milliseconds(self) -> float:
        """Of one deadline that was marked, with the step that follows."""
        return self.seconds * 1000 / max(1, self.marked)

    @property
    def cpu_milliseconds(self) -> float:
        return self.cpu * 1000 / max(1, self.marked)

    @property
    def met(self) -> bool:
        return self.marked == self.due and self.seconds <= self.bar


def measure(made: World, open_: int, due: int, longest: float) -> list[Figures]:
    """Make the deadlines, and sweep them: none due, a few, and then all the rest at once."""
    said = made.asked("-m", "bench.deadlines", str(open_), str(due), str(longest))
    return [Figures(**json.loads(line)) for line in said.splitlines()]
