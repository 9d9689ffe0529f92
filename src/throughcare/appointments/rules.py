"""What holds of appointments. Pure functions over plain values: no database, no clock."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
IN_PERSON, TELEPHONE, VIDEO = "in_person", "telephone", "video"
WAYS = ((IN_PERSON, "In person"), (TELEPHONE, "By telephone"), (VIDEO, "By video"))
ATTENDED, LATE, DID_NOT_ATTEND, CANCELLED = "attended", "late", "did_not_attend", "cancelled"
OUTCOMES = (
    (ATTENDED, "Attended"),
    (LATE, "Attended, late"),
    (DID_NOT_ATTEND, "Did not attend"),
    (CANCELLED, "Cancelled"),
)
CAME = (ATTENDED, LATE)
CANCELLED_BY = (("person", "The person"), ("service", "Our service"), ("other", "Somebody else"))
REASONS = (
    ("ill", "Illness"),
    ("clash", "Something else at that time"),
    ("travel", "Could not get there"),
    ("not_wanted", "The person does not want it"),
    ("staff", "No worker or room"),
    ("custody", "In custody or hospital"),
    ("mistake", "Booked by mistake"),
    ("other", "Another reason: say which"),
)
REMINDER_AT = time(10)


def reminder_at(starts_at: datetime, booked_at: datetime) -> datetime | None:
    """When the person is reminded: 10am in London on the day before. None when that is over as it is booked."""
    day = starts_at.astimezone(LONDON).date() - timedelta(days=1)
    at = datetime.combine(day, REMINDER_AT, LONDON)
    return at if at > booked_at else None


def flags(
    starts_at: datetime, booked_at: datetime, known_since: datetime | None, outcome: str, outcome_at: datetime | None
) -> list[str]:
    """What is odd about an appointment, as sentences. It is recorded all the same: it is a fact about the world.

    known_since: when the case it belongs to was opened.
    """
    found = []
    if starts_at < booked_at:
        found.append("It was written down after its time.")
    if known_since is not None and starts_at < known_since:
        found.append("Its time is before the referral.")
    if outcome in (*CAME, DID_NOT_ATTEND) and outcome_at is not None and outcome_at < starts_at:
        found.append("What came of it was recorded before its time.")
    return found


def where(way: str, place: str) -> str:
    """How and where in a few words: "Harbour House", "By video", "By telephone, 07700 900123"."""
    if way == IN_PERSON:
        return place
    return ", ".join(filter(None, (dict(WAYS)[way], place)))
