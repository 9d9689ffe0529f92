"""What waits for a reader, grouped by consequence. The number of queries does not grow with the rows."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from throughcare.appointments.models import Appointment
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver, Release
from throughcare.handovers.process.hand_over import CONTACT_OWED, MOVED_BY_SENDER, TO_ANSWER
from throughcare.handovers.queries.hand_over import dues_of, hand_overs, open_dues, standing
from throughcare.handovers.room.hand_over import WORDS
from throughcare.messages.models import Message
from throughcare.processes.models import Due
from throughcare.processes.registry import rooms
from throughcare.processes.table import SENDER
from throughcare.reference.calendar import ONE_DAY
from throughcare.reference.roles import OVERSEERS, works_with_people
from throughcare.sharing.rule import readable
from throughcare.today.board import MOST_ROWS, Act, Group, Line
from throughcare.today.oversight import commissioner_groups, data_protection_groups
from throughcare.today.releases import of_releases
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
        *of_releases(actor, now),
        of_hand_overs(ANSWER),
        of_hand_overs(MOVE),
        of_hand_overs(CONTACT),
        _appointments(actor, now),
        _messages(told, found, _releases_told_of(told, actor, now)),
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
                what=record.listed_name if record else f"Person {booked.person_id}",
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


def _told(actor: Actor) -> list[Message]:
    """What other services did that this one was told of, and nobody has put away yet; one more than is shown."""
    unread = Message.objects.filter(service=actor.service, put_away_at=None, delivered_at__isnull=False).exclude(
        verb__in=("hand_over.send", "hand_over.deliver", "hand_over.escalate")
    )
    return list(unread.order_by("-pk")[: MOST_ROWS + 1])


def _releases_told_of(told: list[Message], actor: Actor, now: datetime) -> dict[int, Release]:
    """The releases that messages are about, of people whose identity the reader may read: asked when there are any."""
    cases = [message.case for message in told if message.verb.startswith("release.")]
    if not cases:
        return {}
    found = readable(Release.objects.filter(case__in=cases), actor, "identity_core", now, person="case__person")
    return {release.case_id: release for release in found.select_related("case__record")}


def _messages(told: list[Message], about: dict[int, HandOver], releases: dict[int, Release]) -> Group:
    lines = []
    for message in told[:MOST_ROWS]:
        process, _, verb = message.verb.partition(".")
        found = about.get(message.case) or releases.get(message.case)
        who = found.case.record.listed_name if found else f"{rooms()[process].process.title} {message.case}"
        lines.append(
            Line(
                what=f"{who}: {_told_words(process, verb)}",
                url=reverse("case", args=[message.case]) if found else "",
                words=f"{day(message.written_at)}, {clock(message.written_at)}",
                acts=[Act("Put away", reverse("put-away", args=[message.pk]), version=0)],
            )
        )
    return Group("Told to your service", lines, "", reverse("hand-overs") if len(told) > MOST_ROWS else "")


def _told_words(process: str, verb: str) -> str:
    return rooms()[process].process.done_words(verb).lower()


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
