"""Every clock of every process that runs, across Christmas, Easter and the changes of the clocks.

What is expected is counted here by hand: days from the file of bank holidays, hours one minute after the other, British
Summer Time from its own rule. Nothing of the calendar under test is used for it. A process that is declared later is
looked at without a line here.
"""

import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

import throughcare.reference
from throughcare.processes.registry import rooms
from throughcare.reference.calendar import COUNTED_IN, due_at
from throughcare.reference.pathways import Clock, clocks, processes

FILE = Path(throughcare.reference.__file__).parent / "data/pathways/bank_holidays.csv"
HOLIDAYS = {date.fromisoformat(row["date"]) for row in csv.DictReader(FILE.open())}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
END = time(23, 59, 59)


def last_sunday(year: int, month: int) -> datetime:
    """One in the morning, by Greenwich, of the last Sunday of a month of 31 days."""
    day = datetime(year, month, 31, 1, tzinfo=UTC)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def hands(at: datetime) -> datetime:
    """What a clock in London shows at a moment: an hour more from the last Sunday of March to that of October."""
    summer = last_sunday(at.year, 3) <= at < last_sunday(at.year, 10)
    return (at.astimezone(UTC) + timedelta(hours=1 if summer else 0)).replace(tzinfo=None)


def moment(shown: datetime, *, second_time: bool = False) -> datetime:
    """The moment at which a clock in London shows this; in the doubled hour of autumn, the first or the second time."""
    fits = [at for hours in (1, 0) if hands(at := shown.replace(tzinfo=UTC) - timedelta(hours=hours)) == shown]
    return fits[-1 if second_time else 0]


def london(text: str, *, second_time: bool = False) -> datetime:
    return moment(datetime.fromisoformat(text), second_time=second_time)


