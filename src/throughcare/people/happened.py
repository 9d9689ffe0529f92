"""The kinds of event that happen to a person: what each is called, and which data it is. Pure values.

Each kind names the category of the disclosure table, and the field of it, that governs who reads that it happened. The
facts told with it are read by those who read the whole category, and by the service that told them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DIED = "died"
RESUMED = "resumed"
CORRECTED = "event_corrected"


@dataclass(frozen=True)
class Kind:
    """words: as a heading of what happened. day: the fact that holds the day on which it happened."""

    words: str
    category: str
    field: str
    day: str


KINDS: Mapping[str, Kind] = {
    DIED: Kind("Died", "identity_core", "", "date_of_death"),
    "moved_area": Kind("Moved to another area", "identity_core", "address", "moved_date"),
    "released_unplanned": Kind("Released without notice", "release_details", "release_date", "release_time"),
    "recalled": Kind("Recalled to prison", "release_details", "prison", "recall_date"),
    "transferred": Kind("Moved to another site", "release_details", "prison", "transfer_date"),
    "bailed": Kind("Bailed", "release_details", "release_date", "bail_date"),
    "remanded": Kind("Remanded in custody", "release_details", "prison", "remand_date"),
    "taken_into_custody": Kind("Taken into custody", "release_details", "prison", "custody_date"),
    "withdrew": Kind("Chose not to go on with something", "appointments_attendance", "first_contact_outcome", "date"),
    "proceedings_ended": Kind("Court proceedings ended", "legal_order_details", "end_date", "end_date"),
    "admitted_to_hospital": Kind(
        "Admitted to hospital", "overdose_safety_summary", "recent_release_or_tolerance_loss", "admission_date"
    ),
    RESUMED: Kind("Deadlines run again", "", "", "resumed_date"),
    CORRECTED: Kind("Report undone: it was not so", "", "", ""),
}
"""The last two are read as the event is that they end or undo."""
