"""Scoped reads of the clinical sheet and of prescribing cover."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.conditions import release_planned, while_in_custody
from throughcare.handovers.models import HandOver, PrescribingCover, Sheet, SheetSent
from throughcare.handovers.rules import basis
from throughcare.handovers.rules import sheet as rules
from throughcare.handovers.rules.cover import SOON, Cover, gap_words
from throughcare.handovers.rules.release import READY
from throughcare.handovers.rules.sheet import PART_OF, PARTS, QUESTIONS, SOURCES, Item
from throughcare.organisations.models import Organisation
from throughcare.organisations.queries import roles_at
from throughcare.processes.table import DAY, MOMENT, NOT_KNOWN
from throughcare.reference.roles import roles
from throughcare.reference.sharing import Access, first_day, rules_for
from throughcare.sharing.models import Grant, Person
from throughcare.sharing.rule import OF_THE_ITEM, Sight, readable
from throughcare.web.parts import Row
from throughcare.web.wording import day, moment

OUTSIDE_ROLE = "keyworker"
"""The role of the disclosure table whose rules bound what a service reads for which nobody signs in."""
COVER_FIELDS = ("script_end", "next_script_due", "bridging_script_arranged")
"""Whoever reads one of these of prescribing_medicines may know whether there is a gap."""


def items_in(stored: Mapping[str, Mapping[str, Any]], organisation: int) -> list[Item]:
    """The answers of one organisation's sheet, from what its row holds."""
    return [
        Item(
            code=code,
            value=one["value"],
            as_at=moment_of(one["as_at"]),
            source=one["source"],
            confirmed_by=one["confirmed_by"],
            entered_by=one["entered_by"],
            organisation=organisation,
        )
        for code, one in stored.items()
        if code in QUESTIONS
    ]


def items_of(person: int) -> list[Item]:
    """Every answer that any organisation has about a person: for the table to choose from."""
    sheets = Sheet.objects.filter(person=person).values_list("items", "organisation")
    return [item for items, organisation in sheets for item in items_in(items, organisation)]


def open_parts(seen: Sight, attached: Iterable[str] | None = None) -> set[str]:
    """The parts that may be asked for: all of them, or those attached to the hand-overs that are the reader's only way.

    attached: the parts that go with those hand-overs, where they have been read already.
    """
    ways = {grant.kind for grant in seen.grants}
    if ways & {Grant.OWN, Grant.CUSTODY}:
        return set(PARTS)
    if attached is not None:
        return set(attached)
    cases = [int(grant.source.removeprefix("case ")) for grant in seen.grants if grant.source.startswith("case ")]
    lists = HandOver.objects.filter(case__in=cases, sent_at__isnull=False).values_list("attached", flat=True)
    return {part for parts in lists for part in parts}


def readable_items(items: Iterable[Item], seen: Sight, parts: Iterable[str]) -> list[Item]:
    """Those answers of the open parts that the disclosure table lets the reader see, answer by answer."""
    among = set(parts)
    return rules.readable((item for item in items if item.part in among), seen.reads_item)


def sent_with(case: int, seen: Sight) -> SheetSent | None:
    """The sheet that went with the hand-over when it was last sent; what the reader may not see is left out."""
    sent = SheetSent.objects.filter(case=case).select_related("user", "service").order_by("-pk").first()
    if sent is not None:
        sent.shown = rules.readable(  # type: ignore[attr-defined]
            [item for one in sent.items for item in items_in({one["code"]: one}, one["organisation"])], seen.reads_item
        )
    return sent


def rows(items: Iterable[Item], names: Mapping[int, str]) -> list[Row]:
    """The answers as they are shown: value, as at, from where, who confirmed; what nobody confirmed is marked."""
    shown = []
    last = ""
    for item in items:
        label = QUESTIONS[item.code].label
        shown.append(
            Row(
                label if item.code != last else f"{label}, as another has it",
                words(item),
                note=provenance(item, names),
                tag="Confirmed" if item.confirmed_by else "Unconfirmed",
                tone="done" if item.confirmed_by else "today",
            )
        )
        last = item.code
    return shown


