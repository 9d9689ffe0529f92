"""Who stays on the prison's Today, and what the hand-over list and a new hand-over cost."""

from datetime import timedelta

import pytest
import worlds
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody
from throughcare.organisations.models import Site
from throughcare.processes.models import Due
from throughcare.today.queries import groups

pytestmark = pytest.mark.django_db


@pytest.fixture
def prison() -> Actor:
    return worlds.worker("prison_drug_worker", worlds.service("Prison team", sites=[worlds.site()]))


def titles(actor: Actor) -> list[str]:
    return [group.title for group in groups(actor, timezone.now())]


def test_who_leaves_with_nothing_sent_is_shown_until_something_stands(prison: Actor) -> None:
    record, leaving = worlds.person(prison), "Leaving within 14 days, nothing sent"
    stay = worlds.held(record, Site.objects.get())
    custody.set_release_date(
        by=prison, at=timezone.now(), stay=stay, release_date=timezone.localdate() + timedelta(days=3)
    )
    assert leaving in titles(prison)
    hand_over = worlds.drafted(prison, record, worlds.service())
    assert leaving in titles(prison), "a draft takes nobody off the list"
    worlds.take(prison, hand_over, "send")
    assert leaving not in titles(prison)
    worlds.take(prison, hand_over, "withdraw", reason="The date moved")
    assert leaving in titles(prison)


def test_the_hand_over_list_costs_two_statements_beyond_the_fixed_cost(prison: Actor) -> None:
    client, receiver = worlds.signed_in(prison), worlds.service()
    for number in range(30):
        worlds.sent(prison, worlds.person(prison, family=f"Person {number}"), receiver)
        if number in (0, 29):
            for show in ("all", "sent", "answer"):
                assert len(worlds.own_statements(client, f"/hand-overs/?show={show}", look=1)) <= 2


def test_a_hand_over_is_created_in_eight_statements_beyond_the_fixed_cost_and_its_event(prison: Actor) -> None:
    record, receiver = worlds.person(prison), worlds.service()
    worlds.held(record, Site.objects.get())
    client, address = worlds.signed_in(prison), f"/people/{record.person_id}/hand-over/"
    form = {
        "receiver": receiver.pk,
        "reason": "Leaves soon",
        "asked": "An appointment",
        "opioid_agonist_medicine": "yes",
        "urgent": "no",
        "safe_contact": "Mobile",
        "basis": "direct_care",
        "key": "one",
    }
    client.get(address)
    with CaptureQueriesContext(connection) as sent:
        answer = client.post(address, form)
    assert answer.status_code == 302
    frame = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    statements = [query["sql"] for query in sent if not query["sql"].startswith(frame)]
    of_the_event = ("events_event", "advisory")
    own = [sql for sql in worlds.fixed_cost(statements, look=1) if not any(word in sql for word in of_the_event)]
    assert len(own) <= 8, "\n".join(own)
    assert not Due.objects.exists(), "no clock runs before it is sent"
