"""What this room's facts say about the conditions of the disclosure table, as SQL."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyStay, HandOver
from throughcare.handovers.process.hand_over import NOT_THE_RECEIVERS
from throughcare.sharing.rule import condition, exists

BEFORE_RELEASE, AFTER_RELEASE = timedelta(days=84), timedelta(days=21)


def while_in_custody(actor: Actor, now: datetime, person: str) -> Exists:
    """Held, at this moment, at a site that the actor's service covers."""
    held = CustodyStay.objects.filter(Q(until=None) | Q(until__gt=now), site__service=actor.service, since__lte=now)
    return exists(held, person)


def release_planned(actor: Actor, now: datetime, person: str) -> Exists:
    """From 84 days before the latest release date to 21 days after it."""
    today = localdate(now)
    return exists(
        CustodyStay.objects.filter(release_date__range=(today - AFTER_RELEASE, today + BEFORE_RELEASE)), person
    )


def referral_sent(actor: Actor, now: datetime, person: str) -> Exists:
    """A hand-over that is sent, and not declined, withdrawn or superseded, has the actor's service on one side."""
    sent = HandOver.objects.filter(
        Q(sender=actor.service) | Q(receiver=actor.service), sent_at__isnull=False, case__strands__name="main"
    ).exclude(case__strands__state__in=NOT_THE_RECEIVERS)
    return Exists(sent.filter(case__person=OuterRef(person)))


def register() -> None:
    condition("while_in_custody", while_in_custody)
    condition("release_planned", release_planned)
    condition("referral_sent", referral_sent)
