"""Writes to the diary: booking, moving and cancelling, and what came of an appointment."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from throughcare.appointments import letters
from throughcare.appointments.models import Appointment
from throughcare.appointments.rules import (
    CAME,
    CANCELLED,
    CANCELLED_BY,
    DID_NOT_ATTEND,
    IN_PERSON,
    REASONS,
    VIDEO,
    WAYS,
    where,
)
from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.people.holding import hold_person_of
from throughcare.people.models import Record
from throughcare.processes.models import Case
from throughcare.reference.roles import works_with_people
from throughcare.web.faults import Fault, NotAllowed, Refused

BOOKED, MOVED, ATTENDED, MISSED, CALLED_OFF = (
    "appointment.booked",
    "appointment.moved",
    "appointment.attended",
    "appointment.did_not_attend",
    "appointment.cancelled",
)
FORMER = ("outcome", "cancelled_by", "reason", "words")


@dataclass(frozen=True)
class Slot:
    """When, how and where. `place` may be empty but for an appointment in person."""

    starts_at: datetime
    way: str
    place: str = ""


@dataclass(frozen=True)
class Cancellation:
    """Who called an appointment off, and why, as codes; words where the codes are not enough."""

    by: str
    reason: str
    words: str = ""


@action
def book(
    *, by: Actor, at: datetime, case: Case, service: int, starts_at: datetime, place: str, way: str = IN_PERSON
) -> Appointment:
    """Book an appointment for a case in place of the earlier one of it that nothing came of yet.

    One in the past is a fact too, and is kept; the page flags it. Where that very appointment stands already, nothing
    changes.
    """
    slot = Slot(starts_at, way, place)
    waiting = Appointment.objects.filter(case=case, replaced_at=None, outcome="")
    earlier = waiting.order_by("-pk").first()
    same = (starts_at, where(way, place.strip())[:200])
    if earlier and (earlier.starts_at, where(earlier.way, earlier.place)[:200]) == same:
        _repeat(earlier, by, at)
        return earlier
    appointment = Appointment(person_id=case.person_id, service_id=service, case=case)
    return _enter(appointment, slot, earlier, BOOKED, by=by, at=at)


@action
def book_for(*, by: Actor, at: datetime, record: Record, slot: Slot, form: str | None = None) -> Appointment:
    """Book an appointment of one's own service with a person of whom it holds a record. Refused (AP-104) otherwise.

    form: the number of the form it was asked with. A second appointment from it is an IntegrityError: the first is
    `booked_by_form`.
    """
    if record.service_id != by.service or not works_with_people(by.role):
        raise NotAllowed(
            Fault(
                "AP-104",
                "",
                "A service books appointments with people of whom it holds a record.",
                "Accept a hand-over of this person, or open a record if they came to you by themselves.",
            ),
            person=record.person_id,
        )
    _must_be_possible(slot)
    appointment = Appointment(person_id=record.person_id, service_id=record.service_id, form=form)
    return _enter(appointment, slot, None, BOOKED, by=by, at=at)


def booked_by_form(form: str, by: Actor, record: Record, slot: Slot) -> Appointment | None:
    """The appointment that this very form booked before; Refused (AP-107) where its answers were others."""
    earlier = Appointment.objects.filter(form=form).first()
    if earlier is None:
        return None
    asked = (by.service, record.person_id, slot.starts_at, slot.way, slot.place.strip()[:200])
    if asked != (earlier.service_id, earlier.person_id, earlier.starts_at, earlier.way, earlier.place):
        raise Refused(
            Fault("AP-107", "", "This form booked another appointment before.", "Look at the diary, then begin again.")
        )
    return earlier


@action
def record_outcome(
    *, by: Actor, at: datetime, appointment: int, outcome: str, words: str = "", version: int | None = None
) -> Appointment:
    """Record that the person came, came late or did not come; or correct what was recorded before."""
    if outcome not in (*CAME, DID_NOT_ATTEND):
        raise Refused(Fault("AP-105", "outcome", "It must be one of the outcomes.", "Choose one of them."))
    mine = _mine(by, appointment)
    if _is_same(mine, by, outcome, words):
        _repeat(mine, by, at)
        return mine
    _must_stand(mine, version)
    before = _settle(mine, by, at, outcome=outcome, words=words)
    _say(ATTENDED if outcome in CAME else MISSED, mine, by, at, outcome=outcome, words=words, **before)
    return mine


def follow(
    *, by: Actor, at: datetime, case: Case, outcome: str, since: datetime | None, until: datetime
) -> Appointment | None:
    """Inside an action: its process has it what came of the appointment of a case, so the diary has it too.

    That is the one that stands and began from `since` until just before `until`; None where there is none, or it is
    another service's.
    """
    standing = Appointment.objects.filter(
        case=case, service=by.service, replaced_at=None, outcome="", starts_at__lt=until
    )
    mine = standing.filter(starts_at__gte=since) if since else standing
    found = mine.order_by("-starts_at", "-pk").first()
    if found is None or by.service is None:
        return None
    _settle(found, by, at, outcome=outcome, words="")
    _say(ATTENDED if outcome in CAME else MISSED, found, by, at, outcome=outcome)
    return found


@action
def cancel(
    *, by: Actor, at: datetime, appointment: int, cancellation: Cancellation, version: int | None = None
) -> Appointment:
    """Call an appointment off; or correct what was recorded of it to that."""
    mine = _mine(by, appointment)
    told = (mine.cancelled_by, mine.reason) == (cancellation.by, cancellation.reason)
    if told and _is_same(mine, by, CANCELLED, cancellation.words):
        _repeat(mine, by, at)
        return mine
    _must_stand(mine, version)
    _call_off(mine, by, at, cancellation, moved=False)
    letters.tell(letters.CANCELLED, mine, at)
    return mine


@action
def rebook(
    *, by: Actor, at: datetime, appointment: int, cancellation: Cancellation, slot: Slot, version: int | None = None
) -> Appointment:
    """Call an appointment off and book another in its place, which names the one it replaces."""
    mine = _mine(by, appointment)
    again = Appointment.objects.filter(replaces=mine).first()
    if again and (again.starts_at, again.way, again.booked_by_id) == (slot.starts_at, slot.way, by.user):
        _repeat(mine, by, at)
        return again
    _must_stand(mine, version)
    _must_be_possible(slot)
    if mine.outcome:
        raise Refused(
            Fault("AP-106", "", "Something came of this appointment already.", "Book a new one instead of moving it.")
        )
    _call_off(mine, by, at, cancellation, moved=True)
    new = Appointment(person_id=mine.person_id, service_id=mine.service_id, case_id=mine.case_id)
    return _enter(new, slot, mine, MOVED, by=by, at=at)


def _enter(
    new: Appointment, slot: Slot, earlier: Appointment | None, verb: str, *, by: Actor, at: datetime
) -> Appointment:
    new.starts_at, new.way, new.place = slot.starts_at, slot.way, slot.place.strip()[:200]
    new.room = secrets.token_urlsafe(16) if slot.way == VIDEO and settings.VIDEO_ADDRESS else ""
    new.booked_at, new.booked_by_id = at, by.user
    if earlier:
        new.replaces, new.first_id, new.version = earlier, earlier.first_id or earlier.pk, earlier.version + 1
        Appointment.objects.filter(pk=earlier.pk).update(replaced_at=at)
    new.save()
    detail = {"starts_at": slot.starts_at, "way": slot.way, "place": slot.place}
    _say(verb, new, by, at, **detail, **({"replaces": earlier.pk} if earlier else {}))
    letters.tell(letters.MOVED if earlier else letters.BOOKED, new, at)
    return new


def _mine(by: Actor, appointment: int) -> Appointment:
    """The appointment, if it is of the actor's service; nobody else changes it, or its case, until the act is done."""
    ours = Appointment.objects.filter(pk=appointment, service=by.service)
    if by.service is None or not works_with_people(by.role) or not ours.exists():
        raise not_yours()
    hold_person_of(ours)
    return ours.get()


