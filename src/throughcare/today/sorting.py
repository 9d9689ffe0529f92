"""Where a hand-over stands on Today: in which group, and before which others. Rules over plain values."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NamedTuple

from throughcare.handovers.process.hand_over import CONTACT_OWED, HAND_OVER, LADDER, MOVED_BY_SENDER, TO_ANSWER
from throughcare.processes.rules import acts
from throughcare.processes.table import RECEIVER, SENDER

LATE = "Late with another service: ring"
TOLD = "Late in your service: told to you by the ladder"
ANSWER = "To answer"
MOVE = "Yours to move on"
CONTACT = "Taken on, first contact due"
PAUSED = "Paused: say when it has ended"

_NO_DEADLINE = datetime.max.replace(tzinfo=UTC)


class Waiting(NamedTuple):
    """An open hand-over. due_at: the earliest deadline that runs; paused: do its deadlines stand still?

    The rest is as in `HandOver`.
    """

    case: int
    state: str
    sender: int
    ladder: str
    owed_by: str
    urgent: str
    due_at: datetime | None
    paused: bool = False

    def side(self, service: int | None) -> str:
        return SENDER if self.sender == service else RECEIVER


def group_of(waiting: Waiting, service: int | None, role: str) -> str | None:
    """The one group it stands in for somebody who acts for this service; None when nothing waits for them.

    What is paused waits for whoever knows that the pause has ended, with nothing to ring about meanwhile.
    """
    if waiting.paused:
        return PAUSED
    if waiting.side(service) == SENDER:
        if waiting.state in MOVED_BY_SENDER:
            return MOVE
        late = waiting.owed_by == RECEIVER and waiting.state in (*TO_ANSWER, *CONTACT_OWED)
        return LATE if late else None
    if role == "service_manager" and waiting.ladder in LADDER[1:] and waiting.owed_by == RECEIVER:
        return TOLD
    if waiting.state in TO_ANSWER:
        return ANSWER
    return CONTACT if waiting.state in CONTACT_OWED else None


def gravity(waiting: Waiting, service: int | None) -> tuple[int, bool, bool, datetime, int]:
    """What a group is ordered by: what the sender has to move, then the late, the urgent, the earliest deadline."""
    moves = waiting.side(service) == SENDER and waiting.state in MOVED_BY_SENDER
    return (
        MOVED_BY_SENDER.index(waiting.state) if moves else 0,
        not waiting.ladder,
        waiting.urgent != "yes",
        waiting.due_at or _NO_DEADLINE,
        waiting.case,
    )


@lru_cache(maxsize=256)
def next_acts(state: str, side: str, on: date) -> tuple[str, ...]:
    """The verbs with which this side moves a hand-over on, the likeliest first: at most two."""
    possible = {act.verb for act in acts(HAND_OVER, {"main": state}, (side,), on) if act.mine}
    return tuple(verb for verb in HAND_OVER.onward if verb in possible)[:2]
