"""The rules of a release over plain values: the Friday rule, what is ready, the light after leaving."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.handovers.rules.release import (
    CHECKS,
    GAP,
    MISSING,
    NOT_NEEDED,
    OPEN,
    READY,
    UNKNOWN,
    Known,
    cover,
    friday_rule,
    gap_days,
    impossible,
    light,
    nothing_ready,
    open_items,
    readiness,
)
from throughcare.reference.calendar import LONDON, ONE_DAY, working_day

DAYS = st.dates(date(2026, 1, 1), date(2028, 11, 30))
MONDAY = date(2026, 11, 30)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)


@given(leaves=DAYS, served=st.none() | st.integers(0, 4000), excluded=st.booleans())
def test_a_release_comes_forward_only_to_a_day_that_is_followed_by_a_working_day(
    leaves: date, served: int | None, excluded: bool
) -> None:
    found = friday_rule(leaves, served, excluded)
    followed = working_day(leaves) and working_day(leaves + ONE_DAY)
    if excluded or followed or (served is not None and served < 28):
        assert found is None
        return
    assert found is not None
    assert found.day < leaves
    assert working_day(found.day)
    assert working_day(found.day + ONE_DAY)
    between = [found.day + timedelta(days=n) for n in range(1, (leaves - found.day).days)]
    assert not any(working_day(day) and working_day(day + ONE_DAY) for day in between), "the nearest such day"


@pytest.mark.parametrize(
    ("leaves", "day"),
    [
        (date(2026, 11, 27), date(2026, 11, 26)),
        (date(2026, 12, 24), date(2026, 12, 23)),
        (date(2026, 12, 25), date(2026, 12, 23)),
        (date(2027, 3, 25), date(2027, 3, 24)),
    ],
)
def test_a_friday_and_the_days_around_a_bank_holiday_come_forward(leaves: date, day: date) -> None:
    found = friday_rule(leaves, 100)
    assert found is not None
    assert found.day == day


@pytest.mark.parametrize(("served", "forward"), [(27, False), (28, True), (None, True)])
def test_under_28_days_in_custody_nothing_comes_forward(served: int | None, forward: bool) -> None:
    assert (friday_rule(date(2026, 11, 27), served) is not None) is forward


@given(
    leaves=st.none() | DAYS,
    hand_over=st.sampled_from(["", "unsent", "waiting", "declined", "accepted"]),
    appointment=st.none() | DAYS,
    medicine=st.sampled_from(["yes", "no", "not_known"]),
    covered=st.none() | DAYS,
    follows=st.none() | DAYS,
    said=st.dictionaries(
        st.sampled_from([code for code, check in CHECKS.items() if check.by_hand]),
        st.tuples(st.sampled_from([READY, MISSING, NOT_NEEDED]), st.just("")),
    ),
)
def test_every_check_has_a_state_an_owner_and_is_open_until_it_is_ready_or_not_needed(
    leaves: date | None,
    hand_over: str,
    appointment: date | None,
    medicine: str,
    covered: date | None,
    follows: date | None,
    said: dict[str, tuple[str, str]],
) -> None:
    known = Known(
        today=MONDAY,
        leaves=leaves,
        hand_over=hand_over,
        receiver="Riverside",
        appointment=at(appointment) if appointment else None,
        on_opioid_medicine=medicine,
        covered_until=at(covered) if covered else None,
        next_from=at(follows) if follows else None,
        said=said,
    )
    items = readiness(known)
    assert [item.check.code for item in items] == list(CHECKS)
    assert all(item.state in (READY, NOT_NEEDED, *OPEN) for item in items)
    assert all(item.check.owner for item in items)
    assert {item.check.code for item in open_items(items)} == {
        item.check.code for item in items if item.state not in (READY, NOT_NEEDED)
    }
    assert nothing_ready(known) == (hand_over != "accepted")
    if medicine != "no" and covered and (next_day := follows or appointment):
        assert (cover(known)[0] == GAP) == (gap_days(covered, next_day) > 0)


@pytest.mark.parametrize(
    ("medicine", "covered", "follows", "state"),
    [
        ("no", None, None, NOT_NEEDED),
        ("not_known", None, None, UNKNOWN),
        ("yes", None, None, MISSING),
        ("yes", MONDAY, None, GAP),
        ("yes", MONDAY, MONDAY, READY),
        ("yes", MONDAY, MONDAY + ONE_DAY, GAP),
        ("yes", MONDAY + ONE_DAY, MONDAY, READY),
    ],
)
def test_cover_is_ready_only_when_the_supply_reaches_the_next_prescriber(
    medicine: str, covered: date | None, follows: date | None, state: str
) -> None:
    known = Known(
        today=MONDAY,
        leaves=MONDAY,
        on_opioid_medicine=medicine,
        covered_until=at(covered) if covered else None,
        next_from=at(follows) if follows else None,
    )
    assert cover(known)[0] == state


@pytest.mark.parametrize(
    ("leaves", "why"),
    [(MONDAY - ONE_DAY, "before"), (MONDAY, ""), (MONDAY + timedelta(days=61 * 366), "far")],
)
def test_a_date_before_reception_or_generations_ahead_cannot_be(leaves: date, why: str) -> None:
    assert impossible(leaves, came=MONDAY, today=MONDAY) == why


@pytest.mark.parametrize(
    ("day", "seen", "started", "tone"),
    [
        (0, False, False, ""),
        (1, False, False, "today"),
        (6, False, False, "today"),
        (7, False, False, "missed"),
        (21, False, False, "missed"),
        (3, True, False, ""),
        (22, True, False, "missed"),
        (3, True, True, "done"),
    ],
)
def test_the_light_turns_with_the_day_and_being_seen_is_not_yet_treatment(
    day: int, seen: bool, started: bool, tone: str
) -> None:
    assert light(day, seen=seen, started=started) == tone
