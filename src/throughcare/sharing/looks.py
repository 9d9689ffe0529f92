"""Who looked at what: a row before the page is sent, sealed each minute into the chain of events."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.sharing.models import Look

SEALED = "looks.sealed"
_SEALED_AT_ONCE = 5_000


def at_person(actor: Actor, person: int, now: datetime) -> None:
    """Keep that the actor looked at this person, once per reader, service and hour."""
    assert actor.user is not None, "the system reads no pages"
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if Look.objects.filter(person=person, user=actor.user, service=actor.service, hour=hour).exists():
        return
    Look.objects.bulk_create([_look(actor, now, hour, person=person)], ignore_conflicts=True)


def at_list(actor: Actor, listed: str, count: int, now: datetime) -> None:
    """Keep that the actor saw a list, and how many people were on it."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    Look.objects.bulk_create([_look(actor, now, hour, listed=listed, count=count)])


class _NothingToSeal(Exception):
    """Another worker sealed them first."""


def seal(now: datetime) -> int:
    """Seal the looks that are not sealed yet, oldest first, into one event each few thousand. Returns how many."""
    sealed = 0
    with suppress(_NothingToSeal):
        while Look.objects.filter(seal__isnull=True).exists():
            sealed += _seal_some(now)
    return sealed


def _seal_some(now: datetime) -> int:
    with acting(SYSTEM, now):
        unsealed = Look.objects.select_for_update(skip_locked=True).filter(seal__isnull=True)
        looks = list(unsealed.order_by("pk")[:_SEALED_AT_ONCE])
        if not looks:
            raise _NothingToSeal
        first = looks[0].pk
        Look.objects.filter(pk__in=[look.pk for look in looks]).update(seal=first)
        say(SEALED, by=SYSTEM, at=now, subject=f"{first} {_hash(looks)}", count=len(looks))
    return len(looks)


def verify() -> tuple[int, tuple[str, ...]]:
    """How many looks there are, and each seal whose looks were altered, removed or added to since."""
    faults = []
    sealed = set()
    for subject, count in Event.objects.filter(verb=SEALED).order_by("seq").values_list("subject", "count"):
        first, _, expected = subject.partition(" ")
        if not first.isdecimal():
            faults.append(f"looks sealed by an event that does not name them: {subject!r}")
            continue
        looks = list(Look.objects.filter(seal=int(first)).order_by("pk"))
        sealed.add(int(first))
        if len(looks) != count:
            faults.append(f"looks sealed from look {first}: {count} were sealed, {len(looks)} are stored")
        elif _hash(looks) != expected:
            faults.append(f"looks sealed from look {first}: one was altered")
    carried = Look.objects.filter(seal__isnull=False).order_by().values_list("seal", flat=True).distinct()
    faults += [
        f"look {stranger}: carries a seal that no event names"
        for stranger in sorted({seal for seal in carried if seal} - sealed)
    ]
    return Look.objects.count(), tuple(faults)


def _look(
    actor: Actor, now: datetime, hour: datetime, *, person: int | None = None, listed: str = "", count: int = 1
) -> Look:
    assert actor.user is not None, "the system reads no pages"
    return Look(
        at=now,
        hour=hour,
        user=actor.user,
        service=actor.service,
        organisation=actor.organisation,
        role=actor.role,
        person=person,
        listed=listed,
        count=count,
    )


def _hash(looks: Iterable[Look]) -> str:
    """SHA-256 over every column of each look but its seal."""
    rows = [
        [
            look.pk,
            look.at.astimezone(UTC).isoformat(),
            look.hour.astimezone(UTC).isoformat(),
            look.user,
            look.service,
            look.organisation,
            look.role,
            look.person,
            look.listed,
            look.count,
        ]
        for look in looks
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
