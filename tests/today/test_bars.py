"""Who stays on the prison's Today, and what the hand-over list and a new hand-over cost."""

from datetime import timedelta

import pytest
import worlds
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import Release
from throughcare.organisations.models import Site
from throughcare.processes.models import Due
from throughcare.today.board import Line
from throughcare.today.queries import groups

pytestmark = pytest.mark.django_db


@pytest.fixture
def prison() -> Actor:
    return worlds.worker("prison_drug_worker", worlds.service("Prison team", sites=[worlds.site()]))


def titles(actor: Actor) -> list[str]:
    return [group.title for group in groups(actor, timezone.now())]


def test_who_leaves_is_shown_until_everything_is_ready_and_what_is_missing_is_named(prison: Actor) -> None:
    record, leaving = worlds.person(prison), "Leaving within 14 days, not ready"
    stay = worlds.held(record, Site.objects.get())
    custody.set_release_date(
        by=prison, at=timezone.now(), stay=stay, release_date=timezone.localdate() + timedelta(days=3)
    )
    assert only(prison, leaving).tag == "No receiver"
    hand_over = worlds.drafted(prison, record, receiver := worlds.service())
    assert only(prison, leaving).tag == "No receiver", "a draft takes nobody on"
    worlds.take(prison, hand_over, "send")
    assert only(prison, leaving).tag == "No receiver", "nor does what nobody has answered"
    keyworker = worlds.worker("keyworker", receiver)
    worlds.take(keyworker, hand_over, "open_by_receiver")
    appointment = {"appointment_time": in_three_days(), "place": "Riverside", "coordination_owner": str(keyworker.user)}
    worlds.take(keyworker, hand_over, "accept", **appointment)
    assert only(prison, leaving).tag == "Not ready"
    release = Release.objects.get()
    for code in ("naloxone", "first_night", "identity_document", "medicines", "transport", "gate"):
        releases.ready(by=prison, at=timezone.now(), release=release, code=code, state="ready")
    assert leaving not in titles(prison)
    releases.ready(by=prison, at=timezone.now(), release=release, code="naloxone", state="missing", words="None left")
    assert "naloxone" in only(prison, leaving).words


def in_three_days() -> str:
    return (timezone.localtime() + timedelta(days=3)).isoformat()


def only(actor: Actor, title: str) -> Line:
    (group,) = [group for group in groups(actor, timezone.now()) if group.title == title]
    (line,) = group.rows
    return line


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
