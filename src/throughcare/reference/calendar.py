"""When something is due: how the pathway tables count hours, days and dates.

Every rule is a pure function over an aware start. It is ruled in Europe/London and answered in UTC. The end of a day is
its last whole second, 23:59:59 in London, so that the day shown is the day meant; starts are cut to the whole second.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from .tables import DATA, WrongReference, read

LONDON = ZoneInfo("Europe/London")
OPENS, SHUTS = time(9), time(17)
LAST_SECOND = time(23, 59, 59)
ONE_DAY = timedelta(days=1)
SATURDAY = 5

COUNTED_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "elapsed_hours": ("hours", "minutes"),
        "working_hours": ("working_hours",),
        "by_17_00": ("days",),
        "end_of_day": ("days",),
        "working_days": ("working_days",),
        "corresponding_date": ("weeks", "months"),
        "back_from_date": ("weeks",),
        "set_date": ("days",),
    }
)
"""The units in which each rule can count."""


@dataclass(frozen=True)
class Due:
    """A deadline. `at` is in UTC. `verified` is false when its day in London lies outside the bank holidays known."""

    at: datetime
    verified: bool


def due_at(rule: str, value: int | None, unit: str, start: datetime) -> Due:
    """When `value` of `unit` from `start` are over, counted by `rule`. `start` must carry its time zone.

    `value` is None for set_date alone, where `start` lies on the date that was set.
    Raises WrongReference when the rule is not known or cannot count in that unit, and ValueError for a naive start.
    """
    if rule not in _RULES:
        raise WrongReference("pathways/clocks.csv", 0, "counting_rule", f"{rule!r} is not a known code")
    if unit not in COUNTED_IN[rule]:
        raise WrongReference("pathways/clocks.csv", 0, "unit", f"{rule} cannot count in {unit!r}")
    if value is None and rule != "set_date":
        raise WrongReference("pathways/clocks.csv", 0, "value", f"{rule} needs a whole number")
    if start.tzinfo is None:
        raise ValueError("a start must carry its time zone")
    local = _RULES[rule](start.astimezone(LONDON).replace(microsecond=0), value or 0, unit)
    first, last = min(bank_holidays()), max(bank_holidays())
    return Due(at=local.astimezone(UTC), verified=first <= local.date() <= last)


def working_day(day: date) -> bool:
    """Is it Monday to Friday and not a bank holiday of England and Wales?"""
    return day.weekday() < SATURDAY and day not in bank_holidays()


def add_working_days(day: date, number: int) -> date:
    """The `number`th working day after `day`. With 0, `day` itself, or the next working day when it is none."""
    while number or not working_day(day):
        day += ONE_DAY
        if number and working_day(day):
            number -= 1
    return day


@cache
def bank_holidays(folder: Path = DATA) -> Mapping[date, str]:
    """The bank holidays of England and Wales by the day on which they are kept, with their names."""
    found: dict[date, str] = {}
    for row in read(folder, "pathways/bank_holidays.csv", "date name source substitute_for note", key="date"):
        day = row.day("date")
        if day is None or day.weekday() >= SATURDAY:
            raise row.wrong("date", "must be a day from Monday to Friday")
        row.day("substitute_for")
        found[day] = row.filled("name")
    return MappingProxyType(found)


# The rules. Each takes the start in London, and answers in London.


def _elapsed_hours(start: datetime, value: int, unit: str) -> datetime:
    """Real time passed: on the night when the clocks change, the hands move more or less than that."""
    passed = timedelta(hours=value) if unit == "hours" else timedelta(minutes=value)
    return (start.astimezone(UTC) + passed).astimezone(LONDON)


def _working_hours(start: datetime, value: int, unit: str) -> datetime:
    """Only 09:00 to 17:00 on working days counts. A count that ends at 17:00 is due then, not next morning.

    The clocks change on Sundays, so that between opening and shutting the hands tell real time.
    """
    left = timedelta(hours=value)
    now = start
    while True:
        if working_day(now.date()) and now.time() < SHUTS:
            now = max(now, _at(now.date(), OPENS))
            until_shut = _at(now.date(), SHUTS) - now
            if left <= until_shut:
                return now + left
            left -= until_shut
        now = _at(now.date() + ONE_DAY, time())


def _by_17_00(start: datetime, value: int, unit: str) -> datetime:
    """17:00 on day N; a start at 17:00 or later belongs to the next day. Weekends and bank holidays count."""
    day_0 = start.date() if start.time() < SHUTS else start.date() + ONE_DAY
    return _at(day_0 + value * ONE_DAY, SHUTS)


def _end_of_day(start: datetime, value: int, unit: str) -> datetime:
    """The end of day N, day 0 being the day of the start."""
    return _at(start.date() + value * ONE_DAY, LAST_SECOND)


def _working_days(start: datetime, value: int, unit: str) -> datetime:
    """The end of the Nth working day after the day of the start."""
    return _at(add_working_days(start.date(), value), LAST_SECOND)


def _corresponding_date(start: datetime, value: int, unit: str) -> datetime:
    """The end of the same day of the week, or of the month: its last day where it has no such day."""
    if unit == "weeks":
        return _at(start.date() + value * 7 * ONE_DAY, LAST_SECOND)
    years, month_0 = divmod(start.month - 1 + value, 12)
    year, month = start.year + years, month_0 + 1
    return _at(date(year, month, min(start.day, monthrange(year, month)[1])), LAST_SECOND)


def _back_from_date(start: datetime, value: int, unit: str) -> datetime:
    """The end of the day N weeks before: `start` lies on the date, such as a release, that is counted back from."""
    return _at(start.date() - value * 7 * ONE_DAY, LAST_SECOND)


def _set_date(start: datetime, value: int, unit: str) -> datetime:
    """The end of the date that was set: on an order, a prescription or a label."""
    return _at(start.date(), LAST_SECOND)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, LONDON)


_RULES: Mapping[str, Callable[[datetime, int, str], datetime]] = MappingProxyType(
    {
        "elapsed_hours": _elapsed_hours,
        "working_hours": _working_hours,
        "by_17_00": _by_17_00,
        "end_of_day": _end_of_day,
        "working_days": _working_days,
        "corresponding_date": _corresponding_date,
        "back_from_date": _back_from_date,
        "set_date": _set_date,
    }
)
