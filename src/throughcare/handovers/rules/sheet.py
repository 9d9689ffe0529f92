"""The clinical hand-over sheet: what it asks, who reads which answer, and the few facts that prevent a death.

Each answer names its own category of the disclosure table, so that the one rule decides answer by answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from throughcare.processes.table import CHOICE, DAY, LONG_TEXT, MOMENT, NOT_KNOWN, TEXT, Fact

PARTS: Mapping[str, str] = {
    "opioid": "Opioid agonist medicine",
    "injection": "Long-acting buprenorphine injection",
    "medicines": "Other medicines and allergies",
    "alcohol": "Alcohol",
    "overdose": "Overdose and naloxone",
    "pregnancy": "Pregnancy",
    "viruses": "Blood-borne viruses",
    "children": "Children, safe storage and safeguarding",
    "risk": "Risk",
}
SOURCES = (
    ("given", "Given or seen by us"),
    ("prescriber", "Prescriber or prescribing system"),
    ("pharmacy", "Pharmacy"),
    ("health_record", "GP or hospital record"),
    ("letter", "Letter or discharge summary"),
    ("person", "The person"),
    ("somebody", "Somebody who knows the person"),
)
NONE, YES, NO = "none", "yes", "no"
KNOWN = ((YES, "Yes"), (NO, "No"), (NOT_KNOWN, "Not known"))
MEDICINES = (
    ("methadone_1", "Methadone oral solution 1 mg/ml"),
    ("methadone_10", "Methadone oral solution 10 mg/ml"),
    ("buprenorphine", "Buprenorphine tablets"),
    ("buprenorphine_naloxone", "Buprenorphine with naloxone"),
    ("buprenorphine_injection", "Buprenorphine long-acting injection"),
    ("other", "Another: write the product and strength beside the dose"),
    (NONE, "None"),
    (NOT_KNOWN, "Not known"),
)
STAGES = (
    ("starting", "Being started or built up"),
    ("stable", "Stable"),
    ("reducing", "Being reduced"),
    ("restarting", "Being restarted after missed doses"),
)
SUPERVISION = (
    ("daily", "Every dose supervised"),
    ("some", "Some doses supervised"),
    (NONE, "Not supervised"),
    (NOT_KNOWN, "Not known"),
)
_PRESCRIBING, _PLAN = "prescribing_medicines", "treatment_assessment_care_plan"


def _question(part: str, label: str, kind: str, category: str, field: str, **more: object) -> tuple[str, Fact]:
    return part, Fact(label, kind, category=category, field=field, **more)  # type: ignore[arg-type]


_ASKED: Mapping[str, tuple[str, Fact]] = {
    "medicine": _question(
        "opioid", "Medicine, product and strength", CHOICE, _PRESCRIBING, "medicine", choices=MEDICINES
    ),
    "dose": _question(
        "opioid", "Dose", TEXT, _PRESCRIBING, "dose", hint="In figures, with its unit and how often: 60 mg once a day"
    ),
    "stage": _question("opioid", "Stage of the prescription", CHOICE, _PRESCRIBING, "dose", choices=STAGES),
    "supervision": _question("opioid", "Supervision", CHOICE, _PRESCRIBING, "supervision", choices=SUPERVISION),
    "pick_up_days": _question("opioid", "Pick-up days", TEXT, _PRESCRIBING, "pick_up_days"),
    "take_homes": _question(
        "opioid", "Doses taken home", TEXT, _PRESCRIBING, "pick_up_days", hint="For example: Saturday’s and Sunday’s"
    ),
    "last_dose": _question("opioid", "Last supervised dose", MOMENT, _PRESCRIBING, "last_supervised_dose"),
    "missed": _question(
        "opioid", "Dose days missed in a row", TEXT, _PRESCRIBING, "missed_doses", hint="A number: 0 when none"
    ),
    "pharmacy": _question("opioid", "Pharmacy, with its telephone number", TEXT, _PRESCRIBING, "pick_up_place"),
    "script_end": _question("opioid", "Last day of the prescription", DAY, _PRESCRIBING, "script_end"),
    "injection": _question("injection", "Product and dose", TEXT, _PRESCRIBING, "medicine"),
    "injection_last": _question("injection", "Last injection", DAY, _PRESCRIBING, "last_supervised_dose"),
    "injection_window": _question(
        "injection", "Next injection due, from and until", TEXT, _PRESCRIBING, "next_script_due"
    ),
    "benzodiazepines": _question(
        "medicines", "Benzodiazepines", TEXT, _PRESCRIBING, "medicine", hint="Prescribed or not, and how much"
    ),
    "gabapentinoids": _question("medicines", "Gabapentin or pregabalin", TEXT, _PRESCRIBING, "medicine"),
    "qtc": _question("medicines", "Other medicines that can lengthen the QTc interval", TEXT, _PRESCRIBING, "medicine"),
    "allergies": _question(
        "medicines", "Allergies", TEXT, _PRESCRIBING, "allergies", hint="Write “none known” when that is the answer"
    ),
    "units": _question("alcohol", "Alcohol, units in a usual day", TEXT, "self_reported_use", "frequency"),
    "withdrawal": _question("alcohol", "Severe withdrawal before?", CHOICE, _PLAN, "withdrawal_risk", choices=KNOWN),
    "seizures": _question("alcohol", "Seizures in withdrawal?", CHOICE, _PLAN, "withdrawal_risk", choices=KNOWN),
    "overdosed": _question(
        "overdose",
        "Has the person overdosed and lived?",
        CHOICE,
        "overdose_safety_summary",
        "non_fatal_overdose",
        choices=KNOWN,
    ),
    "overdoses": _question(
        "overdose", "Overdoses: when, and what was taken", LONG_TEXT, "overdose_naloxone_events", "event_date"
    ),
    "naloxone": _question(
        "overdose",
        "Does the person hold naloxone?",
        CHOICE,
        "overdose_safety_summary",
        "naloxone_held",
        choices=KNOWN,
    ),
    "pregnancy": _question("pregnancy", "Pregnant?", CHOICE, _PLAN, "transfer_needs", choices=KNOWN),
    "viruses": _question(
        "viruses", "Hepatitis B and C, and HIV: tests, results, vaccines", LONG_TEXT, "bbv_sexual_health", "status"
    ),
    "children": _question(
        "children", "Children in the home or in the person’s care", LONG_TEXT, "safeguarding", "who_is_at_risk"
    ),
    "storage": _question("children", "Safe storage of medicines", TEXT, _PRESCRIBING, "storage_and_supervision"),
    "safeguarding": _question("children", "Safeguarding concerns", LONG_TEXT, "safeguarding", "concern"),
    "urgent_risk": _question(
        "risk", "What could kill the person in the coming days", TEXT, "overdose_safety_summary", "urgent_risk"
    ),
    "self_harm": _question("risk", "Risk to self", LONG_TEXT, "mental_health_risk", "risk_to_self_now"),
}
QUESTIONS: Mapping[str, Fact] = {code: fact for code, (_, fact) in _ASKED.items()}
PART_OF: Mapping[str, str] = {code: part for code, (part, _) in _ASKED.items()}

SAFETY: Mapping[str, tuple[str, ...]] = {
    "What could kill in the coming days": ("urgent_risk",),
    "Opioid agonist medicine": ("medicine", "dose", "supervision"),
    "Long-acting injection": ("injection", "injection_last", "injection_window"),
    "Last supervised dose": ("last_dose",),
    "Dose days missed": ("missed",),
    "Pharmacy": ("pharmacy",),
    "Allergies": ("allergies",),
    "Has overdosed and lived": ("overdosed",),
    "Naloxone held": ("naloxone",),
    "Pregnant": ("pregnancy",),
}
"""The rows of the safety summary, gravest first, and the answers that each is made of."""
SAFETY_CODES = tuple(code for codes in SAFETY.values() for code in codes)


@dataclass(frozen=True)
class Item:
    """One answer of the sheet: what, as it stood when, from where, confirmed by whom, and who wrote it down.

    value: as stored: the code of a choice, an ISO date or moment, or words. confirmed_by is empty where nobody has.
    organisation: the id of the body whose view it is.
    """

    code: str
    value: str
    as_at: datetime
    source: str
    confirmed_by: str
    entered_by: str
    organisation: int

    @property
    def part(self) -> str:
        return PART_OF[self.code]


Reads = Callable[[str, int | None, str], bool]
"""May an item of this category, written by this organisation, be read in this field?"""


def readable(items: Iterable[Item], reads: Reads) -> list[Item]:
    """The answers that the reader may see, one by one, in the order of the sheet; the newest view of each first."""
    order = {code: place for place, code in enumerate(QUESTIONS)}
    seen = [item for item in items if reads(QUESTIONS[item.code].category or "", item.organisation, _field(item))]
    return sorted(seen, key=lambda item: (order[item.code], -item.as_at.timestamp()))


def current(items: Iterable[Item]) -> dict[str, Item]:
    """The newest view of each answer."""
    found: dict[str, Item] = {}
    for item in items:
        if item.code not in found or item.as_at > found[item.code].as_at:
            found[item.code] = item
    return found


def takes_opioid_medicine(items: Iterable[Item]) -> str:
    """Does the person take an opioid agonist medicine, as the sheet has it? yes, no, not_known, or empty."""
    answers = current(items)
    if (injection := answers.get("injection")) and injection.value.strip().lower() not in ("", NONE, NO):
        return YES
    if (medicine := answers.get("medicine")) is None:
        return ""
    return {NONE: NO, NOT_KNOWN: NOT_KNOWN}.get(medicine.value, YES)


def _field(item: Item) -> str:
    return QUESTIONS[item.code].field
