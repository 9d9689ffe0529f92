"""The roles of the trade: who may hold which part of a record is ruled per role (see `sharing`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .tables import DATA, read


@dataclass(frozen=True)
class Role:
    """One role. `may_have_records` is false for roles that never hold a person's record, such as a commissioner."""

    code: str
    name: str
    kind_of_organisation: str
    description: str
    may_have_records: bool
    note: str


@cache
def roles(folder: Path = DATA) -> Mapping[str, Role]:
    """Every role by its code, in the order of the table."""
    rows = read(
        folder,
        "sharing/roles.csv",
        "code name kind_of_organisation plain_description may_have_records note",
        key="code",
    )
    return MappingProxyType(
        {
            row.text("code"): Role(
                code=row.text("code"),
                name=row.filled("name"),
                kind_of_organisation=row.filled("kind_of_organisation"),
                description=row.filled("plain_description"),
                may_have_records=row.yes("may_have_records"),
                note=row.text("note"),
            )
            for row in rows
        }
    )


OVERSEERS = ("data_protection_lead", "caldicott_guardian")
"""Roles that oversee sharing: they open a record in an emergency or a safeguarding case alone, and work on none."""


def works_with_people(role: str) -> bool:
    """Is it a role that opens records, writes hand-overs and answers them? Those that count or oversee do not."""
    return role in roles() and roles()[role].may_have_records and role not in OVERSEERS
