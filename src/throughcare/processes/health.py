"""Whether the worker is alive: when it last swept the deadlines, and what waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from throughcare.messages.models import Message
from throughcare.processes.models import Pulse

LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Health:
    """last_sweep: None before the first. oldest_message: when the oldest message that waits was written."""

    last_sweep: datetime | None
    oldest_message: datetime | None

    def messages_are_late(self, now: datetime) -> bool:
        return self.oldest_message is not None and now - self.oldest_message > LATE

    def sweep_is_late(self, now: datetime) -> bool:
        return is_late(self.last_sweep, now)


def beat(now: datetime, worker: str) -> None:
    """Keep that the deadlines were swept."""
    Pulse.objects.update_or_create(pk=1, defaults={"swept_at": now, "worker": worker})


def last_sweep() -> datetime | None:
    """When the deadlines were last swept: None before the first time."""
    return Pulse.objects.filter(pk=1).values_list("swept_at", flat=True).first()


def is_late(swept_at: datetime | None, now: datetime) -> bool:
    return swept_at is None or now - swept_at > LATE


def health() -> Health:
    waiting = Message.objects.filter(delivered_at=None).order_by("pk").values_list("written_at", flat=True).first()
    return Health(last_sweep=last_sweep(), oldest_message=waiting)
