"""E-mail: a row written with the act, worded and sent by the worker.

A row holds no address and no words about anybody. Whoever writes a kind of e-mail is asked for its words at the moment
of sending, so that consent, safe contact and address are those of that moment. Each e-mail arrives at least once, and
a second copy, which only a kill between acceptance and mark can cause, carries the same Message-ID.
"""

import logging
import smtplib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import Case, F, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from throughcare.events.acting import acting, must_be_acting, say
from throughcare.events.actor import SYSTEM
from throughcare.messages.models import Email
from throughcare.web import logs

TIMEOUT_SECONDS = 20  # of one answer of the mail server
LEASE = timedelta(minutes=5)  # longer than all the answers that one e-mail waits for
BACKS_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
MOST_AT_ONCE = 100  # in one pass

log = logging.getLogger("throughcare.email")


@dataclass(frozen=True)
class Letter:
    """An e-mail in words. attachments: name, content and media type of each."""

    to: str
    subject: str
    body: str
    attachments: tuple[tuple[str, bytes, str], ...] = ()


@dataclass(frozen=True)
class Held:
    """That an e-mail may not or need not be sent, and why: words that name nobody."""

    reason: str


Write: TypeAlias = Callable[[Email, datetime], Letter | Held]
_writers: dict[str, Write] = {}


def wording(kind: str, write: Write) -> None:
    """Register, from AppConfig.ready, who words a kind of e-mail. `write(email, now)` reads and changes nothing."""
    _writers[kind] = write


def is_set_up() -> bool:
    """False where the operator named no mail server: e-mail waits."""
    return bool(settings.EMAIL_HOST)


def post(
    *,
    kind: str,
    subject_id: int,
    at: datetime,
    service: int | None = None,
    record: int | None = None,
    case: int | None = None,
    not_before: datetime | None = None,
) -> Email:
    """Write, inside an action, that an e-mail is to go to a service's mailbox or to the person of a record."""
    must_be_acting(Email)
    assert kind in _writers, f"nobody words e-mail of the kind {kind}"
    assert (service is None) != (record is None), "an e-mail goes to a service or to a person"
    return Email.objects.create(
        kind=kind,
        subject_id=subject_id,
        written_at=at,
        service_id=service,
        record=record,
        case=case,
        not_before=not_before,
        message_id=f"<{uuid.uuid4().hex}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>",
    )


def send_due(now: datetime) -> int:
    """Send what is due, oldest first, over one connection. Returns how many were sent. Nothing where none is set up."""
    waiting = list(due(now).order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE]) if is_set_up() else []
    if not waiting:
        return 0
    began, sent = time.monotonic(), 0
    server = EmailBackend(timeout=TIMEOUT_SECONDS)
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as error:  # no fault of any e-mail: all of them wait
        log.warning("mail server not reached", extra={"waiting": len(waiting), **logs.of_error(error)})
        _put_off(due(now).filter(pk__in=waiting), now)
        return 0
    try:
        for pk in waiting:
            moment = now + timedelta(seconds=time.monotonic() - began)  # a long pass must not lease into the past
            if due(moment).filter(pk=pk).update(leased_until=moment + LEASE):
                sent += _send_one(Email.objects.get(pk=pk), server, now)
    except smtplib.SMTPServerDisconnected:
        pass  # it was put off; the others are tried in the next pass, over a new connection
    finally:
        server.close()
    return sent


def due(now: datetime) -> QuerySet[Email]:
    """What waits, may be sent by now, and is in no worker's hands."""
    return Email.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(next_try_at=None) | Q(next_try_at__lte=now),
        Q(leased_until=None) | Q(leased_until__lte=now),
        sent_at=None,
        held_at=None,
    )


def oldest_unsent(now: datetime) -> datetime | None:
    """From when the e-mail has waited that could have gone longest ago: None when none waits."""
    could_go = Coalesce("not_before", "written_at")
    waiting = Email.objects.filter(Q(not_before=None) | Q(not_before__lte=now), sent_at=None, held_at=None)
    oldest: datetime | None = waiting.aggregate(oldest=Min(could_go))["oldest"]
    return oldest


def held_since(since: datetime) -> int:
    """How many were held from that moment on, whatever the reason."""
    return Email.objects.filter(held_at__gte=since).count()


def _send_one(email: Email, server: EmailBackend, now: datetime) -> int:
    mine = Email.objects.filter(pk=email.pk, sent_at=None, held_at=None)
    try:
        written = _writers[email.kind](email, now)
        if isinstance(written, Held):
            _hold(email, written.reason, now)
            return 0
        server.send_messages([_message(email, written)])
    except Exception as error:
        refused = _refused(error)
        if refused:
            _hold(email, f"The mail server refused it ({refused}).", now)
            return 0
        log.warning("e-mail not sent", extra={"email_id": email.pk, "kind": email.kind, **logs.of_error(error)})
        _put_off(mine, now)
        if isinstance(error, smtplib.SMTPServerDisconnected):
            raise
        return 0
    with acting(SYSTEM, now):
        mine.update(sent_at=now, leased_until=None)
        _say("email.sent", email, now)
    return 1


def _message(email: Email, letter: Letter) -> EmailMessage:
    headers = {"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"}
    message = EmailMessage(letter.subject, letter.body, to=[letter.to], headers=headers)
    for attachment in letter.attachments:
        message.attach(*attachment)
    return message


def _refused(error: Exception) -> int | None:
    """The code of a mail server that will never take this e-mail for this address: 5xx to the address or the letter."""
    code = None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = min(code for code, _ in error.recipients.values())
    elif isinstance(error, smtplib.SMTPDataError):
        code = error.smtp_code
    return code if code and code >= 500 else None


def _hold(email: Email, reason: str, now: datetime) -> None:
    with acting(SYSTEM, now):
        Email.objects.filter(pk=email.pk, sent_at=None).update(held_at=now, held_reason=reason[:200], leased_until=None)
        _say("email.held", email, now, reason=reason)


def _say(verb: str, email: Email, now: datetime, **detail: str) -> None:
    ids = {"case": email.case, "record": email.record, "subject": f"email {email.pk}"}
    say(verb, by=SYSTEM, at=now, **ids, detail={"kind": email.kind, "message_id": email.message_id, **detail})


def _put_off(emails: QuerySet[Email], now: datetime) -> None:
    """Try them again later: after 1, 5, 15, and from then on each 60 minutes."""
    *first, last = BACKS_OFF
    steps = [When(attempts=number, then=Value(now + wait)) for number, wait in enumerate(first)]
    emails.update(next_try_at=Case(*steps, default=Value(now + last)), attempts=F("attempts") + 1, leased_until=None)
