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
from throughcare.processes.models import Due
from throughcare.sharing.rule import readable


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
    """Deadlines that nobody has met yet and no other has replaced, missed or not."""
    return Due.objects.filter(met_at=None, replaced_at=None)


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
    ring = None
    if sender and (late or hand_over.ladder) and hand_over.owed_by != "sender":
        ring = whom_to_ring(hand_over)
    today = due is not None and localdate(due.due_at) == localdate(now)
    tone = "missed" if late else "today" if today else "done" if state == "contact_made" else ""
    return Standing(state=label, tone=tone, words=words, ring=ring)


def whom_to_ring(hand_over: HandOver) -> tuple[str, str]:
    """Who at the receiving side answers now, by the step of the ladder: name and telephone."""
    receiver = hand_over.receiver
    if hand_over.ladder == "provider lead" and receiver.organisation.lead_telephone:
        return receiver.organisation.lead_name, receiver.organisation.lead_telephone
    if hand_over.ladder == "service manager" and receiver.manager_telephone:
        return receiver.manager_name, receiver.manager_telephone
    return receiver.name, receiver.telephone
