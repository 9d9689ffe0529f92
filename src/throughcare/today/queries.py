"""What waits for a reader, grouped by consequence. The number of queries does not grow with the rows."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from throughcare.appointments.models import Appointment
from throughcare.appointments.queries import names
from throughcare.appointments.rules import where
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver, Release
from throughcare.handovers.process.custody_question import ASKED
from throughcare.handovers.process.hand_over import CONTACT_OWED, MOVED_BY_SENDER, TO_ANSWER
from throughcare.handovers.queries.hand_over import dues_of, hand_overs, open_dues, standing, whom_to_ring
from throughcare.handovers.queries.question import questions
from throughcare.handovers.queries.sheet import as_rule, at_risk, writes_cover
from throughcare.handovers.room.hand_over import WORDS
from throughcare.handovers.rules.cover import gap_words
from throughcare.messages.models import Message
from throughcare.people.happened import KINDS
from throughcare.people.models import PersonEvent
from throughcare.people.queries import deaths, reads_field, visible_records
from throughcare.processes.models import Due
from throughcare.processes.registry import forbidden, rooms
from throughcare.processes.table import SENDER
from throughcare.reference.areas import area_name, is_area
from throughcare.reference.calendar import ONE_DAY
from throughcare.reference.roles import OVERSEERS, works_with_people
from throughcare.sharing.rule import readable
from throughcare.today.board import MOST_ROWS, Act, Group, Line
from throughcare.today.oversight import commissioner_groups, data_protection_groups
from throughcare.today.releases import of_releases
from throughcare.today.sorting import ANSWER, CONTACT, LATE, MOVE, PAUSED, TOLD, Waiting, gravity, group_of, next_acts
from throughcare.web.wording import clock, day

DIARY = timedelta(days=7)
MOVED = "Moved to another area: a hand-over is needed"
MORE = {LATE: "sent", TOLD: "all", ANSWER: "answer", MOVE: "sent", CONTACT: "ours", PAUSED: "all"}
"""Which list of hand-overs has the rest of a group."""
SHOWN = dict.fromkeys(MORE, MOST_ROWS) | {TOLD: 25, ANSWER: 25}
"""How many rows of a group are shown: what nobody has answered yet must not stand out of sight."""


AT_RISK, MOST_AT_RISK = "At risk this week: no next prescriber", 25


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
        _uncovered(actor, now),
        *_questions(actor, now),
        of_hand_overs(LATE, "risk"),
        of_hand_overs(TOLD, "risk"),
        *of_releases(actor, now),
        of_hand_overs(ANSWER),
        of_hand_overs(MOVE),
        of_hand_overs(CONTACT),
        _moved(actor, now),
        of_hand_overs(PAUSED),
        _appointments(actor, now),
        _messages(told, found, _releases_told_of(told, actor, now)),
    ]


def _sorted(actor: Actor, now: datetime) -> dict[str, list[Waiting]]:
    """The service's hand-overs that wait for somebody, in their groups, the gravest of each first."""
    first_due = open_dues().filter(case=OuterRef("case")).order_by("due_at").values("due_at")[:1]
    paused = ExpressionWrapper(Q(case__paused_at__isnull=False), BooleanField())
    waiting = (
        hand_overs(actor, now)
        .filter(Q(state__in={*MOVED_BY_SENDER, *TO_ANSWER, *CONTACT_OWED}) | Q(case__paused_at__isnull=False))
        .values_list("case", "state", "sender", "ladder", "owed_by", "urgent", Subquery(first_due), paused)
    )
    found: dict[str, list[Waiting]] = defaultdict(list)
    for one in sorted(map(Waiting._make, waiting), key=lambda one: gravity(one, actor.service)):
        if title := group_of(one, actor.service, actor.role):
            found[title].append(one)
    return found


def _uncovered(actor: Actor, now: datetime) -> Group:
    """Who could be without a prescription this week, the soonest first."""
    found = list(at_risk(actor, now)[: MOST_AT_RISK + 1])
    shown = found[:MOST_AT_RISK]
    known = {r.person_id: r for r in visible_records(actor, now).filter(person__in=[c.person_id for c in shown])}
    lines = []
    for cover in (cover for cover in shown if cover.person_id in known):
        ended = cover.covered_until <= now
        acts = [Act("Arrange cover", reverse("prescriber", args=[cover.person_id]))] if writes_cover(actor, now) else []
        lines.append(
            Line(
                what=known[cover.person_id].listed_name,
                url=reverse("person", args=[cover.person_id]),
                tag="Nobody prescribes" if ended else "Script ends",
                tone="risk",
                words=gap_words(as_rule(cover)),
                due_at=cover.covered_until,
                ring=(cover.prescriber, cover.telephone),
                acts=acts,
            )
        )
    return Group(AT_RISK, lines, "risk", reverse("people") if len(found) > MOST_AT_RISK else "")


