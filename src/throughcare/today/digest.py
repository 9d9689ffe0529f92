"""The digest: once a day, how much waits for a service, to its mailbox. Numbers only: an inbox is read by many."""

from datetime import datetime, time

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import CONTACT_OWED, MOVED_BY_SENDER, TO_ANSWER
from throughcare.messages import email
from throughcare.messages.email import Held, Letter
from throughcare.messages.models import Email
from throughcare.organisations.models import Service
from throughcare.processes.models import Due, Strand
from throughcare.today.queries import unread
from throughcare.web.wording import LONDON, day

DIGEST = "today.digest"
AT = time(8)
"""When it is written, by the clock in London."""


def write_due(now: datetime) -> int:
    """Write, from 8am on, the digest of this day for each service with a mailbox that has none. Returns how many.

    None while e-mail is off: they would be stale by the time it is on. The key of the row makes it one for each service
    and day, however many workers write it.
    """
    here = now.astimezone(LONDON)
    if not email.is_set_up() or here.time() < AT:
        return 0
    number = here.date().toordinal()
    have = Email.objects.filter(kind=DIGEST, service=OuterRef("pk"), subject_id=number)
    written = 0
    for service in list(Service.objects.exclude(mailbox="").exclude(Exists(have)).order_by("pk")):
        try:
            with acting(SYSTEM, now):
                key = f"{DIGEST} {service.pk} {number}"
                email.post(kind=DIGEST, subject_id=number, service=service.pk, at=now, key=key)
                say("digest.written", by=SYSTEM, at=now, subject=f"service {service.pk}")
        except IntegrityError:  # another worker wrote it first
            continue
        written += 1
    return written


def write(one: Email, now: datetime) -> Letter | Held:
    """What the digest says at the moment it is sent. Held when its day is over: another takes its place."""
    assert one.service is not None, "a digest goes to a service"
    if localdate(now).toordinal() != one.subject_id:
        return Held("Its day is over.")
    if not one.service.mailbox:
        return Held("The service has no mailbox.")
    rows = [
        (_hand_overs(Q(receiver=one.service), TO_ANSWER), "Hand-overs to answer"),
        (_hand_overs(Q(receiver=one.service), CONTACT_OWED), "Taken on, with the first contact to come"),
        (_hand_overs(Q(sender=one.service), MOVED_BY_SENDER), "Yours to move on: drafts, questions, declined"),
        (_missed(one.service), "Hand-overs with a missed deadline, yours or the other service's"),
        (unread(one.service_id).count(), "Messages that nobody has put away"),
    ]
    counts = "\n".join(f"{count:6}  {words}" for count, words in rows)
    return Letter(
        to=one.service.mailbox,
        subject=f"Throughcare, {day(now)}: what waits for your service",
        body=(
            f"{one.service.name}, {day(now)}\n\n{counts}\n\n"
            f"Sign in to see what they are: {settings.PUBLIC_ADDRESS}\n\n"
            "This comes each day at 8am, also when nothing waits, so that its absence is noticed. It names nobody.\n"
        ),
    )


def _hand_overs(mine: Q, states: tuple[str, ...]) -> int:
    in_state = Strand.objects.filter(case=OuterRef("case"), name="main", state__in=states)
    return HandOver.objects.filter(mine, Exists(in_state)).count()


def _missed(service: Service) -> int:
    missed = Due.objects.filter(
        case=OuterRef("case"), met_at=None, replaced_at=None, paused_at=None, missed_at__isnull=False
    )
    ours = Q(receiver=service, sent_at__isnull=False) | Q(sender=service)
    return HandOver.objects.filter(ours, Exists(missed), case__closed_at=None).count()
