"""Does the basis cover what is attached to a hand-over? Asked at the moment it is sent."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from throughcare.reference.sharing import Access, Rule

DIRECT_CARE = "direct_care"
COVERED_BY_DIRECT_CARE = ("direct care", "vital interests", "safeguarding duties")
"""How the lawful basis of a row of the disclosure table begins where direct care covers it."""

WHY = {
    "never": "is not for anybody there",
    "consent_written_open": "needs the person’s written consent, which is not kept in Throughcare yet",
    "own_organisation_record": "is read only by the organisation that wrote it",
    "while_in_custody": "is read there only while the person is held at one of its sites",
    "release_planned": "is read there only from 12 weeks before a known release date",
    "safeguarding_open": "is read there only while a safeguarding concern names it",
}
OTHER_BASIS = "is not covered by direct care at that service"
NOT_BUILT = "waits for facts that are not kept in Throughcare yet"


@dataclass(frozen=True)
class Attached:
    """One thing that goes with a hand-over: its words, and the category and field of the disclosure table it is."""

    words: str
    category: str
    field: str


def not_covered(
    attached: Iterable[Attached], table: Iterable[Mapping[str, Rule]], basis: str, holds: Collection[str]
) -> list[tuple[str, str]]:
    """What nobody at the receiving service could read, each with the reason in words.

    table: the rules of each role that works there, on that day. holds: the conditions that hold once it is sent.
    """
    roles = list(table)
    found = []
    for one in attached:
        reasons = [_why_not(roles_rules[one.category], one.field, basis, holds) for roles_rules in roles]
        if all(reasons):
            found.append((one.words, reasons[0] if reasons else WHY["never"]))
    return found


def _why_not(rule: Rule, field: str, basis: str, holds: Collection[str]) -> str:
    """Why a role may not read the field; empty where it may."""
    if rule.access not in (Access.SEE, Access.SUMMARY) or (rule.summary_fields and field not in rule.summary_fields):
        return WHY["never"]
    for condition in rule.conditions:
        if condition not in holds:
            return WHY.get(condition, NOT_BUILT)
    if basis == DIRECT_CARE and not rule.basis.startswith(COVERED_BY_DIRECT_CARE):
        return OTHER_BASIS
    return ""
