"""Asking for help without an account: a record, and a hand-over to the front door of the area."""

import secrets
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.actions import hand_over as hand_overs
from throughcare.handovers.actions.hand_over import Draft
from throughcare.handovers.models import Knock, PublicRequest
from throughcare.handovers.process.hand_over import ASKED_FOR_THEM
from throughcare.handovers.rules.public_request import (
    MOST_FROM_ONE,
    MOST_IN_ALL,
    SELF,
    WINDOW,
    Asked,
    for_the_record,
    how_to_reach,
    why,
)
from throughcare.organisations.queries import front_doors
from throughcare.people import actions as people
from throughcare.people.actions import Identity
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.web.faults import Fault, Refused

_LETTERS = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""Of a reference: none that is read as another, and no vowels, so that no word comes of them."""


def identity_of(asked: Asked) -> Identity:
    """What is known of the person asked for. Nothing of it is whoever else asked's own."""
    return Identity(
        given_name=asked.name,
        family_name="",
        date_of_birth=asked.date_of_birth,
        area=asked.area,
        telephone=asked.telephone if asked.for_whom == SELF else "",
        safe_contact=for_the_record(asked),
    )


@action
def ask(*, by: Actor, at: datetime, asked: Asked, key: str, source: str) -> Case:
    """Open a record, write a hand-over to the front door of the area, and send it. `by` is the public page.

    Always a new person: nothing is looked up, so that nobody learns whether somebody is known. The same form sent
    twice is an IntegrityError: see `processes.actions.once`. Refused (AH-105) for an area without a front door.
    """
    door = front_doors().get(asked.area)
    if door is None:
        raise Refused(
            Fault("AH-105", "area", "No service answers for that area here.", "Ask your GP, or ring NHS 111.")
        )
    record = people.register(by=by, at=at, identity=identity_of(asked), made_up=settings.MADE_UP)
    draft = Draft(
        receiver=door,
        reason=why(asked),
        asked=asked.words if asked.for_whom == SELF else "",
        basis="agreed" if asked.for_whom == SELF else ASKED_FOR_THEM[0],
        safe_contact=how_to_reach(asked),
        opioid_agonist_medicine="not_known",
        urgent="no",
    )
    case = hand_overs.draft(by=by, at=at, record=record, draft=draft, key=key).case
    request = PublicRequest(
        case=case,
        reference=_reference(),
        for_whom=asked.for_whom,
        knows=asked.knows,
        words="" if asked.for_whom == SELF else asked.words,
    )
    request.save(force_insert=True)
    engine.take(by=by, at=at, case=case.pk, verb="send", facts={})
    Knock(at=at, source=source).save()
    say(
        "help.asked",
        by=by,
        at=at,
        person=case.person_id,
        record=record.pk,
        case=case.pk,
        subject=request.reference,
        detail={"for_whom": asked.for_whom, "knows": asked.knows, "area": asked.area},
    )
    return case


def source_of(network: str, now: datetime) -> str:
    """A network as it is counted: another digest each hour."""
    return salted_hmac("throughcare.knock", f"{now:%Y%m%d%H} {network}").hexdigest()[:40]


def too_many(source: str, now: datetime) -> str:
    """The number of the limit that one more request would break, or ""."""
    within = Knock.objects.filter(at__gt=now - WINDOW)
    if within.filter(source=source).count() >= MOST_FROM_ONE:
        return "AH-103"
    return "AH-104" if within.count() >= MOST_IN_ALL else ""


def forget_knocks(now: datetime) -> int:
    """Remove what no limit looks at any more. Returns how many."""
    return Knock.objects.filter(at__lte=now - WINDOW).delete()[0]


def _reference() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
