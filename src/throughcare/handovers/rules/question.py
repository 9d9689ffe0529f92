"""Who may ask about prescribing and who may answer, what is confirmed, and what a caller may be told. Pure rules."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from throughcare.processes.table import NOT_KNOWN
from throughcare.reference.sharing import Access, Rule, conditions

ASKERS = frozenset({"custody_healthcare", "prison_healthcare", "hospital", "liaison_diversion"})
"""Roles that give or hold back a dose today, or speak for those who do."""
ANSWERERS = frozenset(
    {
        "keyworker",
        "clinician",
        "service_manager",
        "prison_healthcare",
        "custody_healthcare",
        "liaison_diversion",
        "pharmacist",
        "gp",
        "hospital",
    }
)
"""Roles that the disclosure table lets read a dose: nobody else answers, or learns that there was a question."""
MAY_BE_ASKED = ("keyworker", "clinician", "gp", "prison_healthcare")
"""Where somebody works in one of these roles, people are treated: such a service can be asked."""

_NOBODY = re.compile(
    r"(not |un)(yet )?(known|confirmed)|nobody( yet)?|no[ -]?one|none|no|nil|n/?a|[-?]*", re.IGNORECASE
)

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
PRESCRIBER = "prescriber"
TOLD: Mapping[str, str] = {
    "medicine": "the medicine",
    "dose": "the dose",
    "last_supervised_dose": "the last dose",
    PRESCRIBER: "who prescribes",
    "missed_doses": "missed doses",
    "allergies": "allergies",
    "medication_assisted_treatment": "whether they are prescribed a medicine for dependence",
}
"""What can be told, by the field of prescribing_medicines that it is."""
FIELD_OF: Mapping[str, str] = {PRESCRIBER: "medicine"}
"""The table has no field for the prescriber, who goes with the medicine."""
ASKED_FOR = ("dose", "last_supervised_dose", PRESCRIBER)
"""What callers ring for: what they may not be told of these is said too."""
IN_WRITING: Mapping[str, str] = {"healthcare_attendance_times": "when health care must attend"}
WHEN: Mapping[str, str] = {
    "grant_open": "if the person is in their care",
    "while_in_custody": "while the person is held there",
    "named_service": "if theirs is the service named for the person",
    "consent_written_open": "with the person’s written consent in force",
    "order_live": "while an order or licence runs that names their service",
}


def confirmed_by(answer: str) -> str:
    """Who confirmed an answer, as it was written; empty where nobody did, however that was put."""
    written = answer.strip().rstrip(".")
    return "" if written == NOT_KNOWN or _NOBODY.fullmatch(written) else written


@dataclass(frozen=True)
class MayTell:
    """What one kind of caller may be told of prescribing: in words, when, and the basis in law with its mark.

    not_told: what callers ring for that this one may not be told. in_writing: what a written statement may say.
    """

    role: str
    caller: str
    answer: str
    not_told: str
    in_writing: str
    when: str
    basis: str
    verified: str


def may_tell(rule: Rule, role: str) -> MayTell:
    """The row of the table in words that can be acted on with a telephone in the hand."""
    refused = beyond(rule, TOLD)
    fields = [words for code, words in TOLD.items() if code not in refused]
    if rule.access is Access.SEE:
        answer = "Yes: the medicine, the dose, the last dose and who prescribes"
    elif fields:
        answer = f"Only {', '.join(fields)}"
    elif rule.access is Access.STATEMENT:
        answer = "Not by telephone"
    else:
        answer = "No"
    return MayTell(
        role=role,
        caller=CALLERS[role],
        answer=answer,
        not_told=", ".join(TOLD[code] for code in ASKED_FOR if code in refused) if fields else "",
        in_writing=", ".join(IN_WRITING.get(field, field.replace("_", " ")) for field in rule.summary_fields)
        if rule.access is Access.STATEMENT
        else "",
        when=", and ".join(WHEN.get(code, conditions()[code].name) for code in rule.conditions) if fields else "",
        basis=rule.basis,
        verified=rule.verified,
    )


def beyond(rule: Rule, told: Iterable[str]) -> list[str]:
    """Of what was told, what the row does not let this caller be told by telephone."""
    if rule.access is Access.SEE:
        return []
    allowed = rule.summary_fields if rule.access is Access.SUMMARY else ()
    return [code for code in told if FIELD_OF.get(code, code) not in allowed]
