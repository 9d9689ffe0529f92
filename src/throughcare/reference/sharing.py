"""The disclosure table: category of data × role → see, summary, statement or no, with conditions, dated.

Start closed: whatever has no row in force is `no`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from .roles import roles
from .tables import DATA, MARKS, covers, read


class Access(StrEnum):
    """What a role may have of a category once a grant is open and every condition of the row holds."""

    SEE = "see"
    """The whole category."""
    SUMMARY = "summary"
    """The named summary fields and nothing else."""
    STATEMENT = "statement"
    """No read of the record: a generated, dated document with the named fields."""
    NO = "no"
    """Nothing, and no hint that something exists."""


@dataclass(frozen=True)
class Category:
    """One kind of data about a person, with the names of its fields."""

    code: str
    name: str
    description: str
    fields: tuple[str, ...]
    special_category: bool
    clinical: bool
    note: str


@dataclass(frozen=True)
class Condition:
    """One condition of the table. `true_when` is the rule in words that the product carries out."""

    code: str
    name: str
    true_when: str
    note: str


@dataclass(frozen=True)
class Rule:
    """What one role may have of one category while the row is in force; all conditions must hold.

    summary_fields: the only fields that leave, with summary or statement; empty with see and no.
    verified:       how far the legal basis was checked (see MARKS).
    since, until:   first and last day in force; None has no bound.
    """

    category: str
    role: str
    access: Access
    conditions: tuple[str, ...]
    summary_fields: tuple[str, ...]
    basis: str
    source: str
    verified: str
    since: date | None
    until: date | None


@cache
def categories(folder: Path = DATA) -> Mapping[str, Category]:
    """Every category by its code, in the order of the table."""
    rows = read(
        folder,
        "sharing/categories.csv",
        "code name description example_fields special_category clinical note",
        key="code",
    )
    return MappingProxyType(
        {
            row.text("code"): Category(
                code=row.text("code"),
                name=row.filled("name"),
                description=row.filled("description"),
                fields=row.words("example_fields"),
                special_category=row.yes("special_category"),
                clinical=row.yes("clinical"),
                note=row.text("note"),
            )
            for row in rows
        }
    )


@cache
def conditions(folder: Path = DATA) -> Mapping[str, Condition]:
    """Every condition by its code."""
    rows = read(folder, "sharing/conditions.csv", "code name true_when values_needed note", key="code")
    return MappingProxyType(
        {
            row.text("code"): Condition(
                code=row.text("code"),
                name=row.filled("name"),
                true_when=row.filled("true_when"),
                note=row.text("note"),
            )
            for row in rows
        }
    )


@cache
def matrix(folder: Path = DATA) -> Mapping[tuple[str, str], tuple[Rule, ...]]:
    """Every row of the table by category and role: one row for each period, never two in force on one day."""
    rows = read(
        folder,
        "sharing/matrix.csv",
        "category role access condition_code_1 condition_code_2 summary_fields lawful_basis basis_source verified "
        "in_force_from in_force_to note",
        key="category role in_force_from",
    )
    found: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for row in rows:
        category = categories(folder)[row.one_of("category", categories(folder))]
        role = row.one_of("role", roles(folder))
        access = Access(row.one_of("access", list(Access)))
        codes = row.codes("condition_code_1", conditions(folder)) + row.codes("condition_code_2", conditions(folder))
        fields = row.codes("summary_fields", category.fields)
        if not codes:
            raise row.wrong("condition_code_1", "may not be empty")
        if (access is Access.NO) != (codes == ("never",)):
            raise row.wrong("condition_code_1", "never goes with no, alone, and with nothing else")
        if (access is Access.STATEMENT) != ("statement_issued" in codes):
            raise row.wrong("condition_code_1", "statement_issued goes with statement, and with nothing else")
        if (access in (Access.SUMMARY, Access.STATEMENT)) != bool(fields):
            raise row.wrong("summary_fields", "go with summary and statement, and with nothing else")
        since, until = row.period()
        earlier = found.get((category.code, role), ())
        for other in earlier:
            if covers(since, until, other.since or date.min) or covers(other.since, other.until, since or date.min):
                raise row.wrong("in_force_from", "another row for this category and role is in force on the same day")
        found[category.code, role] = (
            *earlier,
            Rule(
                category=category.code,
                role=role,
                access=access,
                conditions=codes,
                summary_fields=fields,
                basis=row.filled("lawful_basis"),
                source=row.filled("basis_source"),
                verified=row.one_of("verified", MARKS),
                since=since,
                until=until,
            ),
        )
    return MappingProxyType(found)


def rule(category: str, role: str, on: date, folder: Path = DATA) -> Rule:
    """The row in force on that day. Where there is none, or a code is not known, a rule that says no."""
    for row in matrix(folder).get((category, role), ()):
        if covers(row.since, row.until, on):
            return row
    return Rule(
        category=category,
        role=role,
        access=Access.NO,
        conditions=("never",),
        summary_fields=(),
        basis="no row in force",
        source="product rule",
        verified="design",
        since=None,
        until=None,
    )


@cache
def first_day(folder: Path = DATA) -> date:
    """The day on which the earliest row of the table came into force."""
    return min(row.since or date.min for rows in matrix(folder).values() for row in rows)


# Bounded, because a history page asks for the rules of many days.
@lru_cache(maxsize=1024)
def rules_for(role: str, on: date, folder: Path = DATA) -> Mapping[str, Rule]:
    """The rule in force on that day for every category, by category."""
    return MappingProxyType({category: rule(category, role, on, folder) for category in categories(folder)})
