"""Today and the hand-over list: who sees what first, and what it costs."""

import re
from datetime import timedelta

import pytest
import worlds
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from throughcare.handovers.models import HandOver
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.processes import actions as engine
from throughcare.processes.health import beat
from throughcare.processes.models import Due
from throughcare.today.oversight import suppressed
from throughcare.today.queries import groups

pytestmark = pytest.mark.django_db
NORTHBRIDGE = "X99000001"


@pytest.fixture
def prison() -> worlds.Actor:
    gate = worlds.site()
    return worlds.worker("prison_drug_worker", worlds.service("Prison team", sites=[gate]))


@pytest.fixture
def riverside() -> worlds.Service:
    return worlds.service("Riverside", manager_name="Maureen", manager_telephone="020 7946 0002", areas=[NORTHBRIDGE])


def titles(actor: worlds.Actor) -> list[str]:
    return [group.title for group in groups(actor, timezone.now())]


def late(hand_over: HandOver, times: int) -> None:
    """Let the ladder climb: each pass sweeps once everything that is due after a few days more."""
    for day in range(1, times + 1):
        engine.sweep(worlds.BEGAN + timedelta(days=7 * day))


def test_a_sent_hand_over_stands_on_the_receivers_today_with_its_act(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    worlds.sent(prison, worlds.person(prison), riverside)
    page = worlds.signed_in(worlds.worker("keyworker", riverside)).get("/").content.decode()
    assert "To answer (1)" in page
    assert re.search(r"Adeyemi, James: hand-over from\s+Prison team", page)
    assert "open_by_receiver" in page


def test_the_sender_is_told_not_opened_and_whom_to_ring_at_each_step_of_the_ladder(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    hand_over = worlds.sent(prison, worlds.person(prison), riverside)
    client = worlds.signed_in(prison)
    late(hand_over, 1)
    page = client.get("/").content.decode()
    assert "Late with another service: ring (1)" in page
    assert "NOT OPENED" in page or "NOT DELIVERED" in page
    assert "020 7946 000" in page
    late(hand_over, 3)
    assert HandOver.objects.get(pk=hand_over.pk).ladder == "provider lead"
    assert titles(worlds.worker("service_manager", riverside))[0] == "Late in your service: told to you by the ladder"
    assert "Late in your service: told to you by the ladder" not in titles(worlds.worker("keyworker", riverside))


def test_what_a_declined_hand_over_needs_stands_with_its_sender(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    hand_over = worlds.sent(prison, worlds.person(prison), riverside)
    keyworker = worlds.worker("keyworker", riverside)
    worlds.take(keyworker, hand_over, "open_by_receiver")
    worlds.take(keyworker, hand_over, "decline", decline_reason="no_safe_capacity")
    outbox.deliver(timezone.now())
    page = worlds.signed_in(prison).get("/").content.decode()
    assert "Yours to move on (1)" in page
    assert "hand-over declined" in page


def test_who_leaves_with_nothing_sent_is_shown_until_something_stands(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    record = worlds.person(prison)
    gate = worlds.Site.objects.get()
    stay = worlds.held(record, gate)
    worlds.custody.set_release_date(
        by=prison, at=worlds.BEGAN, stay=stay, release_date=timezone.localdate() + timedelta(days=3)
    )
    leaving = "Leaving within 14 days, nothing sent"
    assert leaving in titles(prison)
    hand_over = worlds.drafted(prison, record, riverside)
    assert leaving in titles(prison), "a draft takes nobody off the list"
    worlds.take(prison, hand_over, "send")
    assert leaving not in titles(prison)
    worlds.take(prison, hand_over, "withdraw", reason="Date moved")
    assert leaving in titles(prison)


def test_a_message_names_the_person_and_is_put_away_for_the_service(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    hand_over = worlds.sent(prison, worlds.person(prison), riverside)
    worlds.take(worlds.worker("keyworker", riverside), hand_over, "open_by_receiver")
    outbox.deliver(timezone.now())
    client = worlds.signed_in(prison)
    assert "Adeyemi, James: hand-over opened" in client.get("/").content.decode()
    message = Message.objects.get(service=prison.service, verb="hand_over.open_by_receiver")
    stranger = worlds.worker("keyworker")
    worlds.signed_in(stranger).post(f"/messages/{message.pk}/put-away/")
    assert Message.objects.get(pk=message.pk).put_away_at is None
    client.post(f"/messages/{message.pk}/put-away/")
    assert "Adeyemi, James: hand-over opened" not in client.get("/").content.decode()


def test_a_commissioner_sees_counts_under_5_and_never_a_name(prison: worlds.Actor, riverside: worlds.Service) -> None:
    hand_over = worlds.sent(prison, worlds.person(prison), riverside)
    late(hand_over, 1)
    council = worlds.service("Council", takes_hand_overs=False, areas=[NORTHBRIDGE])
    page = worlds.signed_in(worlds.worker("commissioner", council)).get("/").content.decode()
    assert "under 5" in page
    assert "Adeyemi" not in page


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (1, "under 5"), (4, "under 5"), (5, "5"), (120, "120")])
def test_one_to_four_are_not_told_apart(count: int, shown: str) -> None:
    assert suppressed(count) == shown


def test_today_says_when_deadlines_are_not_being_swept(prison: worlds.Actor) -> None:
    client, now = worlds.signed_in(prison), timezone.now()
    assert "Deadlines have not been swept yet" in client.get("/").content.decode()
    beat(now - timedelta(minutes=12), "worker")
    assert "last swept 12 minutes ago" in client.get("/").content.decode()
    assert client.get("/health/").status_code == 503
    beat(now, "worker")
    assert "swept" not in client.get("/").content.decode()
    assert client.get("/health/").status_code == 200


@pytest.mark.parametrize("role", ["prison_drug_worker", "keyworker", "service_manager"])
def test_today_costs_the_same_however_much_waits(prison: worlds.Actor, riverside: worlds.Service, role: str) -> None:
    reader = prison if role == "prison_drug_worker" else worlds.worker(role, riverside)
    client = worlds.signed_in(reader)
    keyworker = worlds.worker("keyworker", riverside)

    def more() -> None:
        """One of each: waiting, opened, taken on, late."""
        hand_overs = [worlds.sent(prison, worlds.person(prison, family=f"Person {n}"), riverside) for n in range(3)]
        for hand_over in hand_overs[1:]:
            worlds.take(keyworker, hand_over, "open_by_receiver")
        when = (timezone.now() + timedelta(days=1)).isoformat()
        facts = {"appointment_time": when, "place": "Riverside", "coordination_owner": str(keyworker.user)}
        worlds.take(keyworker, hand_overs[2], "accept", **facts)
        outbox.deliver(timezone.now())

    more()
    engine.sweep(timezone.now())
    first = len(worlds.own_statements(client, "/", look=1))
    for _ in range(4):
        more()
    engine.sweep(timezone.now())
    assert len(worlds.own_statements(client, "/", look=1)) == first


def test_the_hand_over_list_costs_two_statements_beyond_the_fixed_cost(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    client = worlds.signed_in(prison)
    for number in range(30):
        worlds.sent(prison, worlds.person(prison, family=f"Person {number}"), riverside)
        if number in (0, 29):
            for show in ("all", "sent", "answer"):
                assert len(worlds.own_statements(client, f"/hand-overs/?show={show}", look=1)) <= 2


def test_a_hand_over_is_created_in_eight_statements_beyond_the_fixed_cost(
    prison: worlds.Actor, riverside: worlds.Service
) -> None:
    record = worlds.person(prison)
    worlds.held(record, worlds.Site.objects.get())
    client = worlds.signed_in(prison)
    form = {
        "receiver": riverside.pk,
        "reason": "Leaves soon",
        "asked": "An appointment",
        "release_date_day": "27",
        "release_date_month": "3",
        "release_date_year": "2027",
        "opioid_agonist_medicine": "yes",
        "urgent": "no",
        "safe_contact": "Mobile",
        "basis": "direct_care",
        "key": "one",
    }
    client.get(f"/people/{record.person_id}/hand-over/")
    with CaptureQueriesContext(connection) as sent:
        answer = client.post(f"/people/{record.person_id}/hand-over/", form)
    assert answer.status_code == 302
    around = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    event = ("events_event", "advisory")
    own = [
        sql
        for sql in worlds.fixed_cost([q["sql"] for q in sent if not q["sql"].startswith(around)], look=1)
        if not any(word in sql for word in event)
    ]
    assert len(own) <= 8, "\n".join(own)
    assert Due.objects.count() == 0, "no clock runs before it is sent"
