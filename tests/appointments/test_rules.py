"""The rules of appointments, as plain functions."""

from datetime import UTC, datetime, timedelta

import pytest

from throughcare.appointments.rules import ATTENDED, DID_NOT_ATTEND, flags, reminder_at, where

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_reminder_comes_at_ten_in_london_on_the_day_before() -> None:
    assert reminder_at(NOON, NOON - timedelta(days=7)) == datetime(2026, 11, 25, 10, tzinfo=UTC)
    summer = datetime(2027, 7, 2, 8, tzinfo=UTC)
    assert reminder_at(summer, summer - timedelta(days=7)) == datetime(2027, 7, 1, 9, tzinfo=UTC)


def test_a_late_evening_in_london_counts_by_the_day_in_london() -> None:
    before_midnight_in_utc = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)  # 0:30 on 2 July in London
    assert reminder_at(before_midnight_in_utc, NOON) == datetime(2027, 7, 1, 9, tzinfo=UTC)


def test_there_is_no_reminder_once_its_time_is_over() -> None:
    assert reminder_at(NOON, datetime(2026, 11, 25, 10, tzinfo=UTC)) is None
    assert reminder_at(NOON, NOON + HOUR) is None


def test_an_ordinary_appointment_has_no_flag() -> None:
    assert flags(NOON, NOON - HOUR, NOON - 2 * HOUR, "", None) == []
    assert flags(NOON, NOON - HOUR, None, ATTENDED, NOON + HOUR) == []


def test_what_was_written_down_after_its_time_is_flagged() -> None:
    assert flags(NOON, NOON + HOUR, None, "", None) == ["It was written down after its time."]


def test_an_appointment_before_the_referral_is_flagged() -> None:
    found = flags(NOON, NOON - HOUR, NOON + HOUR, "", None)
    assert found == ["Its time is before the referral."]


@pytest.mark.parametrize("outcome", [ATTENDED, DID_NOT_ATTEND])
def test_an_outcome_before_the_time_is_flagged(outcome: str) -> None:
    found = flags(NOON, NOON - 2 * HOUR, None, outcome, NOON - HOUR)
    assert found == ["What came of it was recorded before its time."]


def test_a_cancellation_before_the_time_is_ordinary() -> None:
    assert flags(NOON, NOON - 2 * HOUR, None, "cancelled", NOON - HOUR) == []


@pytest.mark.parametrize(
    ("way", "place", "words"),
    [
        ("in_person", "Harbour House", "Harbour House"),
        ("video", "", "By video"),
        ("telephone", "on the landline", "By telephone, on the landline"),
    ],
)
def test_how_and_where_in_a_few_words(way: str, place: str, words: str) -> None:
    assert where(way, place) == words
