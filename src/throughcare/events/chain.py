"""The chain itself: appending to it, and proving that nothing in it was changed, removed or exchanged."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from throughcare.events.acting import Said
from throughcare.events.models import Event, EventDetail

START = "0" * 64
_LOCK = 7_302_611  # one number for this chain among PostgreSQL's advisory locks
_READ_AT_ONCE = 20_000
PUBLISHED_EVERY = timedelta(days=1)


def append(said: Sequence[Said]) -> None:
    """Add events to the end of the chain. Call last in a transaction: the chain is held until it commits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    seq, previous = head()
    events, details = [], []
    for word in said:
        seq += 1
        salt = secrets.token_hex(16)
        body = json.dumps(word.detail, sort_keys=True, default=str)
        event = Event(
            seq=seq,
            at=word.at,
            verb=word.verb,
            user=word.by.user,
            role=word.by.role,
            service=word.by.service,
            organisation=word.by.organisation,
            person=word.person,
            record=word.record,
            case=word.case,
            subject=word.subject,
            count=word.count,
            digest=digest(salt, body),
            previous=previous,
        )
        event.hash = previous = row_hash(event)
        events.append(event)
        details.append(EventDetail(event=seq, salt=salt, body=body))
    Event.objects.bulk_create(events)
    EventDetail.objects.bulk_create(details)


def head() -> tuple[int, str]:
    """The number and hash of the last event: (0, zeros) before the first."""
    return Event.objects.order_by("-seq").values_list("seq", "hash").first() or (0, START)


def digest(salt: str, body: str) -> str:
    """What the chain keeps of a detail: useless without the detail's own random salt."""
    return hashlib.sha256(f"{salt}{body}".encode()).hexdigest()


def row_hash(event: Event) -> str:
    """SHA-256 over every column of the row, the hash before it among them."""
    values = [
        event.seq,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.verb,
        event.user,
        event.role,
        event.service,
        event.organisation,
        event.person,
        event.record,
        event.case,
        event.subject,
        event.count,
        event.digest,
        event.previous,
    ]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What a reading of the whole chain found. `faults` is empty when all is well; each names its event."""

    events: int
    head: str
    faults: tuple[str, ...]


def verify(progress: Callable[[int], None] | None = None) -> Verdict:
    """Read the chain from its first event to its last and name each event that was altered, removed or exchanged."""
    faults: list[str] = []
    broken: dict[int, Event] = {}
    count, last, previous = 0, 0, START
    for event, detail in _with_details():
        count += 1
        if event.seq < 1:
            faults.append(f"event {event.seq} added before the first")
            continue
        if row_hash(event) != event.hash:
            broken[event.seq] = event
        elif detail is not None and digest(detail.salt, detail.body) != event.digest:
            faults.append(f"event {event.seq}: its detail was altered")
        if event.seq != last + 1:
            gone = f"event {last + 1}" if event.seq == last + 2 else f"events {last + 1} to {event.seq - 1}"
            faults.append(f"{gone} removed")
        elif event.previous != previous and not {last, event.seq} & broken.keys():
            faults.append(f"event {event.seq} does not follow from event {last}")
        last, previous = event.seq, event.hash
        if progress and count % _READ_AT_ONCE == 0:
            progress(count)
    faults += _name(broken)
    faults += _published_faults()
    return Verdict(events=count, head=previous, faults=tuple(faults))


def publish(at: datetime) -> None:
    """Write the head to the published list, a file apart from the database: it proves everything before it."""
    seq, hash_ = head()
    settings.PUBLISHED_HEADS.parent.mkdir(parents=True, exist_ok=True)
    with settings.PUBLISHED_HEADS.open("a") as file:
        file.write(json.dumps({"at": at.isoformat(timespec="seconds"), "event": seq, "hash": hash_}) + "\n")


def publish_if_due(now: datetime) -> None:
    """Publish the head once a day, where it has moved."""
    last = published()
    if last and (now - datetime.fromisoformat(last[-1]["at"]) < PUBLISHED_EVERY or last[-1]["event"] == head()[0]):
        return
    publish(now)


def published() -> list[dict[str, Any]]:
    """Every published head that can be read, oldest first: at, event, hash. A line cut short by a kill is left out."""
    if not settings.PUBLISHED_HEADS.exists():
        return []
    heads = []
    for line in settings.PUBLISHED_HEADS.read_text().splitlines():
        with suppress(ValueError):
            heads.append(json.loads(line))
    return [head for head in heads if isinstance(head, dict) and {"at", "event", "hash"} <= head.keys()]


def _with_details() -> Iterator[tuple[Event, EventDetail | None]]:
    every = Event.objects.order_by("seq")
    page = list(every[:_READ_AT_ONCE])
    while page:
        rows = EventDetail.objects.filter(event__gte=page[0].seq, event__lte=page[-1].seq)
        details = {detail.event: detail for detail in rows}
        for event in page:
            yield event, details.get(event.seq)
        page = list(every.filter(seq__gt=page[-1].seq)[:_READ_AT_ONCE])


def _name(broken: dict[int, Event]) -> Iterable[str]:
    """Tell two events that changed places from events whose content was altered."""
    named: set[int] = set()
    for seq, event in broken.items():
        if seq in named:
            continue
        for other_seq, other in broken.items():
            if other_seq > seq and _belongs(event, other_seq) and _belongs(other, seq):
                named |= {seq, other_seq}
                yield f"events {seq} and {other_seq} exchanged"
                break
        else:
            named.add(seq)
            yield f"event {seq} altered"


def _belongs(event: Event, seq: int) -> bool:
    stands, event.seq = event.seq, seq
    matches = row_hash(event) == event.hash
    event.seq = stands
    return matches


def _published_faults() -> Iterable[str]:
    heads = {row["event"]: row["hash"] for row in published() if row["event"]}
    stored = dict(Event.objects.filter(seq__in=list(heads)).values_list("seq", "hash"))
    for seq, hash_ in heads.items():
        if seq not in stored:
            yield f"event {seq} was published as the head and is gone"
        elif stored[seq] != hash_:
            yield f"event {seq} is not the one that was published as the head"
