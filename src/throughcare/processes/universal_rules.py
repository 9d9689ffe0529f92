"""What may happen to a person whatever state their cases are in: the words, the questions, and the rules. Pure.

The rows themselves are the reference table `pathways/universal.csv`: which role may report an event, what it needs, and
what it does to a case of each process. A fact reported is always recorded, and flagged where it is odd.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from throughcare.processes.table import (
    AREA,
    CHOICE,
    DAY,
    DONE_OF_EVENTS,
    FACTS_OF_EVENTS,
    LONG_TEXT,
    MOMENT,
    NOT_KNOWN,
    PERFORMED,
    SERVICE,
    USER,
    Fact,
    Facts,
    as_text,
)
from throughcare.reference.pathways import UniversalRow, processes, universal_rows
from throughcare.web.faults import Fault

CLOSE, PAUSE, RESUME, GOTO, UNDO, OPEN_HANDOVER = "close", "pause", "resume", "goto", "undo", "open_handover"
DIED, VOID, RESUMED, CORRECTED, IDENTITY = (
    "died",
    "opened_in_error",
    "resumed",
    "event_corrected",
    "identity_corrected",
)
NOT_BUILT: Mapping[str, str] = {IDENTITY: "a record cannot be linked to another person yet, which this event needs"}
SITE = "site"
"""What a fact names is a place where people are held."""
IN_CUSTODY = ("recalled", "remanded", "taken_into_custody")
"""Events that begin being held; what they pause goes on when the person leaves custody."""
ENDED_WORDS: Mapping[str, str] = {DIED: "the person has died", VOID: "opened in error"}
"""Why a case closed, where an event closed it."""
LEAVES_CUSTODY = ("released_unplanned", "bailed")
BAIL = "bail"


@dataclass(frozen=True)
class Words:
    """asks: what happened, as the reader chooses it. follows: what will happen and who is told. done: in a history."""

    asks: str
    follows: str
    done: str


EVENTS: Mapping[str, Words] = {
    DIED: Words(
        "The person has died",
        "Everything that is open about the person is closed kindly, as died: never as a failure. Every deadline stops, "
        "nothing is ever sent to the person again, and every service with something open is told once.",
        "Has died. Nothing more is due",
    ),
    "moved_area": Words(
        "The person moved to another area",
        "Nothing closes and no deadline stops. Whoever coordinates the person’s care is told, and asked to write a "
        "hand-over to the new area.",
        "Moved to another area: a hand-over to the new area is needed",
    ),
    "released_unplanned": Words(
        "The person was released without notice",
        "Deadlines run on. Both sides of each open hand-over are told. If they were recorded as held, that ends.",
        "Released without notice",
    ),
    "recalled": Words(
        "The person was recalled to prison",
        "Local deadlines pause until the person leaves custody; national ones run on. Every service with something "
        "open is told.",
        "Recalled to prison",
    ),
    "transferred": Words(
        "The person was moved to another prison or site",
        "Nothing pauses. The stay here ends and the next begins, with the release date kept, and both sides of each "
        "open hand-over are told.",
        "Moved to another site",
    ),
    "bailed": Words(
        "The person was bailed",
        "Deadlines run on. Both sides of each open hand-over are told. If they were recorded as held, that ends.",
        "Bailed",
    ),
    "remanded": Words(
        "The person was remanded in custody",
        "Local deadlines pause until the person leaves custody; national ones run on. Every service with something "
        "open is told.",
        "Remanded in custody",
    ),
    "taken_into_custody": Words(
        "The person was taken into custody",
        "Local deadlines pause until the person leaves custody; national ones run on. Every service with something "
        "open is told.",
        "Taken into custody",
    ),
    "withdrew": Words(
        "The person chose not to go on with something",
        "Nothing closes by itself and no deadline stops: choosing is never a failure. Both sides of each open "
        "hand-over are told, and the prescriber stays named until cover is agreed.",
        "Chose not to go on with something",
    ),
    IDENTITY: Words("The person’s identity was corrected", "", "Identity corrected"),
    "proceedings_ended": Words(
        "Court proceedings ended",
        "Nothing closes and no deadline stops: care does not depend on the case.",
        "Court proceedings ended",
    ),
    "admitted_to_hospital": Words(
        "The person was admitted to hospital",
        "Local deadlines pause until somebody says that the person has left hospital; national ones run on. Every "
        "service with something open is told. Tell the hospital yourself what is prescribed.",
        "Admitted to hospital",
    ),
    RESUMED: Words(
        "What was paused goes on",
        "The deadlines that were paused run again, with the time that was left. Every service with something open is "
        "told.",
        "Deadlines run again",
    ),
    VOID: Words(
        "This was opened in error",
        "It closes, stays on the history with your reason, and is left out of every count. The services on it are "
        "told. It cannot be opened again.",
        "Closed: opened in error",
    ),
    CORRECTED: Words(
        "Undo what was reported: it was not so",
        "What the report closed or paused is as if it had never been reported; deadlines that passed meanwhile are "
        "missed. Everybody who was told is told again. Both reports stay on the history.",
        "A report was undone: it was not so",
    ),
}

YES_NO_UNKNOWN = (("yes", "Yes"), ("no", "No"), (NOT_KNOWN, "Not known"))
FACTS: Mapping[str, Fact] = {
    "date_of_death": Fact("Date of death", DAY),
    "source_of_fact": Fact(
        "How do you know?",
        hint="For example: told by the coroner’s officer, or by the family. Everybody who may read who the person is "
        "reads this.",
        category="identity_core",
        field="source_of_fact",
    ),
    "new_area": Fact("Area they moved to", AREA, category="identity_core", field="address"),
    "moved_date": Fact("Date they moved", DAY),
    "service_there": Fact(
        "Service there that could take the person on", SERVICE, category="identity_core", field="address"
    ),
    "release_time": Fact("When they were released", MOMENT, category="release_details", field="release_date"),
    "release_route": Fact(
        "How they came to be released",
        hint="For example: released by the court, or time served",
        category="release_details",
        field="release_date",
    ),
    "recall_date": Fact("Date of recall", DAY, category="release_details", field="prison"),
    "recall_type": Fact(
        "Kind of recall",
        CHOICE,
        choices=(("fixed_term", "Fixed term"), ("standard", "Standard"), (NOT_KNOWN, "Not known")),
        category="release_details",
        field="prison",
    ),
    "transfer_date": Fact("Date of the move", DAY, category="release_details", field="prison"),
    "receiving_site": Fact("Where they are held now", SITE, category="release_details", field="prison"),
    "bail_date": Fact("Date of bail", DAY, category="release_details", field="release_date"),
    "conditions": Fact("Conditions of bail", LONG_TEXT, category="legal_order_details", field="conditions"),
    "address": Fact("Address they were bailed to", category="identity_core", field="address"),
    "remand_date": Fact("Date of remand", DAY, category="release_details", field="prison"),
    "custody_date": Fact("Date they were taken into custody", DAY, category="release_details", field="prison"),
    "prison": Fact("Where they are held", SITE, category="release_details", field="prison"),
    "what_the_person_withdrew_from": Fact(
        "What did the person choose not to go on with?",
        category="appointments_attendance",
        field="first_contact_outcome",
    ),
    "date": Fact("Date", DAY, category="appointments_attendance", field="first_contact_outcome"),
    "reason_if_offered": Fact(
        "The person’s reason, if they gave one",
        LONG_TEXT,
        category="appointments_attendance",
        field="first_contact_outcome",
    ),
    "end_type": Fact("How they ended", category="legal_order_details", field="end_date"),
    "end_date": Fact("Date they ended", DAY, category="legal_order_details", field="end_date"),
    "hospital": Fact("Which hospital", category="overdose_safety_summary", field="recent_release_or_tolerance_loss"),
    "admission_date": Fact(
        "Date of admission", DAY, category="overdose_safety_summary", field="recent_release_or_tolerance_loss"
    ),
    "prescribing_summary_sent": Fact(
        "Has the hospital been told what is prescribed?",
        CHOICE,
        choices=YES_NO_UNKNOWN,
        category="overdose_safety_summary",
        field="recent_release_or_tolerance_loss",
    ),
    "resumed_date": Fact("Date from which the deadlines run again", DAY),
    "reason": Fact("Reason", LONG_TEXT, category=None),
    "reviewer": Fact("Which colleague looked at this with you", USER, category=None),
    "event": Fact("What was reported"),
}
ALSO_ASKED: Mapping[str, tuple[str, ...]] = {"recalled": ("prison",)}
"""Facts asked beside those of the table: a stay begins where the place is known."""

FACTS_OF_EVENTS.update(FACTS)
DONE_OF_EVENTS.update({row.verb: EVENTS[row.event].done for name in processes() for row in universal_rows(name)})


def rows_of(event: str, names: Collection[str]) -> dict[str, UniversalRow]:
    """The row of an event for each of these processes."""
    return {row.process: row for name in names for row in universal_rows(name) if row.event == event}


def reportable_by(role: str, names: Collection[str]) -> tuple[str, ...]:
    """What a role may report about a person, in the order of the table."""
    found = [row.event for name in names for row in universal_rows(name) if role in row.roles]
    return tuple(event for event in dict.fromkeys(found) if event not in (RESUMED, VOID, CORRECTED, *NOT_BUILT))


def as_step(row: UniversalRow, facts: Facts) -> tuple[str, Facts]:
    """The verb and the facts by which a process may have a step of its own for the event.

    Whoever is bailed was released, unplanned, on the day of bail: the row leads to that state.
    """
    if row.event == "bailed" and row.to_state == "released_unplanned":
        return "report_released_unplanned", {"release_time": facts.get("bail_date", ""), "release_route": BAIL}
    return row.verb, facts


def asked(event: str, rows: Collection[UniversalRow]) -> tuple[str, ...]:
    """The facts that an event asks for, whatever the process."""
    needed = [need for row in rows for need in row.needs if need != "event"]
    return tuple(dict.fromkeys([*needed, *ALSO_ASKED.get(event, ())]))


@dataclass(frozen=True)
class Known:
    """What is known of the person when something is reported. held_since: None when not recorded as held."""

    born: date | None = None
    died: date | None = None
    dead: bool = False
    held_since: date | None = None


def missing(event: str, rows: Collection[UniversalRow], facts: Facts) -> list[Fault]:
    """The questions that were not answered. “Not known” answers what is reported, and nothing that is performed."""
    performed = any(row.kind == PERFORMED for row in rows)
    faults = []
    for code in asked(event, rows):
        given = as_text(facts.get(code))
        if code in ALSO_ASKED.get(event, ()) or (given and not (performed and given == NOT_KNOWN)):
            continue
        unknown = "" if performed else " If nobody knows, answer “not known”."
        faults.append(Fault("UE-101", code, f"“{FACTS[code].label}” is needed.", f"Answer it.{unknown}"))
    return faults


def odd(event: str, on: date | None, known: Known, today: date) -> list[Fault]:
    """What is strange about a reported fact: it is recorded all the same, and carries these as flags."""
    day = {"died": "date_of_death"}.get(event, "")
    found = []
    if on and on > today:
        found.append(Fault("UE-120", day, "The date lies ahead.", "Check the date; undo the report if it is wrong."))
    if on and known.born and on < known.born:
        found.append(
            Fault("UE-121", day, "The date is before the person was born.", "Check the date, and whose record this is.")
        )
    if event == DIED and known.dead:
        found.append(Fault("UE-122", day, "A death was reported already.", "Look at which of the two dates is right."))
    if event != DIED and known.died and on and on > known.died:
        found.append(
            Fault(
                "UE-123", day, "The date is after the reported death.", "Check both; one of them is about another day."
            )
        )
    if event in LEAVES_CUSTODY and known.held_since is None:
        found.append(Fault("UE-124", day, "They were not recorded as held anywhere.", "Check whose record this is."))
    if event in LEAVES_CUSTODY and known.held_since and on and on < known.held_since:
        found.append(Fault("UE-125", day, "The release is before they came into custody.", "Check both dates."))
    return found