def is_working(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def same_day_in(day: date, months: int) -> date:
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    following = (first + 31 * DAY).replace(day=1)
    return min(first + (day.day - 1) * DAY, following - DAY)


def counted(rule: str, value: int, unit: str, start: datetime) -> datetime:
    """When it is due, counted the slow way."""
    shown = hands(start)
    if rule == "elapsed_hours":
        return datetime.fromtimestamp(start.timestamp() + value * (3600 if unit == "hours" else 60), UTC)
    if rule == "working_hours":
        now, left = start, value * 60
        while left:
            at = hands(now)
            left -= is_working(at.date()) and 9 <= at.hour < 17
            now += MINUTE
        return now
    day = shown.date()
    match rule, unit:
        case "by_17_00", _:
            later = 1 if shown.hour >= 17 else 0
            return moment(datetime.combine(day + (value + later) * DAY, time(17)))
        case "working_days", _:
            while value:
                day += DAY
                value -= is_working(day)
        case "corresponding_date", "months":
            day = same_day_in(day, value)
        case "corresponding_date", "weeks":
            day += value * 7 * DAY
        case "back_from_date", _:
            day -= value * 7 * DAY
        case "end_of_day", _:
            day += value * DAY
    return moment(datetime.combine(day, END))


STARTS = {
    "a Friday at 17:40": london("2026-11-27 17:40"),
    "Christmas Eve, a Thursday": london("2026-12-24 16:00"),
    "Christmas Eve, a Friday": london("2027-12-24 16:00"),
    "New Year's Eve": london("2026-12-31 16:59"),
    "Maundy Thursday 2026": london("2026-04-02 16:30"),
    "Maundy Thursday 2027, before the clocks go forward": london("2027-03-25 16:30"),
    "the night in which the clocks go forward, 2026": london("2026-03-28 23:30"),
    "half an hour before they go forward, 2026": london("2026-03-29 00:30"),
    "the night in which the clocks go forward, 2027": london("2027-03-27 23:30"),
    "the night in which the clocks go back, 2026": london("2026-10-24 23:30"),
    "the doubled hour of 2026, the first time": london("2026-10-25 01:30"),
    "the doubled hour of 2026, the second time": london("2026-10-25 01:30", second_time=True),
    "the night in which the clocks go back, 2027": london("2027-10-30 23:30"),
    "the doubled hour of 2027, the second time": london("2027-10-31 01:30", second_time=True),
    "Easter Monday": london("2026-04-06 10:00"),
    "a bank-holiday Monday in summer": london("2026-08-31 10:00"),
    "the substitute for Boxing Day": london("2026-12-28 09:00"),
    "a working day at opening": london("2026-06-16 09:00"),
    "a working day at shutting": london("2026-06-16 17:00"),
}
CLOCKS = [clock for room in rooms().values() for clock in room.process.clocks.values()]


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.id)
@pytest.mark.parametrize("start", STARTS)
def test_a_clock_ends_when_its_rule_says_counted_the_slow_way(start: str, clock: Clock) -> None:
    began = STARTS[start]
    due = due_at(clock.counting_rule, clock.value, clock.unit, began)
    assert due.at == counted(clock.counting_rule, clock.value or 0, clock.unit, began)
    assert due.verified


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.id)
@pytest.mark.parametrize("start", STARTS)
def test_a_clock_keeps_what_its_rule_promises(start: str, clock: Clock) -> None:
    began, number = STARTS[start], clock.value or 0
    at = due_at(clock.counting_rule, clock.value, clock.unit, began).at
    shown, rule = hands(at), clock.counting_rule
    if rule != "back_from_date":
        assert at >= began, "never due before it began"
    if rule.startswith("working"):
        assert is_working(shown.date()), "never due on a day on which nobody works"
    if rule == "working_hours":
        assert time(9) <= shown.time() <= time(17)
        assert at - began >= timedelta(hours=number), "no sooner than the hours themselves"
    if rule == "working_days":
        days = [hands(began).date() + n * DAY for n in range(1, (shown.date() - hands(began).date()).days + 1)]
        assert sum(map(is_working, days)) == number
    if rule == "elapsed_hours":
        assert (at - began).total_seconds() == number * (3600 if clock.unit == "hours" else 60)
    if rule in ("working_days", "end_of_day", "corresponding_date", "back_from_date", "set_date"):
        assert shown.time() == END, "the end of the day is its last second in London"
    if rule == "by_17_00":
        assert shown.time() == time(17)


