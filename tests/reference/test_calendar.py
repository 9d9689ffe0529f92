"""When is it due? The counting rules, in the words of those who count."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.reference.calendar import (
    COUNTED_IN,
    LONDON,
    add_working_days,
    bank_holidays,
    due_at,
    working_day,
)
from throughcare.reference.tables import WrongReference

STARTS = st.datetimes(datetime(2015, 1, 2), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SPRING_2026, AUTUMN_2026 = date(2026, 3, 29), date(2026, 10, 25)


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def due(rule: str, value: int | None, unit: str, start: str) -> str:
    """The London time at which it is due, to the second."""
    return due_at(rule, value, unit, london(start)).at.astimezone(LONDON).replace(tzinfo=None).isoformat(sep=" ")


def working_hours(start: str, hours: int) -> str:
    return due("working_hours", hours, "working_hours", start)


# Working hours


def test_four_working_hours_from_friday_1500_is_monday_1100() -> None:
    assert working_hours("2026-11-20 15:00", 4) == "2026-11-23 11:00:00"


def test_four_working_hours_from_friday_1740_is_monday_1300() -> None:
    assert working_hours("2026-11-20 17:40", 4) == "2026-11-23 13:00:00"


def test_working_hours_skip_good_friday_and_easter_monday_2026() -> None:
    assert working_hours("2026-04-02 16:00", 4) == "2026-04-07 12:00:00"


def test_a_working_hour_over_the_autumn_clock_change_is_one_hour_of_work() -> None:
    assert working_hours("2026-10-23 16:30", 1) == "2026-10-26 09:30:00"


def test_a_working_hour_over_the_spring_clock_change_is_one_hour_of_work() -> None:
    assert working_hours("2026-03-27 16:30", 1) == "2026-03-30 09:30:00"


def test_working_hours_that_end_at_exactly_1700_are_due_that_day() -> None:
    assert working_hours("2026-11-18 13:00", 4) == "2026-11-18 17:00:00"


def test_working_hours_that_start_at_exactly_1700_count_from_next_morning() -> None:
    assert working_hours("2026-11-18 17:00", 4) == "2026-11-19 13:00:00"


def test_working_hours_that_start_before_opening_count_from_0900() -> None:
    assert working_hours("2026-11-18 07:00", 8) == "2026-11-18 17:00:00"


def test_working_hours_skip_christmas_2026_with_its_substitute_day() -> None:
    # Friday 25 is Christmas Day; Boxing Day is a Saturday and is kept on Monday 28.
    assert working_hours("2026-12-24 16:00", 2) == "2026-12-29 10:00:00"


def test_no_working_hours_at_night_means_the_next_opening() -> None:
    assert working_hours("2026-11-21 03:00", 0) == "2026-11-23 09:00:00"


@given(start=STARTS, hours=st.integers(0, 40))
def test_working_hours_end_inside_opening_hours_and_never_before_the_start(start: datetime, hours: int) -> None:
    at = due_at("working_hours", hours, "working_hours", start).at.astimezone(LONDON)
    assert at >= start.replace(microsecond=0)
    assert working_day(at.date())
    assert time(9) <= at.time() <= time(17)


@given(start=STARTS, hours=st.integers(1, 24))
def test_working_hours_equal_minutes_counted_one_by_one(start: datetime, hours: int) -> None:
    now = start.replace(second=0, microsecond=0)
    counted = 0
    while counted < hours * 60:
        local = now.astimezone(LONDON)
        if local.weekday() < 5 and local.date() not in bank_holidays() and 9 <= local.hour < 17:
            counted += 1
        now += timedelta(minutes=1)
    assert due_at("working_hours", hours, "working_hours", start.replace(second=0)).at == now


# Real hours


def test_two_hours_over_the_spring_clock_change_move_the_hands_by_three() -> None:
    assert due("elapsed_hours", 2, "hours", "2026-03-29 00:30") == "2026-03-29 03:30:00"


def test_two_hours_over_the_autumn_clock_change_move_the_hands_by_one() -> None:
    assert due("elapsed_hours", 2, "hours", "2026-10-25 00:30") == "2026-10-25 01:30:00"
    assert due_at("elapsed_hours", 2, "hours", london("2026-10-25 00:30")).at == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


def test_fifteen_minutes_run_at_night_and_at_christmas() -> None:
    assert due("elapsed_hours", 15, "minutes", "2026-12-25 23:50") == "2026-12-26 00:05:00"


@given(start=STARTS, hours=st.integers(0, 500))
def test_elapsed_hours_are_hours_of_real_time(start: datetime, hours: int) -> None:
    assert due_at("elapsed_hours", hours, "hours", start).at - start.replace(microsecond=0) == timedelta(hours=hours)


# By 17:00


def test_sent_before_1700_is_due_at_1700_today() -> None:
    assert due("by_17_00", 0, "days", "2026-11-18 16:59:59") == "2026-11-18 17:00:00"


def test_sent_at_exactly_1700_is_due_at_1700_tomorrow() -> None:
    assert due("by_17_00", 0, "days", "2026-11-18 17:00") == "2026-11-19 17:00:00"


def test_by_1700_does_not_skip_weekends_or_christmas() -> None:
    assert due("by_17_00", 0, "days", "2026-11-20 18:00") == "2026-11-21 17:00:00"
    assert due("by_17_00", 1, "days", "2026-12-24 09:00") == "2026-12-25 17:00:00"


# Days


def test_the_end_of_the_day_is_its_last_second_in_london() -> None:
    assert due("end_of_day", 0, "days", "2026-07-01 08:00") == "2026-07-01 23:59:59"
    assert due_at("end_of_day", 0, "days", london("2026-07-01 08:00")).at == datetime(
        2026, 7, 1, 22, 59, 59, tzinfo=UTC
    )


def test_a_release_just_after_midnight_in_summer_belongs_to_the_new_day_in_london() -> None:
    half_past_midnight = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert due_at("end_of_day", 0, "days", half_past_midnight).at == datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC)


def test_day_21_after_release_is_the_end_of_the_twenty_first_day() -> None:
    assert due("end_of_day", 21, "days", "2026-11-20 10:15") == "2026-12-11 23:59:59"


@pytest.mark.parametrize(("start", "end"), [(SPRING_2026, timedelta(hours=23)), (AUTUMN_2026, timedelta(hours=25))])
def test_the_day_of_a_clock_change_ends_at_midnight_all_the_same(start: date, end: timedelta) -> None:
    midnight = datetime.combine(start, time(), LONDON)
    assert due_at("end_of_day", 0, "days", midnight).at - midnight.astimezone(UTC) == end - timedelta(seconds=1)


def test_one_working_day_from_friday_is_the_end_of_monday() -> None:
    assert due("working_days", 1, "working_days", "2026-11-20 09:00") == "2026-11-23 23:59:59"


def test_one_working_day_from_saturday_is_the_end_of_monday() -> None:
    assert due("working_days", 1, "working_days", "2026-11-21 09:00") == "2026-11-23 23:59:59"


def test_two_working_days_from_maundy_thursday_2026_is_wednesday() -> None:
    assert due("working_days", 2, "working_days", "2026-04-02 12:00") == "2026-04-08 23:59:59"


def test_five_working_days_over_christmas_and_new_year() -> None:
    assert due("working_days", 5, "working_days", "2026-12-23 12:00") == "2027-01-04 23:59:59"


def test_the_coronation_day_was_no_working_day() -> None:
    assert not working_day(date(2023, 5, 8))
    assert working_day(date(2023, 5, 9))


def test_no_working_days_from_a_saturday_is_the_monday() -> None:
    assert add_working_days(date(2026, 11, 21), 0) == date(2026, 11, 23)
    assert add_working_days(date(2026, 11, 20), 0) == date(2026, 11, 20)


@given(day=st.dates(date(2015, 1, 1), date(2027, 6, 1)), number=st.integers(1, 60))
def test_the_nth_working_day_has_n_working_days_up_to_it(day: date, number: int) -> None:
    end = add_working_days(day, number)
    days = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(working_day(each) for each in days) == number
    assert working_day(end)


# Weeks and months


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31 10:00", 1, "2026-02-28"),
        ("2028-01-31 10:00", 1, "2028-02-29"),
        ("2028-02-29 10:00", 12, "2029-02-28"),
        ("2026-08-31 10:00", 1, "2026-09-30"),
        ("2026-02-28 10:00", 1, "2026-03-28"),
        ("2026-11-24 10:00", 6, "2027-05-24"),
        ("2026-12-31 10:00", 2, "2027-02-28"),
        ("2026-12-15 10:00", 12, "2027-12-15"),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last_of_the_month(start: str, months: int, end: str) -> None:
    assert due("corresponding_date", months, "months", start) == f"{end} 23:59:59"


def test_three_weeks_end_on_the_same_day_of_the_week() -> None:
    assert due("corresponding_date", 3, "weeks", "2026-11-24 10:00") == "2026-12-15 23:59:59"


@given(start=STARTS, months=st.integers(0, 36))
def test_months_keep_the_day_unless_the_month_is_too_short(start: datetime, months: int) -> None:
    local = start.astimezone(LONDON)
    end = due_at("corresponding_date", months, "months", start).at.astimezone(LONDON)
    assert (end.year - local.year) * 12 + end.month - local.month == months
    assert end.day == local.day or (end.day < local.day and (end + timedelta(days=1)).day == 1)


def test_twelve_weeks_before_release_are_counted_back() -> None:
    assert due("back_from_date", 12, "weeks", "2026-12-25 00:00") == "2026-10-02 23:59:59"


def test_a_date_that_was_set_is_due_at_its_end() -> None:
    assert due("set_date", None, "days", "2026-12-01 00:00") == "2026-12-01 23:59:59"


# What holds for every rule

FORWARD = [(rule, unit) for rule, units in COUNTED_IN.items() if rule != "back_from_date" for unit in units]


@pytest.mark.parametrize(("rule", "unit"), FORWARD)
@given(start=STARTS, value=st.integers(0, 30))
def test_nothing_is_due_before_it_starts(rule: str, unit: str, start: datetime, value: int) -> None:
    assert due_at(rule, value, unit, start).at >= start.replace(microsecond=0)


@pytest.mark.parametrize(("rule", "unit"), FORWARD)
@given(start=STARTS, later=st.timedeltas(timedelta(0), timedelta(days=9)), value=st.integers(0, 12))
def test_what_starts_later_is_never_due_sooner(
    rule: str, unit: str, start: datetime, later: timedelta, value: int
) -> None:
    assert due_at(rule, value, unit, start).at <= due_at(rule, value, unit, start + later).at


def test_a_deadline_past_the_last_bank_holiday_known_is_not_verified() -> None:
    last = max(bank_holidays())
    assert last == date(2028, 12, 26)
    assert due_at("end_of_day", 0, "days", datetime.combine(last, time(9), LONDON)).verified
    assert not due_at("end_of_day", 1, "days", datetime.combine(last, time(9), LONDON)).verified
    assert not due_at("working_days", 3, "working_days", london("2028-12-22 10:00")).verified


def test_a_deadline_before_the_first_bank_holiday_known_is_not_verified() -> None:
    assert not due_at("working_days", 1, "working_days", london("2014-12-24 10:00")).verified


def test_a_deadline_is_told_in_utc() -> None:
    assert due_at("by_17_00", 0, "days", london("2026-07-01 09:00")).at.tzinfo is UTC


def test_the_bank_holidays_are_in_order_and_on_weekdays() -> None:
    assert all(one < next_one for one, next_one in pairwise(bank_holidays()))
    assert all(day.weekday() < 5 for day in bank_holidays())


# Refusals


def test_a_counting_rule_that_is_not_known_is_refused() -> None:
    with pytest.raises(WrongReference, match=r"counting_rule: 'by_moonlight' is not a known code"):
        due_at("by_moonlight", 1, "days", london("2026-11-24 10:00"))


def test_a_rule_cannot_count_in_the_unit_of_another() -> None:
    with pytest.raises(WrongReference, match="working_hours cannot count in 'days'"):
        due_at("working_hours", 1, "days", london("2026-11-24 10:00"))


def test_a_rule_that_counts_needs_a_number() -> None:
    with pytest.raises(WrongReference, match="end_of_day needs a whole number"):
        due_at("end_of_day", None, "days", london("2026-11-24 10:00"))


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_at("end_of_day", 1, "days", datetime(2026, 11, 24, 10))  # noqa: DTZ001
