"""In which group of Today a hand-over stands, for each of its two services, and before which others."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.handovers.process.hand_over import (
    CONTACT_OWED,
    HAND_OVER,
    LADDER,
    MOVED_BY_SENDER,
    TO_ANSWER,
    UNOPENED,
)
from throughcare.today.sorting import ANSWER, CONTACT, LATE, MOVE, TOLD, Waiting, gravity, group_of, next_acts

US, THEM = 1, 2
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATES = sorted({*MOVED_BY_SENDER, *TO_ANSWER, *CONTACT_OWED})


def waiting(
    state: str = "sent",
    sender: int = THEM,
    ladder: str = "",
    owed_by: str = "",
    urgent: str = "no",
    due_at: datetime | None = NOON,
    case: int = 1,
) -> Waiting:
    return Waiting(case, state, sender, ladder, owed_by, urgent, due_at)


@pytest.mark.parametrize(
    ("one", "role", "group"),
    [
        (waiting("drafted", US), "keyworker", MOVE),
        (waiting("declined", US), "keyworker", MOVE),
        (waiting("question_asked", US, "team", "receiver"), "keyworker", MOVE),
        (waiting("sent", US), "keyworker", None),
        (waiting("sent", US, "team", "receiver"), "keyworker", LATE),
        (waiting("accepted", US, "team", "receiver"), "keyworker", LATE),
        (waiting("sent"), "keyworker", ANSWER),
        (waiting("question_asked"), "keyworker", ANSWER),
        (waiting("accepted"), "keyworker", CONTACT),
        (waiting("sent", ladder="team"), "service_manager", ANSWER),
        (waiting("sent", ladder="service manager", owed_by="receiver"), "service_manager", TOLD),
        (waiting("sent", ladder="service manager"), "keyworker", ANSWER),
        (waiting("contact_booked", ladder="provider lead", owed_by="receiver"), "service_manager", TOLD),
        (waiting("question_asked", ladder="provider lead", owed_by="sender"), "service_manager", ANSWER),
    ],
)
def test_a_hand_over_stands_where_the_next_word_is_owed(one: Waiting, role: str, group: str | None) -> None:
    assert group_of(one, US, role) == group


@given(
    state=st.sampled_from(STATES),
    sender=st.sampled_from([US, THEM]),
    ladder=st.sampled_from(["", *LADDER]),
    owed_by=st.sampled_from(["", "sender", "receiver"]),
    role=st.sampled_from(["keyworker", "service_manager"]),
)
def test_nothing_that_is_owed_falls_out_of_today(state: str, sender: int, ladder: str, owed_by: str, role: str) -> None:
    one = waiting(state, sender, ladder, owed_by)
    theirs = sender == US and state not in MOVED_BY_SENDER and owed_by != "receiver"
    if not (sender == THEM and state in {"drafted", "declined", "rerouted"}):  # nobody reads those of another service
        assert (group_of(one, US, role) is None) == theirs


LATE_URGENT_EARLIEST = [
    waiting(ladder="team", due_at=NOON + timedelta(days=2), case=5),
    waiting(urgent="yes", due_at=NOON + timedelta(days=1), case=4),
    waiting(due_at=NOON, case=3),
    waiting(due_at=NOON + timedelta(hours=1), case=1),
    waiting(due_at=None, case=2),
]
MOVED = [
    waiting(state, US, due_at=None, case=10 - place)
    for place, state in enumerate(("declined", "question_asked", "rerouted", "drafted"))
]


@given(st.permutations(LATE_URGENT_EARLIEST))
def test_the_late_come_first_then_the_urgent_then_the_earliest_deadline(mixed: list[Waiting]) -> None:
    assert sorted(mixed, key=lambda one: gravity(one, US)) == LATE_URGENT_EARLIEST


@given(st.permutations(MOVED))
def test_of_what_the_sender_has_to_move_the_declined_come_first_and_drafts_last(mixed: list[Waiting]) -> None:
    assert sorted(mixed, key=lambda one: gravity(one, US)) == MOVED


@pytest.mark.parametrize(
    ("state", "side", "verbs"),
    [
        ("sent", "receiver", ("open_by_receiver",)),
        ("opened", "receiver", ("accept", "decline")),
        ("accepted", "receiver", ("record_contact", "book_contact")),
        ("sent", "sender", ("reroute",)),
        ("question_asked", "sender", ("answer_question", "reroute")),
        ("declined", "sender", ("reroute",)),
        ("drafted", "sender", ("send",)),
    ],
)
def test_the_row_offers_what_moves_the_hand_over_on(state: str, side: str, verbs: tuple[str, ...]) -> None:
    assert next_acts(state, side, date(2026, 11, 23)) == verbs


def test_every_state_that_waits_is_one_of_the_table() -> None:
    known = {step.to for step in HAND_OVER.steps}
    assert {*STATES, *UNOPENED} <= known