BY_HAND = [
    ("elapsed_hours", 15, "minutes", london("2026-11-27 17:40"), "2026-11-27 17:55:00"),
    ("elapsed_hours", 15, "minutes", london("2026-12-24 23:50"), "2026-12-25 00:05:00"),
    ("elapsed_hours", 1, "hours", london("2026-10-25 01:30"), "2026-10-25 01:30:00"),
    ("elapsed_hours", 1, "hours", london("2026-10-25 01:30", second_time=True), "2026-10-25 02:30:00"),
    ("elapsed_hours", 6, "hours", london("2026-03-28 23:30"), "2026-03-29 05:30:00"),
    ("elapsed_hours", 72, "hours", london("2026-04-02 16:30"), "2026-04-05 15:30:00"),
    ("working_hours", 4, "working_hours", london("2026-11-27 17:40"), "2026-11-30 13:00:00"),
    ("working_hours", 4, "working_hours", london("2026-12-24 16:00"), "2026-12-29 12:00:00"),
    ("working_hours", 4, "working_hours", london("2027-12-24 16:00"), "2027-12-29 12:00:00"),
    ("working_hours", 4, "working_hours", london("2026-04-02 16:30"), "2026-04-07 11:30:00"),
    ("working_hours", 4, "working_hours", london("2027-03-25 16:30"), "2027-03-30 11:30:00"),
    ("working_hours", 4, "working_hours", london("2026-10-24 23:30"), "2026-10-26 13:00:00"),
    ("working_hours", 4, "working_hours", london("2026-08-31 10:00"), "2026-09-01 12:00:00"),
    ("by_17_00", 0, "days", london("2026-11-27 17:40"), "2026-11-28 17:00:00"),
    ("by_17_00", 0, "days", london("2026-12-24 16:00"), "2026-12-24 17:00:00"),
    ("by_17_00", 0, "days", london("2026-03-28 23:30"), "2026-03-29 16:00:00"),
    ("by_17_00", 0, "days", london("2027-10-30 23:30"), "2027-10-31 17:00:00"),
    ("by_17_00", 1, "days", london("2026-04-02 16:30"), "2026-04-03 16:00:00"),
    ("end_of_day", 0, "days", london("2026-10-25 00:30"), "2026-10-25 23:59:59"),
    ("end_of_day", 1, "days", london("2026-04-02 16:30"), "2026-04-03 22:59:59"),
    ("end_of_day", 7, "days", london("2026-12-24 16:00"), "2026-12-31 23:59:59"),
    ("end_of_day", 21, "days", london("2026-11-27 17:40"), "2026-12-18 23:59:59"),
    ("working_days", 1, "working_days", london("2026-08-31 10:00"), "2026-09-01 22:59:59"),
    ("working_days", 2, "working_days", london("2026-11-27 17:40"), "2026-12-01 23:59:59"),
    ("working_days", 2, "working_days", london("2026-12-24 16:00"), "2026-12-30 23:59:59"),
    ("working_days", 5, "working_days", london("2026-12-24 16:00"), "2027-01-05 23:59:59"),
    ("working_days", 2, "working_days", london("2026-04-02 16:30"), "2026-04-08 22:59:59"),
    ("working_days", 5, "working_days", london("2027-03-25 16:30"), "2027-04-05 22:59:59"),
    ("corresponding_date", 3, "weeks", london("2026-11-27 17:40"), "2026-12-18 23:59:59"),
    ("corresponding_date", 3, "weeks", london("2026-03-28 23:30"), "2026-04-18 22:59:59"),
    ("corresponding_date", 6, "months", london("2026-12-24 16:00"), "2027-06-24 22:59:59"),
    ("corresponding_date", 4, "months", london("2026-10-31 10:00"), "2027-02-28 23:59:59"),
    ("back_from_date", 12, "weeks", london("2026-12-24 16:00"), "2026-10-01 22:59:59"),
    ("back_from_date", 12, "weeks", london("2027-03-28 12:00"), "2027-01-03 23:59:59"),
    ("set_date", None, "days", london("2026-10-25 00:30"), "2026-10-25 23:59:59"),
    ("set_date", None, "days", london("2026-03-29 00:30"), "2026-03-29 22:59:59"),
]
"""Worked out on paper, in Greenwich time, with a calendar of the year and the dates of its bank holidays beside it."""


@pytest.mark.parametrize(("rule", "value", "unit", "start", "expected"), BY_HAND)
def test_it_is_due_when_it_was_worked_out_by_hand(
    rule: str, value: int | None, unit: str, start: datetime, expected: str
) -> None:
    assert due_at(rule, value, unit, start).at == datetime.fromisoformat(f"{expected}+00:00")


def test_every_rule_and_every_unit_was_worked_out_by_hand() -> None:
    units = {(rule, unit) for rule, units in COUNTED_IN.items() for unit in units}
    assert {(rule, unit) for rule, _, unit, _, _ in BY_HAND} == units


@pytest.mark.parametrize("process", sorted(set(processes()) - set(rooms())))
def test_the_clocks_of_a_process_that_does_not_run_yet_end_as_counted_too(process: str) -> None:
    for clock in clocks(process).values():
        for began in STARTS.values():
            due = due_at(clock.counting_rule, clock.value, clock.unit, began)
            assert due.at == counted(clock.counting_rule, clock.value or 0, clock.unit, began), (clock.id, began)


def test_every_clock_of_every_process_that_runs_is_looked_at() -> None:
    assert {"HOV-C01", "HOV-C09"} <= {clock.id for clock in CLOCKS}
    running = {clock for room in rooms().values() for step in room.process.steps for clock in step.starts}
    assert running <= {clock.id for clock in CLOCKS}
