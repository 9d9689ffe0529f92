"""What must hold before somebody leaves prison, and how a release stands. Plain values; no database and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from throughcare.reference.calendar import LONDON, ONE_DAY, working_day

READY, MISSING, GAP, NOT_NEEDED, UNKNOWN = "ready", "missing", "gap", "not_needed", "unknown"
OPEN = (MISSING, GAP, UNKNOWN)
NOT_SAID = "Nobody has said yet"
CUSTODY_FOR_FRIDAY_RULE = 28
"""Days in custody from which the earlier day applies (REL-L05)."""
FURTHEST = timedelta(days=60 * 365)
CONTINUITY_DAYS = 21
LIGHTS = ((0, ""), (1, "today"), (7, "missed"), (14, "missed"), (CONTINUITY_DAYS, "missed"))
"""From which day on without being seen a row has which tone."""


@dataclass(frozen=True)
class Check:
    """One thing to have ready. `acts`: which may be said by hand; the others follow from what is recorded elsewhere.

    category, field: who may read it, by the disclosure table.
    """

    code: str
    name: str
    owner: str
    category: str
    field: str
    by_hand: bool = False


CHECKS: Mapping[str, Check] = {
    check.code: check
    for check in (
        Check("receiver", "Receiving service", "prison_drug_worker", "release_details", "referral_exists"),
        Check("appointment", "First appointment", "keyworker", "release_details", "first_appointment"),
        Check("cover", "Prescribing cover", "prison_healthcare", "prescribing_medicines", "bridging_script_arranged"),
        Check("naloxone", "Naloxone", "prison_healthcare", "overdose_safety_summary", "naloxone_held", by_hand=True),
        Check("first_night", "First night", "responsible_officer", "accommodation", "placement", by_hand=True),
        Check(
            "identity_document", "Identity document", "prison_operations", "release_details", "document", by_hand=True
        ),
        Check("medicines", "Medicines to take out", "prison_healthcare", "prescribing_medicines", "", by_hand=True),
        Check("transport", "Transport", "prison_operations", "release_details", "transport", by_hand=True),
        Check("gate", "Meeting at the gate", "reconnect", "release_details", "meet_at_gate_time", by_hand=True),
    )
}
"""In the order in which they matter."""


@dataclass(frozen=True)
class Item:
    """How one check stands: its state, the words for it, and the role that owns the next step."""

    check: Check
    state: str
    words: str

    @property
    def tone(self) -> str:
        return {READY: "done", NOT_NEEDED: "", GAP: "risk", MISSING: "risk"}.get(self.state, "today")

    @property
    def shown(self) -> tuple[str, str]:
        """The state in a word, and what there is to say beyond it."""
        state = "Not said" if self.words == NOT_SAID else self.state.replace("_", " ").capitalize()
        return state, "" if self.words in (NOT_SAID, state) else self.words


@dataclass(frozen=True)
class Known:
    """What is known when readiness is worked out.

    leaves:      the latest release date; None when none is known. today: the day that counts as leaving then.
    hand_over:   "" without one, else how it stands: unsent, waiting (with another service), declined or accepted.
    appointment: the first one booked that has not been replaced.
    on_opioid_medicine: yes, no, or not_known.
    covered_until, next_from: to when the person has what is prescribed, and from when the next prescriber goes on.
    said:        what was said by hand: for each code its state and words.
    """

    today: date
    leaves: date | None
    hand_over: str = ""
    receiver: str = ""
    appointment: datetime | None = None
    on_opioid_medicine: str = "not_known"
    covered_until: datetime | None = None
    next_from: datetime | None = None
    said: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def readiness(known: Known) -> tuple[Item, ...]:
    """Every check in order: could this person leave on the day known, or today?"""
    states = {"receiver": _receiver(known), "appointment": _appointment(known), "cover": cover(known)}
    states |= {code: _said(known, code) for code, check in CHECKS.items() if check.by_hand}
    return tuple(Item(check, *states[code]) for code, check in CHECKS.items())


def open_items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Those that stand between a person and a safe release."""
    return tuple(item for item in items if item.state in OPEN)


