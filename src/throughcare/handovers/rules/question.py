"""Who may ask about prescribing, and what a caller may be told. Pure rules over the disclosure table."""

from collections.abc import Mapping
from dataclasses import dataclass

from throughcare.reference.sharing import Access, Rule, conditions

ASKERS = frozenset({"custody_healthcare", "prison_healthcare", "hospital", "liaison_diversion"})
"""Roles that give or hold back a dose today, or speak for those who do."""

CALLERS: Mapping[str, str] = {
    "custody_healthcare": "Custody healthcare",
    "hospital": "Hospital ward or emergency department",
    "gp": "GP surgery",
    "pharmacist": "Pharmacy",
    "prison_healthcare": "Prison healthcare",
    "liaison_diversion": "Liaison and Diversion",
    "responsible_officer": "Probation",
    "police_custody": "Police custody",
    "court": "Court",
}
TOLD: dict[str, str] = {
    "medicine": "the medicine",
    "dose": "the dose",
    "last_supervised_dose": "the last dose",
    "missed_doses": "missed doses",
    "allergies": "allergies",
}
PRESCRIBER: dict[str, str] = {"prescriber": "who prescribes"}


@dataclass(frozen=True)
class MayTell:
    """What one kind of caller may be told of prescribing: words, under which conditions, and the basis in law."""

    role: str
    caller: str
    answer: str
    tone: str
    when: str
    basis: str
    verified: str


def may_tell(rule: Rule, role: str) -> MayTell:
    """The row of the table in words that can be acted on with a telephone in the hand."""
    fields = [words for field, words in TOLD.items() if field in rule.summary_fields]
    needs = [conditions()[code].name for code in rule.conditions if code not in ("grant_open", "never")]
    if rule.access is Access.SEE:
        answer, tone = "Yes: the medicine, the dose, the last dose and who prescribes", "done"
    elif rule.access is Access.SUMMARY and fields:
        answer, tone = f"Only {', '.join(fields)}", "today"
    elif rule.access is Access.STATEMENT:
        answer, tone = "Not by telephone: only in a written statement", "missed"
    else:
        answer, tone = "No", "missed"
    return MayTell(role, CALLERS[role], answer, tone, "; ".join(needs), rule.basis, rule.verified)
