"""Clocks that stood still: the time left comes back in the clock's own counting; nothing is shortened or lost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.processes.pausing import pauses, resumed_due
from throughcare.reference import pathways
from throughcare.reference.calendar import LONDON, due_at, working_day

RULES = [
    ("elapsed_hours", "minutes", 15),
    ("elapsed_hours", "hours", 3),
    ("working_hours", "working_hours", 4),
    ("working_hours", "working_hours", 20),
    ("by_17_00", "days", 0),
    ("by_17_00", "days", 3),
    ("working_days", "working_days", 2),
    ("working_days", "working_days", 5),
    ("end_of_day", "days", 7),
    ("corresponding_date", "months", 1),
]


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    ("rule", "due", "paused", "resumed", "again"),
    [
        ("elapsed_hours", "2026-11-24 10:15", "2026-11-24 10:05", "2026-11-26 09:00", "2026-11-26 09:10"),
        ("working_hours", "2026-11-24 14:00", "2026-11-24 12:00", "2026-11-25 16:00", "2026-11-26 10:00"),
        ("working_hours", "2026-11-27 11:00", "2026-11-26 16:00", "2026-11-29 12:00", "2026-11-30 12:00"),
        ("by_17_00", "2026-11-24 17:00", "2026-11-24 11:00", "2026-11-26 17:30", "2026-11-27 17:00"),
        ("working_days", "2026-11-26 23:59:59", "2026-11-24 11:00", "2026-11-27 09:00", "2026-12-01 23:59:59"),
        ("working_days", "2026-11-24 23:59:59", "2026-11-24 11:00", "2026-11-28 09:00", "2026-11-30 23:59:59"),
        ("working_days", "2026-12-24 23:59:59", "2026-12-23 09:00", "2026-12-24 09:00", "2026-12-29 23:59:59"),
        ("end_of_day", "2026-11-30 23:59:59", "2026-11-24 11:00", "2026-12-04 09:00", "2026-12-10 23:59:59"),
    ],
)
def test_a_clock_that_was_paused_is_due_again_after_the_time_that_was_left(
    rule: str, due: str, paused: str, resumed: str, again: str
) -> None:
    assert resumed_due(rule, london(due), london(paused), london(resumed)).at == london(again)


moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 1)).map(  # noqa: DTZ001 given a zone next
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@given(st.sampled_from(RULES), moments, st.floats(0, 1), st.integers(0, 60 * 24 * 90))
def test_a_pause_never_shortens_a_deadline_and_one_of_no_length_changes_nothing(
    rule: tuple[str, str, int], start: datetime, share: float, minutes: int
) -> None:
    counted, unit, value = rule
    due = due_at(counted, value, unit, start).at
    if due <= start:
        return
    paused = start + timedelta(seconds=int((due - start).total_seconds() * share))
    assert resumed_due(counted, due, paused, paused).at == due
    again = resumed_due(counted, due, paused, paused + timedelta(minutes=minutes)).at
    assert again >= due
    assert again >= paused + timedelta(minutes=minutes)


@given(st.sampled_from(RULES), moments, st.floats(0, 1), st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_longer_pause_is_never_due_sooner(
    rule: tuple[str, str, int], start: datetime, share: float, first: int, further: int
) -> None:
    counted, unit, value = rule
    due = due_at(counted, value, unit, start).at
    paused = start + timedelta(seconds=int(max(0, (due - start).total_seconds()) * share))
    if due < paused:
        return
    shorter, longer = paused + timedelta(minutes=first), paused + timedelta(minutes=first + further)
    assert resumed_due(counted, due, paused, shorter).at <= resumed_due(counted, due, paused, longer).at


@given(moments, st.integers(0, 20_000))
def test_a_day_that_was_left_is_a_working_day_again(start: datetime, minutes: int) -> None:
    due = due_at("working_days", 3, "working_days", start).at
    again = resumed_due("working_days", due, start, start + timedelta(minutes=minutes)).at
    assert working_day(again.astimezone(LONDON).date())


@pytest.mark.parametrize(("due", "paused", "resumed"), [(1, 2, 3), (3, 2, 1)])
def test_a_clock_cannot_be_paused_after_it_was_due_nor_resumed_before(due: int, paused: int, resumed: int) -> None:
    moments = [datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (due, paused, resumed)]
    with pytest.raises(ValueError, match="paused before"):
        resumed_due("elapsed_hours", *moments)


def test_every_clock_that_can_pause_has_a_rule_that_can_resume_it_and_the_others_run_on() -> None:
    for name in pathways.processes():
        for clock in pathways.clocks(name).values():
            if clock.kind in ("statutory", "national_standard", "contract"):
                assert not pauses(clock), clock.id
            elif pauses(clock):
                start = datetime(2026, 11, 24, 9, tzinfo=UTC)
                due = due_at(clock.counting_rule, clock.value, clock.unit, start).at
                assert resumed_due(clock.counting_rule, due, start, start).at == due
    assert pauses(pathways.clocks("hand_over")["HOV-C07"])
    assert not pauses(pathways.clocks("release")["REL-C03"]), "the national measure runs on"