def not_yours() -> NotAllowed:
    """The refusal of an appointment: the same words whether it does not exist or is another service's."""
    return NotAllowed(
        Fault(
            "AP-101",
            "",
            "There is no such appointment of the service you are acting for.",
            "If you act for more than one service, check which one.",
        )
    )


def _must_stand(mine: Appointment, version: int | None) -> None:
    if mine.replaced_at is not None:
        raise Refused(
            Fault("AP-102", "", "This appointment was moved.", "Open the one that took its place, and act on that."),
            person=mine.person_id,
        )
    if version is not None and version != mine.version:
        raise Refused(
            Fault(
                "AP-103",
                "",
                "Somebody changed this appointment since you opened it.",
                "Look at it as it is now, then do it again if it is still needed.",
            ),
            person=mine.person_id,
        )


def _must_be_possible(slot: Slot) -> None:
    if slot.way not in dict(WAYS):
        raise Refused(Fault("AP-105", "way", "It must be one of the ways shown.", "Choose one of them."))
    if slot.way == IN_PERSON and not slot.place.strip():
        rule = "An appointment in person has a place."
        raise Refused(Fault("AP-108", "place", rule, "Say where, so that the person finds it."))


def _call_off(mine: Appointment, by: Actor, at: datetime, cancellation: Cancellation, *, moved: bool) -> None:
    if cancellation.by not in dict(CANCELLED_BY) or cancellation.reason not in dict(REASONS):
        raise Refused(Fault("AP-105", "reason", "Who and why must be of the lists shown.", "Choose from them."))
    if cancellation.reason == "other" and not cancellation.words.strip():
        raise Refused(Fault("AP-109", "words", "Another reason needs words.", "Say in a few words what it was."))
    more = {"cancelled_by": cancellation.by, "reason": cancellation.reason, "words": cancellation.words}
    before = _settle(mine, by, at, outcome=CANCELLED, **more)
    _say(CALLED_OFF, mine, by, at, outcome=CANCELLED, moved=moved, **more, **before)


def _repeat(mine: Appointment, by: Actor, at: datetime) -> None:
    say("appointment.repeated", by=by, at=at, person=mine.person_id, subject=f"appointment {mine.pk}")


def _is_same(mine: Appointment, by: Actor, outcome: str, words: str) -> bool:
    """Is this the very form that was taken before?"""
    return (mine.outcome, mine.words, mine.outcome_by_id) == (outcome, words.strip()[:300], by.user)


def _settle(
    mine: Appointment, by: Actor, at: datetime, *, outcome: str, words: str, cancelled_by: str = "", reason: str = ""
) -> dict[str, object]:
    """Set what came of it; gives what was recorded before, for the event."""
    former = {name: getattr(mine, name) for name in FORMER if getattr(mine, name)}
    mine.outcome, mine.words = outcome, words.strip()[:300]
    mine.cancelled_by, mine.reason = cancelled_by, reason
    mine.outcome_at, mine.outcome_by_id = at, by.user
    mine.version += 1
    mine.save()
    return {"former": former} if former else {}


def _say(verb: str, mine: Appointment, by: Actor, at: datetime, **detail: object) -> None:
    say(
        verb,
        by=by,
        at=at,
        person=mine.person_id,
        case=mine.case_id,
        record=mine.case.record_id if mine.case else None,
        subject=f"appointment {mine.pk}",
        detail=detail,
        about=mine,
    )
