"""What waits for a reader, grouped by consequence. The number of queries does not grow with the rows."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from throughcare.appointments.models import Appointment
from throughcare.appointments.queries import names
from throughcare.appointments.rules import where
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import CONTACT_OWED, HAND_OVER, MOVED_BY_SENDER, TO_ANSWER
from throughcare.handovers.queries.hand_over import dues_of, hand_overs, leaving_soon, open_dues, standing
from throughcare.handovers.room.hand_over import WORDS
from throughcare.messages.models import Message
from throughcare.processes.models import Due
from throughcare.processes.table import SENDER
from throughcare.reference.calendar import ONE_DAY
from throughcare.reference.roles import OVERSEERS, works_with_people
from throughcare.sharing.rule import readable
from throughcare.today.board import MOST_ROWS, Act, Group, Line
from throughcare.today.oversight import commissioner_groups, data_protection_groups
from throughcare.today.sorting import ANSWER, CONTACT, LATE, MOVE, TOLD, Waiting, gravity, group_of, next_acts
from throughcare.web.wording import clock, day

DIARY = timedelta(days=7)
MORE = {LATE: "sent", TOLD: "all", ANSWER: "answer", MOVE: "sent", CONTACT: "ours"}
"""Which list of hand-overs has the rest of a group."""
SHOWN = dict.fromkeys(MORE, MOST_ROWS) | {TOLD: 25, ANSWER: 25}
"""How many rows of a group are shown: what nobody has answered yet must not stand out of sight."""


def groups(actor: Actor, now: datetime) -> list[Group]:
    """Today, for one reader: only groups with something in them, the gravest first."""
    if actor.role == "commissioner":
        found = commissioner_groups(actor, now)
    elif actor.role in OVERSEERS:
        found = data_protection_groups(actor, now)
    elif works_with_people(actor.role):
        found = _of_people(actor, now)
    else:
        found = []
    return [group for group in found if group.rows]


def _of_people(actor: Actor, now: datetime) -> list[Group]:
    """Today of those who work with people."""
    sorted_into = _sorted(actor, now)
    told = _told(actor)
    first = [waiting.case for title, rows in sorted_into.items() for waiting in rows[: SHOWN[title]]]
    found = {h.case_id: h for h in hand_overs(actor, now).filter(case__in=[*first, *(m.case for m in told)])}
    dues = dues_of(first)

    def of_hand_overs(title: str, tone: str = "") -> Group:
        rows = sorted_into[title]
        lines = [
            _hand_over(one, found[one.case], dues.get(one.case), actor, now)
            for one in rows[: SHOWN[title]]
            if one.case in found
        ]
        more = f"{reverse('hand-overs')}?show={MORE[title]}" if len(rows) > SHOWN[title] else ""
        return Group(title, lines, tone, more, len(rows))

    return [
        of_hand_overs(LATE, "risk"),
        of_hand_overs(TOLD, "risk"),
        _leaving(actor, now),
        of_hand_overs(ANSWER),
        of_hand_overs(MOVE),
        of_hand_overs(CONTACT),
        _appointments(actor, now),
        _messages(told, found),
    ]


def _sorted(actor: Actor, now: datetime) -> dict[str, list[Waiting]]:
    """The service's hand-overs that wait for somebody, in their groups, the gravest of each first."""
    first_due = open_dues().filter(case=OuterRef("case")).order_by("due_at").values("due_at")[:1]
    waiting = (
        hand_overs(actor, now)
        .filter(state__in={*MOVED_BY_SENDER, *TO_ANSWER, *CONTACT_OWED})
        .values_list("case", "state", "sender", "ladder", "owed_by", "urgent", Subquery(first_due))
    )
    found: dict[str, list[Waiting]] = defaultdict(list)
    for one in sorted(map(Waiting._make, waiting), key=lambda one: gravity(one, actor.service)):
        if title := group_of(one, actor.service, actor.role):
            found[title].append(one)
    return found


