"""Telling services: each message is delivered once, whoever delivers it, and stands on Today until it is put away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import worlds
from django.db import connections

from throughcare.events.models import Event
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.organisations.models import Service
from throughcare.processes import actions as engine
from throughcare.processes.models import Due, StepTaken, Strand

AT = worlds.BEGAN + timedelta(minutes=1)


class World:
    """A hand-over that was sent, and whose message waits."""

    def __init__(self) -> None:
        self.sender, self.receiver = worlds.worker("keyworker"), worlds.worker("keyworker")
        team = Service.objects.get(pk=self.receiver.service)
        self.hand_over = worlds.sent(self.sender, worlds.person(self.sender), team)
        self.case = self.hand_over.case_id

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case).state


@pytest.mark.django_db
def test_a_message_is_written_with_the_act_and_names_nobody() -> None:
    world = World()
    message = Message.objects.get()
    assert (message.service_id, message.verb, message.case) == (world.receiver.service, "hand_over.send", world.case)
    assert (message.written_at, message.delivered_at, message.channel) == (worlds.BEGAN, None, "")


@pytest.mark.django_db
def test_delivery_moves_a_sent_hand_over_to_delivered_and_stops_the_clock_of_delivery() -> None:
    world = World()
    assert outbox.deliver(AT) == 1
    assert world.state == "delivered"
    step = StepTaken.objects.get(case=world.case, verb="deliver")
    assert step.facts == {"delivery_time": AT.isoformat(), "channel": "today"}
    assert (step.user_id, step.service_id) == (None, None)
    assert Due.objects.get(case=world.case, clock="HOV-C01").met_at == AT
    assert outbox.deliver(AT + timedelta(minutes=1)) == 1, "the word to the sender that it arrived"
    assert outbox.deliver(AT + timedelta(minutes=2)) == 0
    assert StepTaken.objects.filter(verb="deliver").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "verb", "facts", "state"),
    [("receiver", "open_by_receiver", {}, "opened"), ("sender", "withdraw", {"reason": "x"}, "withdrawn")],
)
def test_a_message_that_arrives_after_the_hand_over_moved_on_changes_nothing(
    who: str, verb: str, facts: dict[str, object], state: str
) -> None:
    world = World()
    worlds.take(getattr(world, who), world.hand_over, verb, **facts)
    assert outbox.deliver(AT) == Message.objects.count() == 2
    assert world.state == state
    assert not StepTaken.objects.filter(verb="deliver").exists()


@pytest.mark.django_db
def test_a_hand_over_sent_elsewhere_is_not_delivered_by_the_message_to_the_first_service() -> None:
    world = World()
    facts = {"receiving_service": worlds.service().pk, "area_of_return": "E09000001", "reason": "Moved"}
    worlds.take(world.sender, world.hand_over, "reroute", **facts)
    waiting = Message.objects.get(verb="hand_over.send")
    worlds.take(world.sender, world.hand_over, "send")
    Message.objects.exclude(pk=waiting.pk).delete()
    assert outbox.deliver(AT) == 1
    assert world.state == "sent"


@pytest.mark.load
def test_two_workers_that_deliver_at_once_deliver_each_message_once(fresh_database: Any) -> None:
    made = [World() for _ in range(10)]
    start = Barrier(2)

    def deliver() -> int:
        try:
            start.wait()
            return outbox.deliver(AT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        counts = [one.result() for one in [pool.submit(deliver), pool.submit(deliver)]]
    counts.append(outbox.deliver(AT))  # the words to the senders that it arrived
    assert sum(counts) == Message.objects.count() == 20
    assert not Message.objects.filter(delivered_at=None).exists()
    assert [world.state for world in made] == ["delivered"] * 10
    subjects = list(Event.objects.filter(verb="message.delivered").values_list("subject", flat=True))
    assert sorted(subjects) == sorted({f"message {pk}" for pk in Message.objects.values_list("pk", flat=True)})
    assert StepTaken.objects.filter(verb="deliver").count() == 10
    assert not Event.objects.filter(verb="refused").exists()


@pytest.mark.django_db
def test_a_delivery_that_fails_is_not_marked_keeps_nobody_waiting_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = World(), World()
    real = engine.take

    def fail(**arguments: Any) -> StepTaken:
        if arguments["case"] == first.case:
            raise RuntimeError("the disk is full")
        return real(**arguments)

    monkeypatch.setattr(engine, "take", fail)
    assert outbox.deliver(AT) == 1
    assert (first.state, second.state) == ("sent", "delivered")
    assert Message.objects.filter(verb="hand_over.send", delivered_at=None).get().case == first.case
    monkeypatch.setattr(engine, "take", real)
    outbox.deliver(AT)
    assert first.state == "delivered"


@pytest.mark.django_db
def test_a_message_is_put_away_by_the_service_it_is_for_and_stays_in_the_record() -> None:
    world = World()
    worlds.take(world.receiver, world.hand_over, "open_by_receiver")
    outbox.deliver(AT)
    message = Message.objects.get(service=world.sender.service)
    ours, theirs = worlds.signed_in(world.sender), worlds.signed_in(world.receiver)
    url = f"/messages/{message.pk}/put-away/"
    assert url in ours.get("/").content.decode()
    theirs.post(url)
    assert url in ours.get("/").content.decode(), "another service cannot put it away"
    assert ours.get(url).status_code == 405
    assert ours.post(url, follow=True).status_code == 200
    assert url not in ours.get("/").content.decode()
    kept = Message.objects.get(pk=message.pk)
    assert kept.put_away_by_id == world.sender.user
    first = kept.put_away_at
    assert ours.post(url).status_code == 302
    assert Message.objects.get(pk=message.pk).put_away_at == first


@pytest.mark.django_db
@pytest.mark.parametrize("theirs", [True, False])
def test_putting_away_another_services_message_or_none_is_refused_in_the_same_words(theirs: bool) -> None:
    World()
    message = Message.objects.get().pk if theirs else 999_999_999
    answer = worlds.signed_in(worlds.worker("keyworker")).post(f"/messages/{message}/put-away/")
    assert answer.status_code == 403
    assert "MS-101" in answer.content.decode()
    assert Message.objects.get().put_away_at is None
