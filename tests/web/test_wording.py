"""Dates and deadlines in words."""

from datetime import UTC, date, datetime, time

import pytest

from throughcare.web.wording import LONDON, clock, day, due_in, moment


def london(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LONDON).astimezone(UTC)  # type: ignore[misc,arg-type]


def test_a_day_names_weekday_and_year() -> None:
    assert day(date(2026, 2, 4)) == "Wed 4 Feb 2026"


def test_a_moment_late_in_summer_belongs_to_the_london_day() -> None:
    assert moment(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == "Thu 2 Jul 2026, 12:30am"


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (time(18, 5), "6:05pm"),
        (time(17, 0), "5pm"),
        (time(0, 0), "midnight"),
        (time(0, 1), "12:01am"),
        (time(12, 0), "midday"),
        (time(12, 30), "12:30pm"),
        (time(9, 30), "9:30am"),
    ],
)
def test_clock(when: time, words: str) -> None:
    assert clock(when) == words


def test_clock_follows_summer_time() -> None:
    assert clock(datetime(2026, 7, 1, 17, 5, tzinfo=UTC)) == "6:05pm"
    assert clock(datetime(2026, 1, 1, 18, 5, tzinfo=UTC)) == "6:05pm"


NOW = london(2026, 2, 4, 15, 5)


@pytest.mark.parametrize(
    ("due", "now", "words"),
    [
        (london(2026, 2, 4, 18, 5), NOW, "due in 3 hours, 6:05pm today"),
        (london(2026, 2, 4, 18, 4), NOW, "due in 2 hours, 6:04pm today"),
        (london(2026, 2, 4, 16, 5), NOW, "due in 1 hour, 4:05pm today"),
        (london(2026, 2, 4, 15, 6), NOW, "due in 1 minute, 3:06pm today"),
        (NOW, NOW, "missed just now, 3:05pm today"),
        (london(2026, 2, 4, 13, 5), NOW, "missed 2 hours ago, 1:05pm today"),
        (london(2026, 2, 5, 17, 0), NOW, "due tomorrow, Thu 5 Feb, 5pm"),
        (london(2026, 2, 3, 17, 0), NOW, "missed yesterday, Tue 3 Feb, 5pm"),
        (london(2026, 2, 9, 17, 0), NOW, "due in 5 days, Mon 9 Feb, 5pm"),
        (london(2026, 1, 31, 17, 0), NOW, "missed 4 days ago, Sat 31 Jan, 5pm"),
        # across midnight: hours while it is soon, the date once it is not
        (london(2026, 2, 5, 0, 30), london(2026, 2, 4, 23, 50), "due in 40 minutes, 12:30am tomorrow"),
        (london(2026, 2, 4, 23, 50), london(2026, 2, 5, 0, 30), "missed 40 minutes ago, 11:50pm yesterday"),
        (london(2026, 2, 5, 0, 0), london(2026, 2, 4, 15, 0), "due tomorrow, Thu 5 Feb, midnight"),
        # across the turn of the year and the change of the clocks
        (london(2027, 1, 4, 17, 0), london(2026, 12, 31, 12, 0), "due in 4 days, Mon 4 Jan 2027, 5pm"),
        (london(2026, 3, 29, 3, 0), london(2026, 3, 29, 0, 30), "due in 1 hour, 3am today"),
    ],
)
def test_due_in(due: datetime, now: datetime, words: str) -> None:
    assert due_in(due, now) == words