def _leaving(actor: Actor, now: datetime) -> Group:
    stays = list(leaving_soon(actor, now)[: MOST_ROWS + 1])
    lines = []
    for stay in stays[:MOST_ROWS]:
        assert stay.release_date is not None, "only stays with a date in the next 14 days are asked for"
        days = (stay.release_date - localdate(now)).days
        when = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
        lines.append(
            Line(
                what=stay.record.listed_name,
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
        .filter(service=actor.service, replaced_at=None, outcome="", starts_at__range=(today, today + DIARY))
        .order_by("starts_at", "pk")
    )
    found = list(rows[: MOST_ROWS + 1])
    named = names(actor, found, now) if found else {}
    lines = []
    for booked in found[:MOST_ROWS]:
        is_today = localdate(booked.starts_at) == localdate(now)
        lines.append(
            Line(
                what=named.get(booked.person_id, f"Person {booked.person_id}"),
                url=reverse("person", args=[booked.person_id]),
                tag="Today" if is_today else "",
                tone="today" if is_today else "",
                words=f"{'' if is_today else day(booked.starts_at) + ', '}{clock(booked.starts_at)}, "
                + where(booked.way, booked.place),
                acts=[Act("Record the contact", reverse("act", args=[booked.case_id, "record_contact"]))]
                if booked.case_id and booked.starts_at < now + ONE_DAY
                else [],
            )
        )
    return Group(
        "Appointments, next 7 days", lines, "", reverse("diary") + "?view=week" if len(found) > MOST_ROWS else ""
    )


def unread(service: int | None) -> QuerySet[Message]:
    """What other services did that this one was told of, and nobody has put away yet."""
    waiting = Message.objects.filter(service=service, put_away_at=None, delivered_at__isnull=False)
    return waiting.exclude(verb__in=("hand_over.send", "hand_over.deliver", "hand_over.escalate"))


def _told(actor: Actor) -> list[Message]:
    """The newest of them: one more than is shown."""
    return list(unread(actor.service).order_by("-pk")[: MOST_ROWS + 1])


def _messages(told: list[Message], about: dict[int, HandOver]) -> Group:
    lines = []
    for message in told[:MOST_ROWS]:
        hand_over = about.get(message.case)
        who = hand_over.case.record.listed_name if hand_over else f"Hand-over {message.case}"
        lines.append(
            Line(
                what=f"{who}: {HAND_OVER.done_words(message.verb.partition('.')[2]).lower()}",
                url=reverse("case", args=[message.case]) if hand_over else "",
                words=f"{day(message.written_at)}, {clock(message.written_at)}",
                acts=[Act("Put away", reverse("put-away", args=[message.pk]), version=0)],
            )
        )
    return Group("Told to your service", lines, "", reverse("hand-overs") if len(told) > MOST_ROWS else "")


def _hand_over(waiting: Waiting, hand_over: HandOver, due: Due | None, actor: Actor, now: datetime) -> Line:
    how = standing(hand_over, due, actor, now)
    side = waiting.side(actor.service)
    other = f"to {hand_over.receiver.name}" if side == SENDER else f"from {hand_over.sender.name}"
    return Line(
        what=f"{hand_over.case.record.listed_name}: hand-over {other}",
        url=reverse("case", args=[hand_over.case_id]),
        tag=how.state,
        tone=how.tone,
        words=how.words[:1].upper() + how.words[1:],
        due_at=due.due_at if due else None,
        ring=how.ring,
        acts=[_act(hand_over, verb) for verb in next_acts(waiting.state, side, localdate(now))],
    )


def _act(hand_over: HandOver, verb: str) -> Act:
    """Opening asks nothing, so it is done from the row; everything else leads to its form."""
    url = reverse("act", args=[hand_over.case_id, verb])
    if verb == "open_by_receiver":
        return Act("Open", url, version=hand_over.case.version, key=uuid.uuid4().hex)
    return Act(WORDS[verb][0], url)


def total(found: Iterable[Group]) -> int:
    """How many rows the page shows."""
    return sum(len(group.rows) for group in found)
