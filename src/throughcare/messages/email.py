"""E-mail: rows written with the act, sent by the worker through the operator's mail server.

What an e-mail says, and to whom, is asked of the room that knows when it is sent, never stored: an agreement that was
withdrawn after the act holds it back.
"""

import logging
import smtplib
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from throughcare.events.acting import acting, must_be_acting, say
from throughcare.events.actor import SYSTEM
from throughcare.messages.models import Email
from throughcare.organisations.models import Service
from throughcare.web import logs

SENT, HELD = "email.sent", "email.held"
LEASE = timedelta(minutes=5)
"""Longer than a slow server can take over one e-mail: a dozen words, each within EMAIL_TIMEOUT."""
AT_ONCE = 10
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long after the first, second, … failure it is tried again; the last holds for all that follow."""
LATE = timedelta(hours=1)
STALE = timedelta(days=1)
REFUSES_ONE = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
"""What a server says of one e-mail. Every other failure to reach it holds for all of them."""

log = logging.getLogger("throughcare.email")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with an e-mail. `kind` is its content type, such as text/calendar."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """An e-mail in full: plain words to one address."""

    to: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Held:
    """Why an e-mail is not sent, for good. `reason` is a fixed sentence: it names nobody and quotes nothing."""

    reason: str


Wording = Callable[[Email, datetime], Letter | Held]
_wordings: dict[str, Wording] = {}


def wording(kind: str, write: Wording) -> None:
    """Register who words a kind of e-mail. Called from AppConfig.ready of the room that owns it.

    `write(email, now)` is asked at the moment of sending, which may be long after the act, and again after a failure:
    it looks at the address, the agreement and the facts as they are then, and holds what is no longer true or safe.
    """
    _wordings[kind] = write


INSTANT = "message.instant"
_instant: set[str] = set()


def instant(verb: str) -> None:
    """Have services told by e-mail at once when they are told of this verb: it cannot wait for the digest.

    Everything else waits for the digest. Called from AppConfig.ready of the room that owns the verb.
    """
    _instant.add(verb)


def tell_at_once(services: Iterable[int], *, verb: str, case: int, at: datetime) -> None:
    """Write, inside an action, an e-mail to each of the services that has a mailbox, if the verb is an instant one."""
    if verb in _instant:
        tell_these_at_once(Service.objects.filter(pk__in=services).order_by("pk"), verb=verb, case=case, at=at)


def tell_these_at_once(services: Iterable[Service], *, verb: str, case: int, at: datetime) -> None:
    """The same for services that have been read."""
    must_be_acting(Email)
    reached = [service for service in services if service.mailbox] if verb in _instant else []
    if reached:
        Email.objects.bulk_create(
            _row(kind=INSTANT, subject_id=case, case=case, service_id=service.pk, written_at=at) for service in reached
        )


def write_instant(one: Email, now: datetime) -> Letter | Held:
    """That something which cannot wait for the digest stands on Today: neither what nor about whom."""
    assert one.service is not None, "an instant e-mail goes to a service"
    if not one.service.mailbox:
        return Held("The service has no mailbox.")
    if now - one.written_at > STALE:
        return Held("It is more than a day old: Today and the digest have it.")
    return Letter(
        to=one.service.mailbox,
        subject="Throughcare: look at Today now",
        body=(
            f"{one.service.name}\n\n"
            "Something waits for your service that cannot wait for the digest: it concerns a person's safety, or a "
            "release that changed.\n\n"
            f"Sign in and look at it: {settings.PUBLIC_ADDRESS}/cases/{one.subject_id}/\n\n"
            "This e-mail names nobody and is sent at once. Everything else stands in the digest at 8am.\n"
        ),
    )


def is_set_up() -> bool:
    """Has the operator named a mail server? Without one everything waits."""
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
    key: str | None = None,
) -> Email:
    """Write, inside an action, that an e-mail is to be sent: to a service's mailbox, or to the person of a record.

    With neither, the wording knows the address, as that of a link to somebody outside. Sent from `not_before` on. A
    second one with the same `key` is an IntegrityError.
    """
    must_be_acting(Email)
    email = _row(
        kind=kind,
        subject_id=subject_id,
        case=case,
        service_id=service,
        record=record,
        written_at=at,
        not_before=not_before,
        key=key,
    )
    email.save(force_insert=True)
    return email


def _row(**columns: Any) -> Email:
    """A row with the Message-ID that it keeps, however often it is tried."""
    host = settings.DEFAULT_FROM_EMAIL.partition("@")[2] or "throughcare.invalid"
    return Email(message_id=f"<{uuid.uuid4()}@{host}>", **columns)


def send_due(now: datetime) -> int:
    """Send what is due, oldest first, at most ten. Returns how many were sent; none while e-mail is off.

    Each is taken by one worker alone, for five minutes. Where a worker dies, or cannot mark, after the server took one,
    that one goes out again with the same Message-ID. A server that takes nothing at all ends the pass.
    """
    if not is_set_up():
        return 0
    begun, sent = time.monotonic(), 0
    for pk in list(_due(now).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        moment = now + timedelta(seconds=time.monotonic() - begun)
        taken = _due(moment).filter(pk=pk).update(leased_until=moment + LEASE, attempts=F("attempts") + 1)
        if not taken:
            continue
        email = Email.objects.get(pk=pk)
        try:
            sent += _send(email, moment)
        except Exception as error:  # whatever it is, this one is tried again and the others go on
            _try_later(email, moment, error)
            if isinstance(error, OSError) and not isinstance(error, REFUSES_ONE):
                break
    return sent


def _due(now: datetime) -> QuerySet[Email]:
    return Email.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(next_try_at=None) | Q(next_try_at__lte=now),
        Q(leased_until=None) | Q(leased_until__lte=now),
        sent_at=None,
        held_at=None,
    )


def _send(email: Email, now: datetime) -> bool:
    letter = _wordings[email.kind](email, now)
    if isinstance(letter, Held):
        return _hold(email, now, letter.reason)
    message = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        to=[letter.to],
        headers={"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"},
        attachments=[(file.name, file.content, file.kind) for file in letter.attachments],
        connection=EmailBackend(),
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        if any(code >= 500 for code, _ in refused.recipients.values()):
            return _hold(email, now, "The mail server says that there is no such address.")
        raise
    with acting(SYSTEM, now):
        _open(email).update(sent_at=now, leased_until=None)
        _say(SENT, email, now)
    return True


def _hold(email: Email, now: datetime, reason: str) -> bool:
    with acting(SYSTEM, now):
        _open(email).update(held_at=now, held_reason=reason[:200], leased_until=None)
        _say(HELD, email, now, reason=reason)
    return False


def _say(verb: str, email: Email, now: datetime, **more: str) -> None:
    say(
        verb,
        by=SYSTEM,
        at=now,
        case=email.case,
        record=email.record,
        subject=f"email {email.pk}",
        detail={"kind": email.kind, "subject": email.subject_id, "message_id": email.message_id, **more},
    )


def _try_later(email: Email, now: datetime, error: Exception) -> None:
    again = now + WAITS[min(email.attempts, len(WAITS)) - 1]
    _open(email).update(next_try_at=again, leased_until=None)
    code = getattr(error, "smtp_code", None)
    about = {"email": email.pk, "kind": email.kind, "attempts": email.attempts, "code": code}
    log.error("e-mail not sent", extra={**about, **logs.of_error(error)})


def _open(email: Email) -> QuerySet[Email]:
    return Email.objects.filter(pk=email.pk, sent_at=None, held_at=None)


@dataclass(frozen=True)
class Health:
    """oldest_unsent: since when the oldest e-mail that waits has been due; None when none waits."""

    set_up: bool
    oldest_unsent: datetime | None
    held: int

    def is_late(self, now: datetime) -> bool:
        """Is something not getting out, although a server is named?"""
        return self.set_up and self.oldest_unsent is not None and now - self.oldest_unsent > LATE


def health(now: datetime) -> Health:
    waiting = Email.objects.filter(Q(not_before=None) | Q(not_before__lte=now), sent_at=None, held_at=None)
    oldest = waiting.aggregate(since=Min(Coalesce("not_before", "written_at")))["since"]
    return Health(is_set_up(), oldest, Email.objects.exclude(held_at=None).count())
