"""What releases put on Today: for the prison, for whoever takes people on, and for RECONNECT."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case as When_
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.urls import reverse
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.models import Readiness, Release
from throughcare.handovers.process.release import FIRST_DAYS, NOT_SEEN, RELEASE
from throughcare.handovers.queries.release import SOON, columns, held_by, picture_of
from throughcare.handovers.room.release import WORDS
from throughcare.handovers.rules.release import CONTINUITY_DAYS, day_number, light, nothing_ready, open_items, readiness
from throughcare.processes.models import Due, Strand
from throughcare.processes.rules import acts
from throughcare.reference.sharing import rules_for
from throughcare.sharing.rule import readable
from throughcare.today.board import MOST_ROWS, Act, Group, Line
from throughcare.web.wording import day

LOOKED_AT = 40
"""How many of each kind are looked at for what is not ready: the board has the rest."""
PROBATION_OUTCOME = "REL-C04"


def of_releases(actor: Actor, now: datetime) -> list[Group]:
    """The groups of one reader. Eight statements for a prison, one or two for the community."""
    row = rules_for(actor.role, localdate(now)).get("release_details")
    if row is not None and "while_in_custody" in row.conditions:
        return [*_prison(actor, now), _nobody_asked(actor, now)]
    if actor.role == "reconnect":
        return [_not_seen(actor, now), _gate(actor, now), _referred(actor, now)]
    if actor.role == "responsible_officer":
        return [_outcome_owed(actor, now)]
    return [_not_seen(actor, now)]


def _prison(actor: Actor, now: datetime) -> list[Group]:
    """Seven statements: the rows, and six for what is ready of them."""
    today = localdate(now)
    soon = When_(When(stay__release_date__lte=today + SOON, then=Value(1)), default=Value(0))
    held = (
        readable(Release.objects.all(), actor, "release_details", now, person="case__person")
        .filter(left_at=None, case__closed_at=None, stay__in=held_by(actor))
        .filter(Q(stay__release_date__lte=today + SOON) | Q(could_leave="yes"))
        .annotate(soon=soon)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=F("soon"),
                order_by=[F("stay__release_date").asc(nulls_last=True), F("pk").asc()],
            )
        )
        .filter(place__lte=LOOKED_AT)
        .select_related("case__record", "stay__site")
        .order_by(F("stay__release_date").asc(nulls_last=True), "pk")
    )
    rows: list[Any] = list(held)
    known = picture_of(rows, now).known if rows else {}
    seen = columns(actor, now, {"grant_open", "while_in_custody"})
    leaving, any_day = [], []
    for release in rows:
        one = known[release.case_id]
        missing = [i for i in open_items(readiness(one)) if seen.reads(i.check.category, i.check.field)]
        if release.soon and missing:
            leaving.append((release, missing))
        elif not release.soon and nothing_ready(one):
            any_day.append((release, missing))
    return [
        _group("Could leave today, nothing ready", [_line(*one, today) for one in any_day]),
        _group("Leaving within 14 days, not ready", [_line(*one, today) for one in leaving]),
    ]


def _line(release: Any, missing: Sequence[Any], today: Any) -> Line:
    leaves, site = release.stay.release_date, release.stay.site.name
    days = (leaves - today).days if leaves else None
    when = {None: f"Held at {site}, could leave any day", 0: f"Leaves {site} today", 1: f"Leaves {site} tomorrow"}.get(
        days, f"Leaves {site} in {days} days" if days and days > 0 else f"Should have left {site}"
    )
    no_receiver = any(item.check.code == "receiver" for item in missing)
    act = (
        Act("Write a hand-over", reverse("new-hand-over", args=[release.case.person_id]))
        if no_receiver and "asked" in missing[0].words
        else Act("Say what is ready", reverse("release-ready", args=[release.case_id]))
    )
    names = ", ".join(item.check.name.lower() for item in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return Line(
        what=release.case.record.listed_name,
        url=reverse("person", args=[release.case.person_id]),
        tag="No receiver" if no_receiver else "Not ready",
        tone="risk" if no_receiver or (days is not None and days <= 2) else "today",
        words=f"{when}{f', {day(leaves)}' if leaves else ''}. Not ready: {names}{more}",
        acts=[act],
    )


def _nobody_asked(actor: Actor, now: datetime) -> Group:
    """Who left the service's sites and was handed over to nobody: no service was found, so somebody must ring."""
    owed = Due.objects.filter(case=OuterRef("case"), clock__in=FIRST_DAYS, owner=None, met_at=None, replaced_at=None)
    left = (
        readable(Release.objects.all(), actor, "identity_core", now, person="case__person")
        .filter(Exists(owed), stay__site__service=actor.service, left_at__gte=now - timedelta(days=CONTINUITY_DAYS))
        .select_related("case__record", "stay__site")
        .order_by("left_at")[: MOST_ROWS + 1]
    )
    return _group(
        "Left custody, nobody asked to take over",
        [
            Line(
                what=release.case.record.listed_name,
                url=reverse("person", args=[release.case.person_id]),
                tag="Nobody asked",
                tone="risk",
                words=f"Left {release.stay.site.name} {day(localdate(release.left_at))}. No home-area service is known",
                acts=[Act("Write a hand-over", reverse("new-hand-over", args=[release.case.person_id]))],
            )
            for release in left
        ],
    )


