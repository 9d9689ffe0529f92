"""What waits for a reader, grouped by consequence. The number of queries does not grow with the rows."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from throughcare.appointments.models import Appointment
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver
from throughcare.handovers.process import HAND_OVER
from throughcare.handovers.queries import TO_ANSWER, dues_of, hand_overs, leaving_soon, standing
from throughcare.handovers.room import WORDS
from throughcare.messages.models import Message
from throughcare.processes.models import Due
from throughcare.reference.calendar import ONE_DAY
from throughcare.reference.roles import OVERSEERS, works_with_people
from throughcare.sharing.rule import readable
from throughcare.today.board import MOST_ROWS, Act, Group, Line
from throughcare.today.oversight import commissioner_groups, data_protection_groups
from throughcare.web.wording import clock, day

DIARY = timedelta(days=7)
MOVED_BY_SENDER = ("drafted", "question_asked", "declined", "rerouted")
CONTACT_OWED = ("accepted", "contact_booked")


def groups(actor: Actor, now: datetime) -> list[Group]:
    """Today, for one reader: only groups with something in them, the gravest first."""
    if actor.role == "commissioner":
        found = commissioner_groups(actor, now)
    elif actor.role in OVERSEERS:
        found = data_protection_groups(actor, now)
    elif works_with_people(actor.role):
        found = [
            _late_with_others(actor, now),
            _told_by_ladder(actor, now),
            _leaving(actor, now),
            _to_answer(actor, now),
            _ours_to_move(actor, now),
            _first_contacts(actor, now),
            _appointments(actor, now),
            _messages(actor, now),
        ]
    else:
        found = []
    return [group for group in found if group.rows]


def _late_with_others(actor: Actor, now: datetime) -> Group:
    """Sent by us, and the other side has not done its part in time: somebody may be lost."""
    rows = hand_overs(actor, now).filter(
        Q(owed_by="receiver"), sender=actor.service, state__in=(*TO_ANSWER, *CONTACT_OWED)
    )
    found, more = _first(rows.order_by("sent_at", "case"))
    lines = [_hand_over(h, due, actor, now) for h, due in found]
    return Group("Late with another service: ring", lines, "risk", _more("sent", more))


def _told_by_ladder(actor: Actor, now: datetime) -> Group:
    """What the escalation ladder has told to this manager."""
    if actor.role != "service_manager":
        return Group("", [])
    rows = hand_overs(actor, now).filter(receiver=actor.service, ladder__in=("service manager", "provider lead"))
    found, more = _first(rows.order_by("sent_at", "case"))
    lines = [_hand_over(h, due, actor, now) for h, due in found]
    return Group("Late in your service: told to you by the ladder", lines, "risk", _more("answer", more))


def _to_answer(actor: Actor, now: datetime) -> Group:
    rows = hand_overs(actor, now).filter(receiver=actor.service, state__in=TO_ANSWER)
    late_first = Case(When(ladder="", then=Value(1)), default=Value(0))
    found, more = _first(rows.order_by(late_first, F("urgent").desc(), "sent_at", "case"))
    return Group("To answer", [_hand_over(h, due, actor, now) for h, due in found], "", _more("answer", more))


def _ours_to_move(actor: Actor, now: datetime) -> Group:
    """Sent by us, and the next word is ours: drafts, questions, declined."""
    rows = hand_overs(actor, now).filter(sender=actor.service, state__in=MOVED_BY_SENDER)
    order = Case(
        When(state="declined", then=Value(0)),
        When(state="question_asked", then=Value(1)),
        default=Value(2),
    )
    found, more = _first(rows.order_by(order, "-case"))
    return Group("Yours to move on", [_hand_over(h, due, actor, now) for h, due in found], "", _more("sent", more))


def _first_contacts(actor: Actor, now: datetime) -> Group:
    """Taken on by us, and not seen yet."""
    rows = hand_overs(actor, now).filter(receiver=actor.service, state__in=CONTACT_OWED)
    owed = rows.filter(case__dues__clock="HOV-C07", case__dues__met_at=None, case__dues__replaced_at=None)
    found, more = _first(owed.order_by("case__dues__due_at", "case"))
    return Group(
        "Taken on, first contact due", [_hand_over(h, due, actor, now) for h, due in found], "", _more("ours", more)
    )


def _leaving(actor: Actor, now: datetime) -> Group:
    stays = list(leaving_soon(actor, now)[: MOST_ROWS + 1])
    lines = []
    for stay in stays[:MOST_ROWS]:
        assert stay.release_date is not None, "only stays with a date in the next 14 days are asked for"
        days = (stay.release_date - localdate(now)).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
        lines.append(
            Line(
                what=_name(stay.record.family_name, stay.record.given_name),
                url=reverse("person", args=[stay.person_id]),
                tag="No hand-over",
                tone="risk" if days <= 2 else "today",
                words=f"Leaves {stay.site.name} {when}, {day(stay.release_date)}",
                acts=[Act("Write a hand-over", reverse("new-hand-over", args=[stay.person_id]))],
            )
        )
    return Group(
        "Leaving within 14 days, nothing sent", lines, "risk", reverse("people") if len(stays) > MOST_ROWS else ""
    )


def _appointments(actor: Actor, now: datetime) -> Group:
    """The service's diary: today and the next seven days."""
    today = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        readable(Appointment.objects.all(), actor, "appointments_attendance", now, organisation="service__organisation")
        .filter(service=actor.service, replaced_at=None, starts_at__range=(today, today + DIARY))
        .select_related("case__record")
        .order_by("starts_at", "pk")
    )
    found = list(rows[: MOST_ROWS + 1])
    lines = []
    for booked in found[:MOST_ROWS]:
        is_today = localdate(booked.starts_at) == localdate(now)
        record = booked.case.record if booked.case else None
        lines.append(
            Line(
                what=_name(record.family_name, record.given_name) if record else f"Person {booked.person_id}",
                url=reverse("person", args=[booked.person_id]),
                tag="Today" if is_today else "",
                tone="today" if is_today else "",
                words=f"{'' if is_today else day(booked.starts_at) + ', '}{clock(booked.starts_at)}, {booked.place}",
                acts=[Act("Record the contact", reverse("act", args=[booked.case_id, "record_contact"]))]
                if booked.case_id and booked.starts_at < now + ONE_DAY
                else [],
            )
        )
    return Group(
        "Appointments, next 7 days", lines, "", reverse("hand-overs") + "?show=ours" if len(found) > MOST_ROWS else ""
    )


