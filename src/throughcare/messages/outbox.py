"""Telling services what happened: rows written with the act, delivered by the worker."""

import logging
from collections.abc import Iterable
from datetime import datetime

from throughcare.events.acting import acting, action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.messages import email
from throughcare.messages.models import Message
from throughcare.web import logs
from throughcare.web.faults import Fault, NotAllowed

DELIVERED = "message.delivered"
TODAY = "today"

log = logging.getLogger("throughcare.messages")


def post_all(services: Iterable[int], *, verb: str, case: int, at: datetime) -> None:
    """Write, inside an action, that each of the services is to be told: on Today, and of some verbs by e-mail too."""
    told = list(services)
    if told:
        Message.objects.bulk_create(Message(service_id=one, verb=verb, case=case, written_at=at) for one in told)
        email.tell_at_once(told, verb=verb, case=case, at=at)


class _DeliveredAlready(Exception):
    """Another worker delivered it first."""


def deliver(now: datetime) -> int:
    """Deliver what waits, oldest first, each in a transaction of its own. Returns how many were delivered.

    Delivery on the page called Today is a mark: from then on the message stands there. Whoever cares for a message of
    its kind reacts to the event, in the same transaction.
    """
    delivered = 0
    for pk in list(Message.objects.filter(delivered_at=None).order_by("pk").values_list("pk", flat=True)):
        try:
            _deliver_one(pk, now)
            delivered += 1
        except _DeliveredAlready:
            continue
        except Exception as error:  # one that cannot be delivered must not keep the others waiting
            log.error("message not delivered", extra={"message_id": pk, **logs.of_error(error)})
    return delivered


def _deliver_one(pk: int, now: datetime) -> None:
    with acting(SYSTEM, now):
        if not Message.objects.filter(pk=pk, delivered_at=None).update(delivered_at=now, channel=TODAY):
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