def _not_seen(actor: Actor, now: datetime) -> Group:
    """Who left custody to the care of the service, and nobody has seen: whoever is longest away first."""
    today = localdate(now)
    ours = Due.objects.filter(clock__in=FIRST_DAYS, owner=actor.service, met_at=None, replaced_at=None)
    rows = (
        _readable_with_state(actor, now, "identity_core")
        .filter(case__in=ours.values("case"), left_at__isnull=False, state__in=NOT_SEEN, case__closed_at=None)
        .order_by("left_at", "pk")[: MOST_ROWS + 1]
    )
    lines = []
    for release in rows:
        number = day_number(localdate(release.left_at), today)
        possible = {a.verb for a in acts(RELEASE, {"plan": release.state}, (actor.role,), today) if a.mine}
        of = (
            f"day {number} of {CONTINUITY_DAYS}"
            if number <= CONTINUITY_DAYS
            else f"day {number}, past day {CONTINUITY_DAYS}"
        )
        verbs = [verb for verb in RELEASE.onward if verb in possible][:2]
        lines.append(
            Line(
                what=release.case.record.listed_name,
                url=reverse("case", args=[release.case_id]),
                tag="At risk" if number else "Today",
                tone="risk" if light(number, seen=False, started=False) == "missed" or number > 1 else "today",
                words=f"Left {release.stay.site.name} {day(localdate(release.left_at))}; not seen ({of})",
                acts=[Act(WORDS[verb][0], reverse("act", args=[release.case_id, verb])) for verb in verbs],
            )
        )
    return _group("Left custody, not seen", lines)


def _outcome_owed(actor: Actor, now: datetime) -> Group:
    """Whose first appointment probation owes an outcome for, the earliest due first."""
    owed = (
        readable(Due.objects.all(), actor, "identity_core", now, person="case__person")
        .filter(clock=PROBATION_OUTCOME, owner=actor.service, met_at=None, replaced_at=None)
        .select_related("case__record", "case__release__stay__site")
        .order_by("due_at", "pk")[: MOST_ROWS + 1]
    )
    today = localdate(now)
    tones = {due.pk: "missed" if due.missed_at else "today" if localdate(due.due_at) == today else "" for due in owed}
    lines = [
        Line(
            what=due.case.record.listed_name,
            url=reverse("case", args=[due.case_id]),
            tag=tones[due.pk].capitalize(),
            tone=tones[due.pk],
            words=f"Left {due.case.release.stay.site.name} {day(localdate(due.case.release.left_at))}; outcome",
            due_at=due.due_at,
            acts=[Act("Record the outcome", reverse("act", args=[due.case_id, "record_probation_outcome"]))],
        )
        for due in owed
    ]
    return _group("First appointments whose outcome you owe", lines, tone="")


def _gate(actor: Actor, now: datetime) -> Group:
    """Whom RECONNECT meets at the gate in the next days."""
    today = localdate(now)
    last = Readiness.objects.filter(case=OuterRef("case"), code="gate").order_by("-pk")
    met = last.filter(state="ready").values("pk")
    rows = (
        readable(Release.objects.all(), actor, "release_details", now, person="case__person")
        .filter(left_at=None, stay__release_date__range=(today, today + SOON), case__closed_at=None)
        .filter(Exists(met))
        .select_related("case__record", "stay__site")
        .order_by("stay__release_date", "pk")[: MOST_ROWS + 1]
    )
    lines = [
        Line(
            what=release.case.record.listed_name,
            url=reverse("case", args=[release.case_id]),
            tag="Today" if release.stay.release_date == today else "",
            tone="today" if release.stay.release_date == today else "",
            words=f"{release.stay.site.name}, {day(release.stay.release_date)}",  # type: ignore[arg-type]
        )
        for release in rows
    ]
    return _group("Gate meetings, next 14 days", lines, tone="")


def _referred(actor: Actor, now: datetime) -> Group:
    """Who was referred to RECONNECT and waits for support to begin."""
    waiting = Strand.objects.filter(name="reconnect", state="reconnect_referred")
    rows = (
        readable(Release.objects.all(), actor, "identity_core", now, person="case__person")
        .filter(case__in=waiting.values("case"))
        .select_related("case__record", "stay__site")
        .order_by("pk")[: MOST_ROWS + 1]
    )
    lines = [
        Line(
            what=release.case.record.listed_name,
            url=reverse("case", args=[release.case_id]),
            tag="Referred",
            words=f"From {release.stay.site.name}",
            acts=[Act("Support began", reverse("act", args=[release.case_id, "start_reconnect_support"]))],
        )
        for release in rows
    ]
    return _group("Referred to you", lines, tone="")


def _readable_with_state(actor: Actor, now: datetime, category: str) -> QuerySet[Any]:
    found = readable(Release.objects.all(), actor, category, now, person="case__person")
    return (
        found.filter(case__strands__name="plan")
        .annotate(state=F("case__strands__state"))
        .select_related("case__record", "stay__site")
    )


def _group(title: str, lines: list[Line], tone: str = "risk") -> Group:
    return Group(title, lines[:MOST_ROWS], tone, reverse("releases") if len(lines) > MOST_ROWS else "")