def _messages(actor: Actor, now: datetime) -> Group:
    """What other services did that this one was told of, and nobody has put away yet."""
    unread = Message.objects.filter(service=actor.service, put_away_at=None, delivered_at__isnull=False).exclude(
        verb__in=("hand_over.send", "hand_over.deliver", "hand_over.escalate")
    )
    found = list(unread.order_by("-pk")[: MOST_ROWS + 1])
    about = hand_overs(actor, now).filter(case__in=[message.case for message in found])
    names = {h.case_id: _name(h.case.record.family_name, h.case.record.given_name) for h in about}
    lines = [
        Line(
            what=f"{names.get(message.case, f'Hand-over {message.case}')}: "
            f"{HAND_OVER.done_words(message.verb.partition('.')[2]).lower()}",
            url=reverse("case", args=[message.case]) if message.case in names else "",
            words=f"{day(message.written_at)}, {clock(message.written_at)}",
            acts=[Act("Put away", reverse("put-away", args=[message.pk]), version=0)],
        )
        for message in found[:MOST_ROWS]
    ]
    return Group("Told to your service", lines, "", reverse("hand-overs") if len(found) > MOST_ROWS else "")


def _first(rows: QuerySet[Any]) -> tuple[list[tuple[HandOver, Due | None]], bool]:
    """The first 25 rows with their deadlines, and whether there are more."""
    found = list(rows[: MOST_ROWS + 1])
    dues = dues_of(found[:MOST_ROWS])
    return [(hand_over, dues.get(hand_over.case_id)) for hand_over in found[:MOST_ROWS]], len(found) > MOST_ROWS


def _hand_over(hand_over: HandOver, due: Due | None, actor: Actor, now: datetime) -> Line:
    how = standing(hand_over, due, actor, now)
    record = hand_over.case.record
    other = hand_over.receiver.name if hand_over.sender_id == actor.service else hand_over.sender.name
    side = "to" if hand_over.sender_id == actor.service else "from"
    return Line(
        what=f"{_name(record.family_name, record.given_name)}: hand-over {side} {other}",
        url=reverse("case", args=[hand_over.case_id]),
        tag=how.state,
        tone=how.tone,
        words=how.words[:1].upper() + how.words[1:],
        due_at=due.due_at if due else None,
        ring=how.ring,
        acts=_acts(hand_over, actor),
    )


def _acts(hand_over: HandOver, actor: Actor) -> list[Act]:
    """The first thing to do with a hand-over, by its state and side."""
    state, case = hand_over.state, hand_over.case_id  # type: ignore[attr-defined]  # read with it
    verbs: tuple[str, ...]
    if hand_over.receiver_id == actor.service:
        if state in ("sent", "delivered"):
            version = hand_over.case.version
            return [Act("Open", reverse("act", args=[case, "open_by_receiver"]), version=version, key=uuid.uuid4().hex)]
        verbs = {"opened": ("accept", "decline"), "question_asked": ("accept", "decline")}.get(state, ())
        verbs = verbs or {"accepted": ("book_contact",), "contact_booked": ("record_contact",)}.get(state, ())
    else:
        verbs = {
            "drafted": ("send",),
            "question_asked": ("answer_question",),
            "declined": ("reroute", "withdraw"),
            "rerouted": ("send",),
        }.get(state, ())
    return [Act(WORDS[verb][0], reverse("act", args=[case, verb])) for verb in verbs]


def _name(family: str, given: str) -> str:
    return ", ".join(filter(None, (family, given)))


def _more(show: str, more: bool) -> str:
    return f"{reverse('hand-overs')}?show={show}" if more else ""


def total(found: Iterable[Group]) -> int:
    return sum(len(group.rows) for group in found)