def nothing_ready(known: Known) -> bool:
    """Would the person leave with no service that has taken them on?"""
    return known.hand_over != "accepted"


def _receiver(known: Known) -> tuple[str, str]:
    match known.hand_over:
        case "accepted":
            return READY, f"Accepted by {known.receiver}"
        case "waiting":
            return MISSING, f"{known.receiver} has not answered"
        case "declined":
            return MISSING, f"Declined by {known.receiver}"
        case "unsent":
            return MISSING, f"Written to {known.receiver}, not sent"
    return MISSING, "Nobody was asked yet"


def _appointment(known: Known) -> tuple[str, str]:
    if known.appointment is None:
        return MISSING, "None made"
    leaves, when = known.leaves or known.today, known.appointment.astimezone(LONDON).date()
    if when < leaves:
        return UNKNOWN, "Before the release date"
    days = (when - leaves).days
    return READY, {0: "On the day", 1: "The day after"}.get(days, f"{days} days after leaving")


def cover(known: Known) -> tuple[str, str]:
    """Is somebody prescribing without a gap from the day of leaving? A day without medicine is a gap.

    The next prescriber is the one recorded, or else the first appointment: earlier than that nobody prescribes.
    """
    if known.on_opioid_medicine == "no":
        return NOT_NEEDED, "No opioid medicine"
    if known.covered_until is None:
        if known.on_opioid_medicine == "yes":
            return MISSING, "Nobody has recorded until when it is supplied"
        return UNKNOWN, "Not known whether medicine is taken"
    ends = known.covered_until.astimezone(LONDON).date()
    follows = known.next_from or known.appointment
    if follows is None:
        return GAP, "The supply ends, and no prescriber follows"
    days = gap_days(ends, follows.astimezone(LONDON).date())
    if days > 0:
        return GAP, f"Gap of {days} day{'' if days == 1 else 's'}"
    return READY, "No gap"


def gap_days(ends: date, follows: date) -> int:
    """How many days the next prescriber comes after the supply has ended; 0 or less when it reaches to that day.

    The reference table counts so: ready only when the supply ends no earlier than the day of the appointment.
    """
    return (follows - ends).days


def _said(known: Known, code: str) -> tuple[str, str]:
    return known.said.get(code, (UNKNOWN, NOT_SAID))


# The date


@dataclass(frozen=True)
class Friday:
    """The rule for a release that falls due before a day on which services are shut: the day it may come forward to."""

    day: date
    words: str


def friday_rule(leaves: date, served_days: int | None, excluded: bool = False) -> Friday | None:
    """Should the release come forward, and to which day? None where it should not.

    A day counts when the next day is a working day too; the release comes forward to the nearest earlier such day
    (REL-L04). Not for those with under 28 days in custody (REL-L05) or excluded kinds of release; days served that
    are not known are not held against anybody.
    """
    if excluded or (served_days is not None and served_days < CUSTODY_FOR_FRIDAY_RULE) or _eligible(leaves):
        return None
    day = leaves - ONE_DAY
    while not _eligible(day):
        day -= ONE_DAY
    return Friday(day, "Falls before a day when services are shut: it should come forward")


def _eligible(day: date) -> bool:
    return working_day(day) and working_day(day + ONE_DAY)


def impossible(leaves: date, came: date, today: date) -> str:
    """Why a release date cannot be; "" when it can."""
    if leaves < came:
        return "before"
    return "far" if leaves > today + FURTHEST else ""


# After leaving


def day_number(left: date, today: date) -> int:
    """Which day since the person left: the day itself is 0."""
    return (today - left).days


def light(day: int, *, seen: bool, started: bool) -> str:
    """The tone of somebody who left: green once treatment has started, red from day 7, amber from day 1."""
    if started:
        return "done"
    if seen:
        return "missed" if day > CONTINUITY_DAYS else ""
    return [tone for since, tone in LIGHTS if day >= since][-1] if day >= 0 else ""
