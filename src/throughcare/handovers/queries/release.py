"""Scoped reads of releases: the boards, and what is known of the readiness of each, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.appointments.models import Appointment
from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyStay, HandOver, Readiness, Release
from throughcare.handovers.process.hand_over import TAKEN_ON, TO_ANSWER, UNOPENED
from throughcare.handovers.process.release import DATED, LEFT, NOT_SEEN, OPIOIDS, RELEASE
from throughcare.handovers.queries.hand_over import whom_to_ring
from throughcare.handovers.queries.sheet import covers, holding_naloxone
from throughcare.handovers.rules.release import (
    CHECKS,
    CONTINUITY_DAYS,
    OPEN,
    Item,
    Known,
    day_number,
    friday_rule,
    light,
    readiness,
)
from throughcare.organisations.models import AreaServed, SiteCovered
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.table import NOT_KNOWN, Facts, as_text
from throughcare.reference.areas import area_name
from throughcare.reference.calendar import LONDON
from throughcare.reference.sharing import Access, rules_for
from throughcare.sharing.rule import OF_THE_ITEM, open_grants, readable
from throughcare.web.wording import day, moment

SOON = timedelta(days=14)
WEEKS_AHEAD = 12
PAGE = 25
SMALLEST_SHOWN = 5
SUPPLIES = ("plan_supply", "report_dispensed")
GONE_ELSEWHERE = ("drafted", "rerouted")
LESSER = ("identity_document", "medicines", "transport", "gate")
"""Checks that share one column of a board."""


# What is known of each release


def said_of(cases: Collection[int]) -> dict[int, dict[str, tuple[str, str]]]:
    """What was last said of each thing for leaving: by case and code, its state and words."""
    found: dict[int, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in Readiness.objects.filter(case__in=cases).order_by("pk").values_list("case", "code", "state", "words"):
        case, code, state, words = row
        found[case][code] = (state, words or state.replace("_", " ").capitalize())
    return found


@dataclass(frozen=True)
class Cover:
    """Until when what is prescribed is supplied, and who goes on from when."""

    on_opioid_medicine: str = NOT_KNOWN
    covered_until: datetime | None = None
    next_from: datetime | None = None


@dataclass
class _Facts:
    """What the steps of one case say of dates and supply."""

    dates: list[date | None] = field(default_factory=list)
    medicine: str = ""
    supply_ends: date | None = None


def _facts_of(cases: Collection[int]) -> dict[int, _Facts]:
    """One query for the dates and the supply of each case. A date that was flagged as impossible is not among them."""
    found: dict[int, _Facts] = defaultdict(_Facts)
    steps = StepTaken.objects.filter(case__in=cases, verb__in=(*DATED, *SUPPLIES)).order_by("pk")
    for case, verb, facts, flags in steps.values_list("case", "verb", "facts", "flags"):
        one = found[case]
        if verb in DATED and not any(number.startswith("RL-") for number, _, _ in flags):
            one.dates.append(parse_date(as_text(facts.get("release_date") or facts.get("new_release_date"))))
        if verb in SUPPLIES:
            one.medicine = as_text(facts.get("medicine")) or one.medicine
            ends = parse_date(as_text(facts.get("supply_end_date")))
            one.supply_ends = ends or one.supply_ends
    return found


def cover_of(facts: dict[int, _Facts], hand_overs: dict[int, Any], releases: Sequence[Release]) -> dict[int, Cover]:
    """The prescribing cover of each release, by case: who is named to prescribe, else the supply its steps record."""
    found = {}
    named = covers(release.case.person_id for release in releases)
    for release in releases:
        one, hand_over = facts[release.case_id], hand_overs.get(release.case.person_id)
        if standing := named.get(release.case.person_id):
            found[release.case_id] = Cover("yes", standing.covered_until, standing.next_from)
            continue
        taken = "yes" if one.medicine in OPIOIDS else hand_over.opioid_agonist_medicine if hand_over else ""
        ends = datetime.combine(one.supply_ends, time(23, 59), LONDON) if one.supply_ends else None
        found[release.case_id] = Cover(taken or NOT_KNOWN, ends)
    return found


def latest_date(case: int) -> date | None:
    """The release date that was told last and can be; None where none is known."""
    told = _facts_of([case])[case].dates
    return told[-1] if told else None


def left_at(came: datetime, facts: Facts, at: datetime) -> datetime | None:
    """The moment of leaving that was told. Of a day alone its middle, or now; on the day they came, after they came."""
    told = parse_datetime(as_text(facts.get("release_time")))
    if told is None or told.tzinfo:
        return told
    middle = at if told.date() == localdate(at) else datetime.combine(told.date(), time(12), LONDON)
    return max(middle, came + timedelta(minutes=1)) if told.date() == localdate(came) else middle


@dataclass(frozen=True)
class Picture:
    """Everything read together for a number of releases."""

    known: dict[int, Known]
    hand_overs: dict[int, Any]
    dates: dict[int, list[date | None]]


def picture_of(releases: Sequence[Release], now: datetime) -> Picture:
    """Six queries, whatever the number of releases. `case`, `case.record` and `stay` have been read with them."""
    people = [release.case.person_id for release in releases]
    cases = [release.case_id for release in releases]
    hand_overs = _hand_overs_of(people)
    booked = _appointments_of(people)
    facts, said = _facts_of(cases), said_of(cases)
    naloxone = holding_naloxone({release.case.person_id: release.stay.since for release in releases})
    covers = cover_of(facts, hand_overs, releases)
    known = {}
    for release in releases:
        hand_over = hand_overs.get(release.case.person_id)
        cover = covers[release.case_id]
        since = release.left_at or now
        ahead = [at for at in booked.get(release.case.person_id, ()) if localdate(at) >= localdate(since)]
        known[release.case_id] = Known(
            today=localdate(now),
            leaves=release.stay.release_date,
            hand_over=_stands(hand_over),
            receiver=hand_over.receiver.name if hand_over else "",
            appointment=min(ahead, default=None),
            on_opioid_medicine=cover.on_opioid_medicine,
            covered_until=cover.covered_until,
            next_from=cover.next_from,
            said={**naloxone.get(release.case.person_id, {}), **said.get(release.case_id, {})},
        )
    return Picture(known, hand_overs, {case: facts[case].dates for case in cases})


def known_of(releases: Sequence[Release], now: datetime) -> dict[int, Known]:
    """What readiness is worked out from, by case."""
    return picture_of(releases, now).known


def _hand_overs_of(people: Collection[int]) -> dict[int, Any]:
    """The hand-over to treatment that counts for each person: one that was accepted, else the latest."""
    rows = (
        HandOver.objects.filter(
            case__in=Case.objects.filter(person__in=people).values("pk"), case__strands__name="main"
        )
        .annotate(state=F("case__strands__state"))
        .filter(state__in=(*TO_ANSWER, *TAKEN_ON, "declined", *GONE_ELSEWHERE))
        .exclude(receiver__membership__role__in=("reconnect", "housing_worker", "responsible_officer", "peer_mentor"))
        .select_related("case", "receiver__organisation", "owner")
        .order_by("case")
    )
    found: dict[int, Any] = {}
    for row in rows:
        before = found.get(row.case.person_id)
        if before is None or before.state not in TAKEN_ON or row.state in TAKEN_ON:
            found[row.case.person_id] = row
    return found


def _stands(hand_over: Any) -> str:
    if hand_over is None:
        return ""
    if hand_over.state in TAKEN_ON:
        return "accepted"
    if hand_over.state in TO_ANSWER:
        return "waiting"
    return "declined" if hand_over.state == "declined" else "unsent"


def _appointments_of(people: Collection[int]) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    rows = Appointment.objects.filter(person__in=people, replaced_at=None)
    for person, starts_at in rows.values_list("person", "starts_at"):
        found[person].append(starts_at)
    return found


# The boards


@dataclass(frozen=True)
class Cell:
    """One thing of a row, with what can be done about it."""

    name: str
    words: str
    tone: str = ""
    state: str = ""
    url: str = ""
    act: str = ""
    ring: tuple[str, str] | None = None


@dataclass(frozen=True)
class BoardRow:
    """One person on a board. `when` is the date or the day, with its tone; moves are the dates before it."""

    case: int
    person: int
    name: str
    when: str
    tone: str
    moves: tuple[str, ...]
    note: str
    cells: tuple[Cell, ...]
    owner: str


@dataclass(frozen=True)
class BoardGroup:
    """Rows of one kind: those of this page, how many there are in all, and where the others are."""

    code: str
    title: str
    empty: str
    rows: list[BoardRow]
    total: int
    next_page: int = 0
    previous_page: int = 0


def prison_board(actor: Actor, now: datetime, page: int = 1) -> list[BoardGroup]:
    """Who leaves within 14 days, and who could leave any day. Eight queries, whatever the number of rows."""
    today = localdate(now)
    held = _held(actor, now).values_list("pk", "stay__release_date", "could_leave")
    soon, any_day = [], []
    for pk, leaves, could_leave in held.order_by(F("stay__release_date").asc(nulls_last=True), "pk"):
        if leaves and leaves <= today + SOON:
            soon.append(pk)
        elif could_leave == "yes":
            any_day.append(pk)
    shown = {"soon": _page(soon, page), "any": _page(any_day, page)}
    rows = _rows([*shown["soon"], *shown["any"]])
    picture = picture_of(list(rows.values()), now)
    seen = columns(actor, now, {"grant_open", "while_in_custody"})

    def group(code: str, title: str, empty: str, ids: list[int]) -> BoardGroup:
        found = [_leaving(rows[pk], picture, seen, actor, today) for pk in shown[code] if pk in rows]
        return BoardGroup(code, title, empty, found, len(ids), *_others(ids, page))

    return [
        group(
            "soon", "Next 14 days", "Nobody leaves within 14 days. A date set on a person’s page appears here.", soon
        ),
        group(
            "any",
            "Could leave today",
            "Nobody here is on remand or without a release date. Whoever is appears here from the day they came.",
            any_day,
        ),
    ]


def arrivals_board(actor: Actor, now: datetime, page: int = 1) -> list[BoardGroup]:
    """Who is expected from prison within 14 days, and who came in the last 21 days: first whom nobody has seen.

    Nine queries at most.
    """
    today = localdate(now)
    found = readable(Release.objects.all(), actor, "release_details", now, person="case__person")
    listed = (
        found.filter(case__closed_at=None, case__person__in=open_grants(actor, now).values("person"))
        .filter(
            Q(left_at=None, stay__release_date__lte=today + SOON)
            | Q(left_at__gte=now - timedelta(days=CONTINUITY_DAYS + 1))
        )
        .filter(case__strands__name="plan")
        .order_by("stay__release_date", "pk")
        .values_list("pk", "left_at", "case__strands__state")
    )
    rows_of_all = list(listed)
    expected = [pk for pk, left_at, _ in rows_of_all if left_at is None]
    arrived = [pk for pk, left_at, _ in sorted(rows_of_all, key=lambda row: _owed(row[2])) if left_at]
    shown = {"expected": _page(expected, page), "arrived": _page(arrived, page)}
    rows = _rows([*shown["expected"], *shown["arrived"]])
    picture = picture_of(list(rows.values()), now)
    seen = columns(actor, now, {"grant_open", "release_planned"})
    dues = _dues(shown["arrived"])
    return [
        BoardGroup(
            "expected",
            "Expected in the next 14 days",
            "Nobody is expected. A person appears when their hand-over was sent to you and a release date is known.",
            [_leaving(rows[pk], picture, seen, actor, today) for pk in shown["expected"]],
            len(expected),
            *_others(expected, page),
        ),
        BoardGroup(
            "arrived",
            "Left custody in the last 21 days",
            "Nobody who was handed over to you left custody in the last 21 days.",
            [_arrived(rows[pk], picture, seen, dues, today) for pk in shown["arrived"]],
            len(arrived),
            *_others(arrived, page),
        ),
    ]


def _owed(state: str) -> int:
    """Whom nobody has seen comes before whom nobody treats yet; then those whose treatment has begun."""
    return (state not in NOT_SEEN) + (state not in LEFT)


@dataclass(frozen=True)
class LineOfWeek:
    """How many leave custody for an area in a week: no name, no small number."""

    area: str
    week: date
    count: str


def lines_without_names(actor: Actor, now: datetime) -> list[LineOfWeek]:
    """For coordinators: the releases ahead, counted by area and week; under five is not told apart from none known.

    No grant of a person stands behind it, because it says nothing of any person: it is limited to the areas that the
    coordinator's service serves.
    """
    today = localdate(now)
    served = AreaServed.objects.filter(service=actor.service).values("area")
    days = (
        CustodyStay.objects.filter(
            until=None, record__area__in=served, release_date__range=(today, today + timedelta(weeks=WEEKS_AHEAD))
        )
        .values("record__area", "release_date")
        .annotate(people=Count("pk"))
    )
    counts: dict[tuple[str, date], int] = defaultdict(int)
    for row in days:
        leaves = row["release_date"]
        assert leaves is not None, "only those with a date are asked for"
        counts[row["record__area"], leaves - timedelta(days=leaves.weekday())] += row["people"]
    return [
        LineOfWeek(area_name(area), week, str(count) if count >= SMALLEST_SHOWN else "under 5")
        for (area, week), count in sorted(counts.items(), key=lambda one: (one[0][1], one[0][0]))
    ]


def columns(actor: Actor, now: datetime, holds: set[str]) -> "Columns":
    """Which fields a role reads of people for whom these conditions hold: asked of the table once, not of each row."""
    table = rules_for(actor.role, localdate(now))
    return Columns({code: row for code, row in table.items() if set(row.conditions) <= holds})


@dataclass(frozen=True)
class Columns:
    rules: dict[str, Any]

    @property
    def names_prescribers(self) -> bool:
        """Does the role see the whole of prescribing, and so may say who prescribes?"""
        row = self.rules.get("prescribing_medicines")
        return row is not None and row.access is Access.SEE and not OF_THE_ITEM.intersection(row.conditions)

    @property
    def whole(self) -> bool:
        """May the reader know the whole of a release? A summary says that a referral exists, and not with whom."""
        row = self.rules.get("release_details")
        return row is not None and row.access is Access.SEE

    def reads(self, category: str, field: str) -> bool:
        row = self.rules.get(category)
        if row is None or row.access not in (Access.SEE, Access.SUMMARY):
            return False
        return row.access is Access.SEE or not field or field in row.summary_fields


def reads_dates(role: str, now: datetime) -> bool:
    """May somebody in this role ever read a release date? Whoever may is also asked for one when none is known."""
    return Columns(dict(rules_for(role, localdate(now)))).reads("release_details", "release_date")


def _held(actor: Actor, now: datetime) -> QuerySet[Release]:
    """The releases of those held at the sites of the service, whom the reader may read of."""
    return readable(
        Release.objects.filter(left_at=None, case__closed_at=None, stay__in=held_by(actor)),
        actor,
        "release_details",
        now,
        person="case__person",
        organisation="stay__site__organisation",
    )


def held_by(actor: Actor) -> QuerySet[Any, Any]:
    """The stays that go on at the sites of the service: looked up by site, however many people are held elsewhere."""
    sites = SiteCovered.objects.filter(service=actor.service).values("site")
    return CustodyStay.objects.filter(until=None, site__in=sites).values("pk")


def _page(ids: list[int], page: int) -> list[int]:
    return ids[(page - 1) * PAGE : page * PAGE]


def _others(ids: list[int], page: int) -> tuple[int, int]:
    return (page + 1 if len(ids) > page * PAGE else 0), (page - 1 if page > 1 else 0)


def _rows(ids: Collection[int]) -> dict[int, Any]:
    found = Release.objects.filter(pk__in=ids, case__strands__name="plan").annotate(state=F("case__strands__state"))
    return {row.case_id: row for row in found.select_related("case__record", "stay__site")}


def _dues(cases: Collection[int]) -> dict[int, Due]:
    """The deadline of the plan that matters most of each case: the earliest that nobody has met."""
    open_ones = Due.objects.filter(case__in=cases, strand="plan", met_at=None, replaced_at=None)
    return {due.case_id: due for due in open_ones.select_related("owner").order_by("-due_at")}


def _leaving(release: Any, picture: Picture, seen: Columns, actor: Actor, today: date) -> BoardRow:
    known = picture.known[release.case_id]
    hand_over = picture.hand_overs.get(release.case.person_id)
    items = readiness(known)
    shown = [item for item in items if seen.reads(item.check.category, item.check.field)]
    cells = [_cell(item, release, hand_over, known, seen, actor) for item in shown if item.check.code not in LESSER]
    if not seen.whole:
        by_hand = {check.name for check in CHECKS.values() if check.by_hand}
        cells = [replace(c, words="") if c.name in by_hand else Cell(c.name, "", c.tone, c.state) for c in cells]
    if lesser := [item for item in shown if item.check.code in LESSER]:
        cells.append(_lesser(lesser, release))
    leaves = release.stay.release_date
    served = (leaves - localdate(release.stay.since)).days if leaves else None
    friday = friday_rule(leaves, served) if leaves and leaves >= today else None
    note = f"{friday.words}, to {short(friday.day)}" if friday else ""
    if leaves and leaves < today:
        note = "The date has passed: say whether the person left, or when they will"
    if leaves is None:
        note = "On remand" if release.legal_status == "remand" else "No date known"
    return BoardRow(
        case=release.case_id,
        person=release.case.person_id,
        name=release.case.record.listed_name,
        when=short(leaves) if leaves else "Any day",
        tone="risk" if leaves and leaves < today else "today" if leaves and (leaves - today).days <= 2 else "",
        moves=_moves(picture.dates.get(release.case_id, [])),
        note=note,
        cells=tuple(cells),
        owner=_owner(release, hand_over) if seen.whole else "",
    )


def _lesser(items: list[Item], release: Any) -> Cell:
    """The checks that share a column: how many are ready, and which are not."""
    missing = [item for item in items if item.state in OPEN]
    tone = "risk" if any(item.tone == "risk" for item in missing) else "today" if missing else "done"
    names = ", ".join(item.check.name.lower() for item in missing)
    url = f"{reverse('release-ready', args=[release.case_id])}?code={(missing or items)[0].check.code}"
    state = f"{len(items) - len(missing)} of {len(items)} ready"
    return Cell(
        "Also", f"Not yet: {names}" if missing else "", tone, state, url, "Say if ready" if missing else "Change"
    )


def moves_of(case: int) -> tuple[str, ...]:
    """The dates of one release that stood before the latest."""
    return _moves(_facts_of([case])[case].dates)


def _moves(dates: list[date | None]) -> tuple[str, ...]:
    """The dates that stood before the latest, in order, each once in a row."""
    told = [short(one) if one else "cancelled" for one in dates]
    return tuple(one for one, after in pairwise(told) if one != after)


def _owner(release: Any, hand_over: Any) -> str:
    if hand_over is not None and hand_over.state in TAKEN_ON and hand_over.owner:
        return f"{hand_over.owner.name}, {hand_over.receiver.name}"
    return f"Prison team, {release.stay.site.name}"


def _cell(item: Item, release: Any, hand_over: Any, known: Known, seen: Columns, actor: Actor) -> Cell:
    check, url, act, ring, tone = item.check, "", "", None, item.tone
    state, words = item.shown
    ours = hand_over is not None and actor.service in (hand_over.sender_id, hand_over.receiver_id)
    if check.code == "receiver":
        if hand_over is None or hand_over.state == "declined":
            url, act = reverse("new-hand-over", args=[release.case.person_id]), "Write a hand-over"
        else:
            url, act = (reverse("case", args=[hand_over.case_id]), "Open it") if ours else ("", "")
            if hand_over.ladder and hand_over.state in TO_ANSWER:
                late = "NOT OPENED" if hand_over.state in UNOPENED else "NOT ANSWERED"
                words, state = hand_over.receiver.name, late
                ring = (
                    whom_to_ring(hand_over.receiver, hand_over.ladder)
                    if hand_over.receiver_id != actor.service
                    else None
                )
    elif check.code == "appointment":
        words = f"{moment(known.appointment)}" if known.appointment else item.words
        if ours and item.state in OPEN:
            url, act = reverse("case", args=[hand_over.case_id]), "Ask for one"
    elif check.code == "cover":
        if known.covered_until:
            words = f"{words}: ends {short(known.covered_until.astimezone(LONDON).date())}"
        if item.state in OPEN and seen.names_prescribers:
            url, act = reverse("prescriber", args=[release.case.person_id]), "Say who prescribes"
    elif check.by_hand:
        url = f"{reverse('release-ready', args=[release.case_id])}?code={check.code}"
        act = "Say if ready" if item.state in OPEN else "Change"
    return Cell(check.name, words, tone, state, url, act, ring)


def _arrived(release: Any, picture: Picture, seen: Columns, dues: dict[int, Due], today: date) -> BoardRow:
    left = localdate(release.left_at)
    place = release.stay.site.name if seen.reads("release_details", "prison") else "custody"
    number = day_number(left, today)
    was_seen = release.state not in NOT_SEEN
    started = release.state not in LEFT
    tone = light(number, seen=was_seen, started=started)
    due = dues.get(release.case_id)
    known = picture.known[release.case_id]
    hand_over = picture.hand_overs.get(release.case.person_id)
    case = reverse("case", args=[release.case_id])
    cells = [
        Cell(
            "Seen",
            "" if was_seen or release.state == "released" else RELEASE.label(release.state).capitalize(),
            "done" if was_seen else tone,
            "seen" if was_seen else "not seen",
            case,
            "" if was_seen else "Say that they came, or did not",
        ),
        Cell("Structured treatment", "", "done", "started")
        if started
        else Cell("Structured treatment", "", "", "not started", case, "Record the start"),
    ]
    if not seen.whole:
        cells, due, tone = [], None, ""
    if seen.reads("appointments_attendance", "next_appointment"):
        words = moment(known.appointment) if known.appointment else "None made"
        cells.append(Cell("First appointment", words))
    if due:
        owner = due.owner.name if due.owner else "nobody: no service was found"
        cells.append(Cell("Next step", f"{RELEASE.clock_words(due.clock)}: {owner}", "missed" if due.missed_at else ""))
    return BoardRow(
        case=release.case_id,
        person=release.case.person_id,
        name=release.case.record.listed_name,
        when=f"Day {number}",
        tone=tone,
        moves=(),
        note=f"Left {place} {day(left)}{', unplanned' if release.unplanned else ''}",
        cells=tuple(cells),
        owner=_owner(release, hand_over) if seen.whole else "",
    )


def short(on: date) -> str:
    """Thu 5 Feb, for a column of dates near today."""
    return f"{on:%a} {on.day} {on:%b}"
