"""Scoped reads of hand-overs: those the actor's service is a side of, about people whose identity it may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import (
    CONTACT_OWED,
    HAND_OVER,
    NOT_THE_RECEIVERS,
    UNOPENED,
)
from throughcare.organisations.models import Service
from throughcare.processes.models import Due
from throughcare.processes.universal_rules import ENDED_WORDS
from throughcare.sharing.rule import readable
from throughcare.web.wording import day


def hand_overs(actor: Actor, now: datetime) -> QuerySet[Any]:
    """Hand-overs with `state`: all that the service wrote, and those that were sent to it and are still open to it."""
    mine = Q(sender=actor.service) | Q(receiver=actor.service) & ~Q(state__in=NOT_THE_RECEIVERS)
    about_people = readable(
        HandOver.objects.all(),
        actor,
        "identity_core",
        now,
        person="case__person",
        organisation="case__record__organisation",
    )
    return (
        about_people.filter(case__strands__name="main")
        .annotate(state=F("case__strands__state"))
        .filter(mine)
        .select_related("case__record", "sender", "receiver__organisation")
    )


def open_dues() -> QuerySet[Due]:
    """Deadlines that nobody has met yet and no other has replaced, missed or not; those paused before that wait."""
    return Due.objects.filter(RUNNING)


RUNNING = Q(met_at=None, replaced_at=None) & (Q(paused_at=None) | Q(missed_at__isnull=False))
"""A deadline that counts: neither met nor replaced, and not paused before it was missed."""


def dues_of(cases: Iterable[int]) -> dict[int, Due]:
    """The deadline that matters most of each case: the earliest that is still open."""
    return {due.case_id: due for due in open_dues().filter(case__in=cases).order_by("-due_at")}


@dataclass(frozen=True)
class Standing:
    """How a hand-over stands, in words: its state, its tone, its deadline, and whom to ring."""

    state: str
    tone: str
    words: str
    ring: tuple[str, str] | None


def standing(hand_over: HandOver, due: Due | None, actor: Actor, now: datetime) -> Standing:
    """The words of one row, for the sender or for the receiver."""
    state: str = hand_over.state  # type: ignore[attr-defined]  # read with it by hand_overs
    late = due is not None and (due.missed_at is not None or due.due_at <= now)
    sender = hand_over.sender_id == actor.service
    label = HAND_OVER.label(state).split(":")[0].capitalize()
    if late and state in UNOPENED:
        label = "NOT DELIVERED" if state == "sent" and due and due.clock == "HOV-C01" else "NOT OPENED"
    elif late and state == "opened":
        label = "NOT ANSWERED"
    elif late and state in CONTACT_OWED:
        label = "NOT SEEN"
    words = HAND_OVER.clock_words(due.clock) if due else ""
    case = hand_over.case
    if case.ended_by in ENDED_WORDS:
        label = f"{label}: {ENDED_WORDS[case.ended_by]}"
    if case.paused_at is not None and due is None:
        return Standing(state=f"{label}, PAUSED", tone="", words=f"Paused since {day(case.paused_at)}", ring=None)
    ring = None
    if sender and (late or hand_over.ladder) and hand_over.owed_by != "sender":
        ring = whom_to_ring(hand_over.receiver, hand_over.ladder)
    today = due is not None and localdate(due.due_at) == localdate(now)
    tone = "missed" if late else "today" if today else "done" if state == "contact_made" else ""
    return Standing(state=label, tone=tone, words=words, ring=ring)


def whom_to_ring(service: Service, ladder: str) -> tuple[str, str]:
    """Who at a service answers now, by the step of the ladder: name and telephone."""
    if ladder == "provider lead" and service.organisation.lead_telephone:
        return service.organisation.lead_name, service.organisation.lead_telephone
    if ladder == "service manager" and service.manager_telephone:
        return service.manager_name, service.manager_telephone
    return service.name, service.telephone