def safety_rows(items: Iterable[Item], names: Mapping[int, str]) -> list[Row]:
    """Of the answers that the reader may see, the few that prevent a death, the newest view of each."""
    newest = rules.current(items)
    found = []
    for label, codes in rules.SAFETY.items():
        parts = [newest[code] for code in codes if code in newest]
        if not parts or (label == "Dose days missed" and parts[0].value == "0"):
            continue
        unconfirmed = [item for item in parts if not item.confirmed_by]
        oldest = min(unconfirmed or parts, key=lambda item: item.as_at)
        found.append(
            Row(
                label,
                ", ".join(words(item) for item in parts),
                note=provenance(oldest, names),
                tag="Unconfirmed" if unconfirmed else "Confirmed",
                tone="today" if unconfirmed else "done",
            )
        )
    return found


def by_part(items: Iterable[Item], names: Mapping[int, str]) -> list[tuple[str, str, list[Row]]]:
    """The rows under the heading of their part: code, heading, rows."""
    listed = list(items)
    return [(part, title, rows([i for i in listed if PART_OF[i.code] == part], names)) for part, title in PARTS.items()]


def said_once(rows: list[Row]) -> list[Row]:
    """For paper: a source that answers in a row share stands once, below the last of them."""
    return [
        replace(row, note="") if after and after.note == row.note else row
        for row, after in zip_longest(rows, rows[1:])
        if row
    ]


def provenance(item: Item, names: Mapping[int, str]) -> str:
    """Where an answer comes from, in words."""
    confirmed = f"confirmed by {item.confirmed_by}" if item.confirmed_by else "nobody has confirmed it"
    source = dict(SOURCES)[item.source].lower().replace("gp ", "GP ")
    whose = names.get(item.organisation, "")
    written = f"written down by {item.entered_by}" + (f", {whose}" if whose else "")
    return f"as at {moment(item.as_at)}; from: {source}; {confirmed}; {written}"


def words(item: Item) -> str:
    """One answer in words."""
    fact = QUESTIONS[item.code]
    if item.value == NOT_KNOWN:
        return "Not known"
    if fact.kind == DAY and (on := parse_date(item.value)):
        return day(on)
    if fact.kind == MOMENT and (when := parse_datetime(item.value)):
        return moment(when)
    return dict(fact.choices).get(item.value, item.value)


