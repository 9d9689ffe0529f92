"""Scoped reads of people: every one goes through the access rule."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.timezone import localdate

from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.organisations.models import Service
from throughcare.people.happened import DIED
from throughcare.people.models import Identifier, PersonEvent, Record
from throughcare.people.rules import folded_number, key
from throughcare.reference.sharing import Access, rules_for
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import open_grants, readable

PAGE = 25


def visible_records(actor: Actor, now: datetime) -> QuerySet[Record]:
    """The records through which the actor knows people, where it may read identity; its own alone where it has one.

    That a person is known to some other organisation is confidential: no record is shown but those that an open grant
    was given through.
    """
    return _visible(actor, now, open_grants(actor, now))


def records_of(person: int, actor: Actor, now: datetime) -> QuerySet[Record]:
    """Those of one person: the same rule, asked of that person's grants alone."""
    return _visible(actor, now, open_grants(actor, now).filter(person=person)).filter(person=person)


def _visible(actor: Actor, now: datetime, grants: QuerySet[Grant]) -> QuerySet[Record]:
    own = Record.objects.filter(person=OuterRef("person"), service=actor.service)
    through = Record.objects.filter(pk__in=grants.values("record"))
    return with_deaths(
        readable(through, actor, "identity_core", now, organisation="organisation").filter(
            Q(service=actor.service) | ~Exists(own)
        )
    )


def with_deaths(records: QuerySet[Record]) -> QuerySet[Record]:
    """The same records with `dead`, and the day as `died_on`: whoever may know who somebody is may know it."""
    died = deaths().filter(person=OuterRef("person")).order_by("pk")
    return records.annotate(dead=Exists(died), died_on=Subquery(died.values("on")[:1]))


@dataclass(frozen=True)
class Asked:
    """What was typed into the search. Empty means not asked."""

    words: str = ""
    born: date | None = None


def search(actor: Actor, now: datetime, asked: Asked) -> QuerySet[Record]:
    """People the actor may know of whose names begin with the words, or who have that number or date of birth.

    A word is looked for in given, family and preferred names that the actor's role may read. A whole NHS or prison
    number finds its owner only for roles that may read it.
    """
    found = visible_records(actor, now)
    if asked.born:
        if not reads_field(actor, now, "date_of_birth"):
            return found.none()
        found = found.filter(date_of_birth=asked.born)
    number = folded_number(asked.words)
    if any(letter.isdigit() for letter in number):
        if not reads_field(actor, now, "nhs_number"):  # the table holds every number as one group of fields
            return found.none()
        return found.filter(Exists(Identifier.objects.filter(record=OuterRef("pk"), value=number)))
    return found.filter(_begins(asked.words, preferred=reads_field(actor, now, "preferred_name")))


def _begins(words: str, *, preferred: bool) -> Q:
    """The words are the beginnings of a given and a family name, in either order: "van der Berg" is one name of three.

    preferred: may the beginning of a preferred name stand for the given one?
    """
    parts = words.split()
    fits = Q()
    for cut in range(len(parts)):
        first, rest = " ".join(parts[:cut]), " ".join(parts[cut:])
        for given, family in ((first, rest), (rest, first)):
            both = Q()
            if key(given):
                both &= Q(given_key__startswith=key(given)) | (
                    Q(preferred_name__istartswith=given) if preferred else Q()
                )
            if key(family):
                both &= Q(family_key__startswith=key(family))
            fits |= both
    return fits


def reads_field(actor: Actor, now: datetime, field: str) -> bool:
    """Does the actor's role read this field of identity, where it reads identity at all?"""
    row = rules_for(actor.role, localdate(now))["identity_core"]
    return row.access is Access.SEE or field in row.summary_fields


@dataclass(frozen=True)
class Page:
    """One page of a list ordered by a key, with the key to go on from."""

    rows: list[Any]
    after: str


def page_by_name(records: QuerySet[Record], after: str = "") -> Page:
    """25 records in order of name, going on after the key of an earlier page."""
    ordered = records.select_related("organisation").order_by("family_key", "given_key", "pk")
    family, _, rest = after.partition("~")
    given, _, pk = rest.partition("~")
    family, given = key(family), key(given)  # as they are stored: an address can hold what a column cannot
    if re.fullmatch(r"[0-9]{1,18}", pk):  # what a column can hold
        ordered = ordered.filter(
            Q(family_key__gt=family)
            | Q(family_key=family, given_key__gt=given)
            | Q(family_key=family, given_key=given, pk__gt=int(pk))
        )
    rows = list(ordered[: PAGE + 1])
    more = len(rows) > PAGE
    last = rows[PAGE - 1] if more else None
    return Page(rows=rows[:PAGE], after=f"{last.family_key}~{last.given_key}~{last.pk}" if last else "")


def deaths() -> QuerySet[PersonEvent]:
    """Every reported death that stands: one reported about the wrong person and undone does not."""
    return PersonEvent.objects.filter(kind=DIED, undone_by=None)


def may_be_messaged(person: int) -> str:
    """Why nothing may be sent to the person; empty when something may. Asked at the moment of sending.

    It reads no category: it is for the machinery that sends, never for a page.
    """
    return "The person has died: nothing is sent to them." if deaths().filter(person=person).exists() else ""


_OF_AN_EVENT = {
    name: f"person__happened__{path}"
    for name, path in {
        "pk": "pk",
        "kind": "kind",
        "on": "on",
        "facts": "facts",
        "flags": "flags",
        "at": "at",
        "by_id": "by",
        "by_name": "by__name",
        "service_id": "service",
        "service_name": "service__name",
        "organisation": "service__organisation",
        "of_id": "of",
        "of_kind": "of__kind",
        "ended_by_id": "ended_by",
        "undone_by_id": "undone_by",
    }.items()
}


def with_happened(records: QuerySet[Record]) -> tuple[list[Record], tuple[PersonEvent, ...]]:
    """The records of one person by id, and what was reported about them, newest first: in one statement.

    What of it the reader may know is asked of each event's own category, where it is shown.
    """
    joined = records.select_related("organisation").annotate(
        **{f"event_{name}": F(path) for name, path in _OF_AN_EVENT.items()}
    )
    found: dict[int, Record] = {}
    events: dict[int, PersonEvent] = {}
    for row in joined.order_by("pk", "-person__happened__pk"):
        found.setdefault(row.pk, row)
        given = {name: getattr(row, f"event_{name}") for name in _OF_AN_EVENT}
        if given["pk"] is not None and given["pk"] not in events:
            events[given["pk"]] = _event(row, given)
    return list(found.values()), tuple(events.values())


def _event(row: Record, given: dict[str, Any]) -> PersonEvent:
    by = User(pk=given["by_id"], name=given.pop("by_name"))
    service = Service(pk=given["service_id"], name=given.pop("service_name"), organisation_id=given.pop("organisation"))
    of = PersonEvent(pk=given["of_id"], kind=given.pop("of_kind") or "")
    event = PersonEvent(person_id=row.person_id, **given)
    event.by, event.service, event.of = (
        by if given["by_id"] else None,
        service if given["service_id"] else None,
        of if given["of_id"] else None,
    )
    return event
