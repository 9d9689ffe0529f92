"""When a clock that stood still is due again: the time that was left, in the clock's own counting. Pure functions.

A pause never shortens a deadline and never loses one. Clocks that count to a date set outside (a release, a
prescription) are not paused: the world does not wait.
"""

from datetime import date, datetime, time, timedelta

from throughcare.reference.calendar import (
    LONDON,
    ONE_DAY,
    OPENS,
    SHUTS,
    Due,
    add_working_days,
    due_at,
    working_day,
)
from throughcare.reference.pathways import Clock

LOCAL = "local_design"
OF_A_DATE = ("back_from_date", "set_date")


def pauses(clock: Clock) -> bool:
    """Does this clock stand still while the person is away? Statutory, national and contract clocks run on."""
    return clock.kind == LOCAL and clock.counting_rule not in OF_A_DATE


def resumed_due(rule: str, due: datetime, paused: datetime, resumed: datetime) -> Due:
    """When it is due, counted by `rule`, if the clock stood still from `paused` until `resumed`.

    Hours are counted as hours left, working hours as working hours left, days and working days as days left after the
    day it was paused: with none left, it is due on the day it is resumed. All moments are aware.
    Raises ValueError for a clock that was due before it was paused, or resumed before that.
    """
    if not paused <= due or not paused <= resumed:
        raise ValueError("a clock is paused before it is due, and resumed after that")
    here, there, end = (moment.astimezone(LONDON) for moment in (paused, resumed, due))
    match rule:
        case "elapsed_hours":
            at = resumed + (due - paused)
        case "working_hours":
            at = _add_working_time(there, _working_time(here, end))
        case "by_17_00":
            left = max(0, (end.date() - _day_of_17_00(here)).days)
            at = datetime.combine(_day_of_17_00(there) + left * ONE_DAY, SHUTS, LONDON)
        case "working_days":
            left = sum(working_day(day) for day in _days_after(here.date(), end.date()))
            at = datetime.combine(add_working_days(there.date(), left), end.time(), LONDON)
        case _:
            left = (end.date() - here.date()).days
            at = datetime.combine(there.date() + left * ONE_DAY, end.time(), LONDON)
    at = max(at, due)
    return Due(at=at, verified=due_at("set_date", None, "days", at).verified)


def _days_after(first: date, last: date) -> list[date]:
    return [first + n * ONE_DAY for n in range(1, (last - first).days + 1)]


def _day_of_17_00(moment: datetime) -> date:
    """The day whose 17:00 comes next."""
    return moment.date() if moment.time() < SHUTS else moment.date() + ONE_DAY


def _working_time(start: datetime, end: datetime) -> timedelta:
    """How much of 09:00 to 17:00 on working days lies between the two."""
    passed = timedelta()
    for day in [start.date(), *_days_after(start.date(), end.date())]:
        if working_day(day):
            opens, shuts = (datetime.combine(day, hour, LONDON) for hour in (OPENS, SHUTS))
            passed += max(timedelta(), min(end, shuts) - max(start, opens))
    return passed


def _add_working_time(start: datetime, left: timedelta) -> datetime:
    now = start
    while True:
        if working_day(now.date()) and now.time() < SHUTS:
            now = max(now, datetime.combine(now.date(), OPENS, LONDON))
            until_shut = datetime.combine(now.date(), SHUTS, LONDON) - now
            if left <= until_shut:
                return now + left
            left -= until_shut
        now = datetime.combine(now.date() + ONE_DAY, time(), LONDON)