def _questions(actor: Actor, now: datetime) -> list[Group]:
    """Questions about prescribing: those to answer, for somebody may be without a dose tonight; and one's own."""
    to_answer, waiting, answered = [], [], []
    for question in questions(actor, now):
        late = question.due_at is not None and bool(question.ladder or question.due_at <= now)
        name, url = question.case.record.listed_name, reverse("case", args=[question.case_id])
        if question.asked_id == actor.service and question.state in ASKED:
            answer = Act("Answer", reverse("act", args=[question.case_id, "answer_prescribing"]))
            words, tag = f"{question.asker.name} asks who prescribes", "Late" if late else "Asked"
            to_answer.append(Line(name, url, tag, "missed" if late else "today", words, question.due_at, acts=[answer]))
        elif question.state in ASKED:
            ring = whom_to_ring(question.asked, question.ladder) if late else None
            tag, words = "NOT ANSWERED" if late else "Asked", f"Who prescribes? Asked of {question.asked.name}"
            waiting.append(Line(name, url, tag, "missed" if late else "", words, question.due_at, ring))
        else:
            words = f"{question.asked.name} has answered who prescribes"
            acts = [Act("Close", reverse("act", args=[question.case_id, "close"]))]
            answered.append(Line(name, url, "Answered", "done", words, acts=acts))
    return [
        Group("You are asked who prescribes", to_answer, "risk"),
        Group("You asked who prescribes", waiting + answered),
    ]


def _moved(actor: Actor, now: datetime) -> Group:
    """People who moved to another area while the service coordinates, with no hand-over written since."""
    moved = PersonEvent.objects.filter(person=OuterRef("case__person"), kind="moved_area", undone_by=None)
    last = moved.order_by("-pk")
    since = HandOver.objects.filter(case__person=OuterRef("case__person"), case__opened_at__gte=OuterRef("moved_at"))
    coordinates = Q(owner=None, sender=actor.service) | Q(owner__isnull=False, receiver=actor.service)
    rows = (
        hand_overs(actor, now)
        .filter(coordinates, case__closed_at=None)
        .annotate(moved_at=Subquery(last.values("at")[:1]), moved=Subquery(last.values("facts")[:1]))
        .filter(moved_at__isnull=False)
        .exclude(Exists(since))
        .order_by("case")
    )
    kind = KINDS["moved_area"]
    found = list(rows[: MOST_ROWS + 1]) if reads_field(actor, now, kind.field) else []
    lines = []
    for hand_over in found[:MOST_ROWS]:
        facts = hand_over.moved
        area, to = str(facts.get("new_area", "")), str(facts.get("service_there", ""))
        known = area_name(area) if is_area(area) else "an area that is not known"
        person = hand_over.case.person_id
        address = reverse("new-hand-over", args=[person])
        lines.append(
            Line(
                what=hand_over.case.record.listed_name,
                url=reverse("person", args=[person]),
                tag="Moved",
                tone="today",
                words=f"To {known}. Yours to hand over there",
                acts=[Act("Write a hand-over to the new area", f"{address}?to={to}" if to.isdecimal() else address)],
            )
        )
    return Group(MOVED, lines, "", reverse("hand-overs") if len(found) > MOST_ROWS else "")


def _appointments(actor: Actor, now: datetime) -> Group:
    """The service's diary: today and the next seven days."""
    today = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        readable(Appointment.objects.all(), actor, "appointments_attendance", now, organisation="service__organisation")
        .filter(service=actor.service, replaced_at=None, outcome="", starts_at__range=(today, today + DIARY))
        .annotate(dead=Exists(deaths().filter(person=OuterRef("person"))))
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
                tag="Has died: not to be kept" if booked.dead else "Today" if is_today else "",
                tone="today" if is_today and not booked.dead else "",
                words=f"{'' if is_today else day(booked.starts_at) + ', '}{clock(booked.starts_at)}, "
                + where(booked.way, booked.place),
                acts=[Act("Record the contact", reverse("act", args=[booked.case_id, "record_contact"]))]
                if booked.case_id and booked.starts_at < now + ONE_DAY and not booked.dead
                else [],
            )
        )
    return Group(
        "Appointments, next 7 days", lines, "", reverse("diary") + "?view=week" if len(found) > MOST_ROWS else ""
    )


def unread(service: int | None) -> QuerySet[Message]:
    """What other services did that this one was told of, and nobody has put away yet."""
    waiting = Message.objects.filter(service=service, put_away_at=None, delivered_at__isnull=False)
    return waiting.exclude(verb__in=("hand_over.send", "hand_over.deliver", "hand_over.escalate")).exclude(
        Q(verb__startswith="custody_question.") & ~Q(verb="custody_question.close")
    )  # the others stand in groups of their own


def _told(actor: Actor) -> list[Message]:
    """The newest of them: one more than is shown."""
    return list(unread(actor.service).order_by("-pk")[: MOST_ROWS + 1])


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
        name, _, verb = message.verb.partition(".")
        process = rooms()[name].process
        found = about.get(message.case) or releases.get(message.case)
        who = found.case.record.listed_name if found else f"{process.title} {message.case}"
        lines.append(
            Line(
                what=f"{who}: {_inside(process.done_words(verb))}",
                url=reverse("case", args=[message.case]) if found else "",
                words=f"{day(message.written_at)}, {clock(message.written_at)}",
                acts=[Act("Put away", reverse("put-away", args=[message.pk]), version=0)],
            )
        )
    return Group("Told to your service", lines, "", reverse("hand-overs") if len(told) > MOST_ROWS else "")


def _inside(words: str) -> str:
    """Words inside a sentence."""
    return words[:1].lower() + words[1:]


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
        acts=[
            *([Act("It has ended", reverse("case", args=[hand_over.case_id]))] if waiting.paused else []),
            *(
                _act(hand_over, verb)
                for verb in next_acts(waiting.state, side, localdate(now))
                if not forbidden(hand_over.case, verb)
            ),
        ],
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
