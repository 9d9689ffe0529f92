"""The one access rule: an open grant, and the row of the disclosure table in force that day.

The same conditions, as SQL, decide what a page may show (`sight`) and what a list may hold (`readable`). Whatever has
no row, no known condition or no value is no. A condition whose facts are not kept yet is false and is named as not
built, so that nobody takes its silence for an answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.reference.roles import roles
from throughcare.reference.sharing import Access, Rule, conditions, rules_for
from throughcare.sharing.models import Grant
from throughcare.web.faults import Fault, NotAllowed

M = TypeVar("M", bound=Model)
Holds = Callable[[Actor, datetime, str], Exists]

READS = (Access.SEE, Access.SUMMARY)
OF_THE_ITEM = frozenset({"own_organisation_record"})
"""Conditions on a single item rather than on the person: looked at where the items are listed."""

OPENS: Mapping[str, frozenset[str]] = {Grant.QUESTION: frozenset({"identity_core"})}
"""What a kind of grant opens, where that is less than the whole table: a service that is asked about somebody learns
who they are, and nothing of what others know of them."""

_holds: dict[str, Holds] = {}


def condition(code: str, holds: Holds) -> None:
    """Register how a condition of the table is asked of the database. Called by the room that keeps its facts.

    `holds(actor, now, person)` gives an expression; `person` is the path to the person's id from the outer query.
    """
    if code not in conditions():
        raise ValueError(f"{code} is not a condition of the disclosure table")
    _holds[code] = holds


def not_built() -> tuple[str, ...]:
    """The conditions whose facts are not kept yet, by name: they count as false."""
    known = _holds.keys() | OF_THE_ITEM | {"grant_open", "never"}
    return tuple(c.name for code, c in conditions().items() if code not in known)


def open_grants(actor: Actor, now: datetime) -> QuerySet[Grant]:
    """The grants open to the actor's service, or to the actor as a user, at this moment."""
    if actor.role not in roles() or not roles()[actor.role].may_have_records:
        return Grant.objects.none()
    if actor.user is None or actor.service is None:  # "none" would match every grant that names only the other
        return Grant.objects.none()
    return Grant.objects.filter(
        Q(service=actor.service) | Q(user=actor.user),
        Q(until__isnull=True) | Q(until__gt=now),
        since__lte=now,
        withdrawn_at__isnull=True,
    )


def readable(
    items: QuerySet[M], actor: Actor, category: str, now: datetime, *, person: str = "person", organisation: str = ""
) -> QuerySet[M]:
    """Those items that the actor may read, wholly or as a summary.

    person:       path from an item to its person's id ("pk" for people themselves).
    organisation: path from an item to the organisation that wrote it; needed where the table asks for it.
    """
    row = rules_for(actor.role, localdate(now)).get(category)
    if row is None or row.access not in READS:
        return items.none()
    narrower = [kind for kind, opened in OPENS.items() if category not in opened]
    grants = open_grants(actor, now).exclude(kind__in=narrower)
    allowed = items.filter(Exists(grants.filter(person=OuterRef(person))))
    for code in row.conditions:
        if code == "grant_open":
            continue
        if code == "own_organisation_record":
            if not organisation:
                return items.none()
            allowed = allowed.filter(**{organisation: actor.organisation})
        elif code in _holds:
            allowed = allowed.filter(_holds[code](actor, now, person))
        else:
            return items.none()
    return allowed


@dataclass(frozen=True)
class Sight:
    """What one actor may see of one person at one moment, and why.

    grants: the open grants: the reason for everything shown.
    rules:  for each category that may be read, the row of the table that allows it.
    """

    actor: Actor
    grants: tuple[Grant, ...]
    rules: Mapping[str, Rule]

    def reads(self, category: str, field: str = "") -> bool:
        """May this field of this category be shown? Without a field: may anything of the category be shown?"""
        row = self.rules.get(category)
        if row is None:
            return False
        return row.access is Access.SEE or not field or field in row.summary_fields

    def reads_item(self, category: str, organisation: int | None, field: str = "") -> bool:
        """The same of one item, which `organisation` wrote."""
        row = self.rules.get(category)
        if row is None or not self.reads(category, field):
            return False
        return not OF_THE_ITEM.intersection(row.conditions) or organisation == self.actor.organisation


def sight(actor: Actor, person: int, now: datetime) -> Sight:
    """What the actor may see of a person, in one query. Raises NotAllowed (SH-101), whether or not they exist."""
    return _sight(actor, actor.role, open_grants(actor, now), person, now)


def sight_by_link(actor: Actor, person: int, now: datetime, *, as_role: str, source: str) -> Sight:
    """What somebody without an account may see who acts for a service: what the table lets `as_role` see.

    Only the grant that `source` opened to the service counts, whatever others it has. Raises NotAllowed (SH-101).
    """
    open_now = Q(until__isnull=True) | Q(until__gt=now)
    granted = Grant.objects.filter(open_now, since__lte=now, withdrawn_at__isnull=True, source=source)
    granted = granted.filter(service=actor.service) if actor.service is not None else granted.none()
    return _sight(actor, as_role, granted, person, now)


def _sight(actor: Actor, role: str, granted: QuerySet[Grant], person: int, now: datetime) -> Sight:
    table = rules_for(role, localdate(now))
    asked = {code for row in table.values() if row.access in READS for code in row.conditions} & _holds.keys()
    grants = tuple(
        granted.filter(person=person)
        .select_related("service")
        .annotate(**{f"holds_{code}": _holds[code](actor, now, "person") for code in sorted(asked)})
        .order_by("since", "pk")
    )
    if not grants:
        raise may_not_open(person)

    def true(code: str) -> bool:
        return code == "grant_open" or code in OF_THE_ITEM or (code in asked and getattr(grants[0], f"holds_{code}"))

    def opened(category: str) -> bool:
        return any(category in OPENS.get(grant.kind, (category,)) for grant in grants)

    rules = {
        category: row
        for category, row in table.items()
        if row.access in READS and opened(category) and all(map(true, row.conditions))
    }
    return Sight(actor=actor, grants=grants, rules=rules)


def may_not_open(person: int | None = None) -> NotAllowed:
    """The refusal of a record: the same words whether it does not exist or may not be seen."""
    return NotAllowed(
        Fault(
            "SH-101",
            "",
            "There is no record here that you can open for the service you are acting for.",
            "If the person is new to you, ask the service that knows them to send a hand-over. "
            "If you act for more than one service, check which one. Your data-protection lead can say why.",
        ),
        person=person,
    )


def exists(facts: QuerySet[Any], person: str) -> Exists:
    """The usual shape of a condition: some row of `facts` is about the same person."""
    return Exists(facts.filter(person=OuterRef(person)))
