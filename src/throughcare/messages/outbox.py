"""Telling services what happened: rows written with the act, delivered by the worker."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from throughcare.events.acting import acting, action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.messages import email
from throughcare.messages.models import Message
from throughcare.organisations.queries import roles_at
from throughcare.web import logs
from throughcare.web.faults import Fault, NotAllowed

DELIVERED = "message.delivered"
TODAY, NOBODY = "today", "nobody"
"""How a message arrived: it stands on Today, or nobody signs in there to whom it could be shown."""
READ_AT_ONCE = 500

log = logging.getLogger("throughcare.messages")


def post_all(services: Iterable[int], *, verb: str, case: int, at: datetime) -> None:
    """Write, inside an action, that each of the services is to be told: on Today, and of some verbs by e-mail too."""
    told = list(services)
    if told:
        Message.objects.bulk_create(Message(service_id=one, verb=verb, case=case, written_at=at) for one in told)
        email.tell_at_once(told, verb=verb, case=case, at=at)


class _DeliveredAlready(Exception):
    """Another worker delivered it first."""


@dataclass(frozen=True)
class Delivered:
    """What one round came to. stopped_at: the message after which another goes on, when it was not let go on."""

    count: int
    stopped_at: int | None


def deliver(now: datetime) -> int:
    """Deliver what waits, oldest first, each in a transaction of its own. Returns how many were delivered.

    Delivery on the page called Today is a mark: from then on the message stands there. Where nobody signs in for the
    service it is marked so. Whoever cares for a message of its kind reacts to the event, in the same transaction.
    """
    return deliver_on(now).count


def deliver_on(now: datetime, *, after: int | None = None, go_on: Callable[[], bool] = lambda: True) -> Delivered:
    """Deliver what waits, oldest first from after a message on, for as long as `go_on` says; at least one.

    What is written meanwhile, because something was delivered, waits for the next round.
    """
    count, place = 0, after or 0
    last = Message.objects.filter(delivered_at=None).aggregate(Max("pk"))["pk__max"] or 0
    while found := _waiting(place, last):
        for place in found:
            count += _delivered(place, now)
            if not go_on():
                return Delivered(count, place)
    return Delivered(count, None)


def _waiting(after: int, last: int) -> list[int]:
    """The next few hundred messages that wait."""
    waiting = Message.objects.filter(delivered_at=None, pk__gt=after, pk__lte=last).order_by("pk")
    return list(waiting.values_list("pk", flat=True)[:READ_AT_ONCE])


def _delivered(pk: int, now: datetime) -> bool:
    try:
        _deliver_one(pk, now)
    except _DeliveredAlready:
        return False
    except Exception as error:  # one that cannot be delivered must not keep the others waiting
        log.error("message not delivered", extra={"message_id": pk, **logs.of_error(error)})
        return False
    return True


def _deliver_one(pk: int, now: datetime) -> None:
    with acting(SYSTEM, now):
        waiting = Message.objects.filter(pk=pk, delivered_at=None)
        service = waiting.values_list("service", flat=True).first()
        channel = TODAY if service and roles_at(service, now) else NOBODY
        if not waiting.update(delivered_at=now, channel=channel):
            raise _DeliveredAlready
        message = Message.objects.get(pk=pk)
        say(DELIVERED, by=SYSTEM, at=now, case=message.case, subject=f"message {pk}", about=message)


@action
def put_away(*, by: Actor, at: datetime, message: int) -> None:
    """Take a message off Today: somebody of the service has read it. Its row stays."""
    mine = Message.objects.filter(pk=message, service=by.service)
    if not mine.filter(put_away_at=None).update(put_away_at=at, put_away_by=by.user) and not mine.exists():
        raise NotAllowed(Fault("MS-101", "", "There is no such message for your service.", "Look at Today again."))
    say("message.put_away", by=by, at=at, subject=f"message {message}")