def names_of(items: Iterable[Item]) -> dict[int, str]:
    """The names of the organisations whose views these are."""
    ids = {item.organisation for item in items}
    return dict(Organisation.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def covers(people: Iterable[int]) -> dict[int, PrescribingCover]:
    """Who prescribes now, and next, for each of the people: one read, whatever their number."""
    found = PrescribingCover.objects.filter(person__in=people, replaced_at=None).select_related("record")
    return {cover.person_id: cover for cover in found}


def holding_naloxone(came: Mapping[int, datetime]) -> dict[int, dict[str, tuple[str, str]]]:
    """Who holds naloxone by the newest answer since they came, as it counts for leaving, until somebody says otherwise.

    came: since when each person is held. What was so before says nothing of what they will take out.
    """
    newest: dict[int, tuple[datetime, dict[str, Any]]] = {}
    sheets = Sheet.objects.filter(person__in=came, items__has_key="naloxone").values_list("person", "items__naloxone")
    for person, item in sheets:
        as_at = moment_of(item["as_at"])
        if as_at >= came[person] and (person not in newest or as_at > newest[person][0]):
            newest[person] = (as_at, item)
    return {
        person: {"naloxone": (READY, f"Held on {day(as_at)}{'' if item['confirmed_by'] else ', unconfirmed'}")}
        for person, (as_at, item) in newest.items()
        if item["value"] == "yes"
    }


def cover_rows(
    who: Mapping[str, str], until: datetime, next_from: datetime | None, seen: Sight, organisation: int | None
) -> list[Row]:
    """Who prescribes, until when, and who goes on, as far as the reader may know; a gap is red.

    organisation: whose record it is in. who: prescriber, telephone, next_prescriber and next_telephone.
    """
    ring = ", ".join(filter(None, (who["prescriber"], who["telephone"])))
    if not reads_cover(seen, organisation):
        return [Row("Whom to ring", ring)] if seen.reads("overdose_safety_summary", "whom_to_ring") else []
    found = [Row("Prescriber", ring, note=f"covered until {moment(until)}")]
    if next_from:
        ring = ", ".join(filter(None, (who["next_prescriber"], who["next_telephone"])))
        found.append(Row("Next prescriber", ring, note=f"from {moment(next_from)}"))
    if gap := gap_words(Cover(who["prescriber"], until, who["next_prescriber"], next_from)):
        asked = "Nobody prescribes in between" if next_from else "Nobody is named to go on"
        found.append(Row("Gap in prescribing", asked, tag=gap, tone="risk"))
    return found


def at_risk(actor: Actor, now: datetime) -> QuerySet[PrescribingCover]:
    """Whom nobody prescribes for now or within a week, among the people whose prescribing the actor may know of.

    The table decides by role: one that reads none of the fields that tell of a gap sees nobody.
    """
    rule = rules_for(actor.role, localdate(now)).get("prescribing_medicines")
    if rule is None or (rule.access is Access.SUMMARY and not set(COVER_FIELDS) & set(rule.summary_fields)):
        return PrescribingCover.objects.none()
    uncovered = Q(next_from=None) | Q(next_from__gt=F("covered_until")) & Q(next_from__gt=now)
    ending = PrescribingCover.objects.filter(uncovered, replaced_at=None, covered_until__lte=now + SOON)
    found = readable(ending, actor, "prescribing_medicines", now, organisation="record__organisation")
    return found.order_by("covered_until", "pk")


def as_rule(cover: PrescribingCover) -> Cover:
    """The row as the rules take it."""
    return Cover(cover.prescriber, cover.covered_until, cover.next_prescriber, cover.next_from)


def reads_cover(seen: Sight, organisation: int | None) -> bool:
    """May the reader know until when somebody prescribes, as that organisation wrote it down?"""
    return any(seen.reads_item("prescribing_medicines", organisation, field) for field in COVER_FIELDS)


def moment_of(text: str) -> datetime:
    """A moment as it was stored. ValueError for anything else."""
    when = parse_datetime(text)
    if when is None:
        raise ValueError(f"{text!r} is no moment")
    return when


def offered_parts(items: Iterable[Item], seen: Sight) -> list[tuple[str, str]]:
    """The parts with something in them of which the reader may know: what can be attached to a hand-over."""
    known = {item.part for item in items if QUESTIONS[item.code].category in seen.rules}
    return [(part, title) for part, title in PARTS.items() if part in known]


def leaving_parts(items: Iterable[Item], on: date) -> list[str]:
    """The parts of which something can be read at another service at all: they are attached unless taken off."""
    rules_of_all = [rules_for(role, on) for role in roles()]
    ever = {"grant_open", "referral_sent", "release_planned", "while_in_custody"}
    return [
        part
        for part in PARTS
        if (mine := [item for item in items if item.part == part])
        and len(basis.not_covered(map(_attached, mine), rules_of_all, "", ever)) < len(mine)
    ]


def not_covered(hand_over: HandOver, items: Iterable[Item], at: datetime) -> list[tuple[str, str]]:
    """What is attached and nobody at the receiving service could read once it is sent, each with the reason."""
    receiver, person = hand_over.receiver, hand_over.case.person_id
    there = roles_at(receiver.pk, at) or frozenset({OUTSIDE_ROLE})
    asker = Actor(None, "", OUTSIDE_ROLE, "", service=receiver.pk, organisation=receiver.organisation_id)
    planned, held = (
        Person.objects.filter(pk=person)
        .values_list(release_planned(asker, at, "pk"), while_in_custody(asker, at, "pk"))
        .get()
    )
    holds = {"grant_open", "referral_sent"}
    holds |= ({"release_planned"} if planned else set()) | ({"while_in_custody"} if held else set())
    attached = [_attached(item) for item in items if item.part in hand_over.attached]
    on = max(localdate(at), first_day())  # one sent before there was a table is judged by the first
    table = [rules_for(role, on) for role in sorted(there)]
    return basis.not_covered(dict.fromkeys(attached), table, hand_over.basis, holds)


def _attached(item: Item) -> basis.Attached:
    fact = QUESTIONS[item.code]
    return basis.Attached(fact.label, fact.category or "", fact.field)


def writes_cover(actor: Actor, now: datetime) -> bool:
    """Does the actor's role see the whole of prescribing, and so may say who prescribes?"""
    rule = rules_for(actor.role, localdate(now)).get("prescribing_medicines")
    return rule is not None and rule.access is Access.SEE and not OF_THE_ITEM.intersection(rule.conditions)
