"""The worker's passes take turns: much to do in one of them keeps nothing else waiting."""

from datetime import timedelta
from typing import Any

import pytest
import worlds
from django.utils import timezone

from throughcare.config.worker import Worker
from throughcare.messages.models import Message
from throughcare.processes import actions as engine
from throughcare.processes.health import last_sweep
from throughcare.processes.models import Due

pytestmark = pytest.mark.usefixtures("fresh_database")  # a worker looks after its own connections
LONG_AGO = timezone.now() - timedelta(days=30)


def worker(spell: float) -> Worker:
    """A worker whose other passes, which go once in minutes, have just been."""
    made = Worker(spell)
    made.last = dict.fromkeys(("seal", "publish", "knocks"), timezone.now())
    return made


def sent(number: int) -> list[int]:
    """So many hand-overs, sent: two deadlines each that have passed, and a message that waits."""
    sender, receiver = worlds.worker(), worlds.service()
    cases = []
    for n in range(number):
        hand_over = worlds.drafted(sender, worlds.person(sender, family=f"Adeyemi {n}"), receiver)
        worlds.take(sender, hand_over, "send", at=LONG_AGO)
        cases.append(hand_over.case_id)
    return cases


def missed() -> int:
    return Due.objects.filter(missed_at__isnull=False).count()


def delivered() -> int:
    return Message.objects.filter(delivered_at__isnull=False).count()


def test_messages_go_out_while_deadlines_are_still_being_swept() -> None:
    sent(4)
    one_each = worker(spell=0)
    for turn in range(1, 5):
        one_each.pulse()
        assert (missed(), delivered()) == (turn, turn)
        assert one_each.is_behind


def test_nothing_is_left_out_however_often_a_sweep_is_stopped() -> None:
    cases = sent(5)
    one_each = worker(spell=0)
    one_each.pulse()
    turns = 1
    while one_each.is_behind:
        one_each.pulse()
        turns += 1
    assert turns > 10
    for case in cases:
        rungs = Due.objects.filter(case=case, missed_at__isnull=False).values_list("clock", flat=True)
        assert {"HOV-C01", "HOV-C02"} <= set(rungs)
    assert not engine.passed(timezone.now()).exists()
    assert not Message.objects.filter(delivered_at=None).exists()


def test_a_sweep_that_was_stopped_is_not_said_to_be_done() -> None:
    sent(2)
    one_each = worker(spell=0)
    one_each.pulse()
    assert one_each.swept_to is not None
    assert last_sweep() is None
    while one_each.is_behind:
        one_each.pulse()
    assert last_sweep() is not None


def test_deadlines_that_cannot_be_marked_do_not_keep_the_others_waiting_turn_after_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = set(sent(3))
    sent(3)
    real = engine.miss

    def failing(*, by: Any, at: Any, due: int) -> Due:
        if Due.objects.get(pk=due).case_id in broken:
            raise RuntimeError("this one cannot be marked")
        return real(by=by, at=at, due=due)

    monkeypatch.setattr(engine, "miss", failing)
    one_each = worker(spell=0)
    for _ in range(30):
        one_each.pulse()
    assert not engine.passed(timezone.now()).exclude(case__in=broken).exists()
    assert set(engine.passed(timezone.now()).values_list("case", flat=True)) == broken, "left as they are"


def test_messages_that_cannot_be_delivered_do_not_keep_the_others_waiting_turn_after_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from throughcare.messages import outbox

    sent(4)
    broken = set(Message.objects.order_by("pk").values_list("pk", flat=True)[:2])
    real = outbox._deliver_one

    def failing(pk: int, now: Any) -> None:
        if pk in broken:
            raise RuntimeError("this one cannot be delivered")
        real(pk, now)

    monkeypatch.setattr(outbox, "_deliver_one", failing)
    one_each = worker(spell=0)
    for _ in range(60):
        one_each.pulse()
    assert set(Message.objects.filter(delivered_at=None).values_list("pk", flat=True)) == broken


def test_when_there_is_little_to_do_one_turn_does_it_all() -> None:
    sent(2)
    whole = worker(spell=60)
    whole.pulse()
    assert not whole.is_behind
    assert not engine.passed(timezone.now()).exists()
    assert last_sweep() is not None


def test_a_sweep_goes_on_from_page_to_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "READ_AT_ONCE", 2)
    cases = sent(4)
    at = Due.objects.filter(case__in=cases).order_by("due_at", "pk").values_list("due_at", flat=True)
    assert len(set(at)) < len(at), "some are due at the same moment, so that the id decides between them"
    assert engine.sweep(LONG_AGO + timedelta(days=9)) == len(cases) * 3
    assert not engine.passed(LONG_AGO + timedelta(days=9)).exclude(clock="HOV-C06").exists()
