"""Who may open a hand-over, and what of it they read: from the moment it is sent until the moment it ends."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import worlds
from django.test import Client

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.models import HandOver
from throughcare.handovers.queries.hand_over import hand_overs
from throughcare.organisations.models import Service
from throughcare.people import actions as people
from throughcare.people.models import Record
from throughcare.processes.models import StepTaken
from throughcare.sharing.models import Grant

REASON = "Leaves on Thursday"
SAFE = "Mobile after 4pm"
LATER = worlds.BEGAN + timedelta(minutes=1)


class World:
    """A person, the service that knows them, and the service that a hand-over is written to."""

    def __init__(self, receiver: str = "keyworker", sender: str = "keyworker") -> None:
        self.sender = worlds.worker(sender)
        self.receiver = worlds.worker(receiver)
        self.record = worlds.person(
            self.sender,
            born=date(1986, 3, 3),
            preferred_name="Jay",
            address="1 Harbour Street",
            area="E09000001",
            telephone="07700 900123",
            safe_contact="Never at home",
        )
        self.person = self.record.person_id
        self.hand_over = worlds.drafted(self.sender, self.record, service_of(self.receiver))
        self.case = self.hand_over.case_id

    def take(self, who: Actor, verb: str, **facts: object) -> None:
        worlds.take(who, self.hand_over, verb, **facts)

    def send(self) -> "World":
        self.take(self.sender, "send")
        return self

    def open(self) -> "World":
        self.send().take(self.receiver, "open_by_receiver")
        return self

    def accept(self, **facts: object) -> "World":
        answer = facts or {"no_appointment_reason": "A room is free on Monday"}
        self.open().take(self.receiver, "accept", coordination_owner=self.receiver.user, **answer)
        return self

    def granted(self, to: Actor) -> bool:
        found = Grant.objects.filter(person=self.person, service=to.service, kind=Grant.HAND_OVER, until=None)
        return found.exists()

    def page(self, of: Actor) -> str:
        answer = worlds.signed_in(of).get(f"/cases/{self.case}/")
        assert answer.status_code == 200
        return answer.content.decode()


def service_of(actor: Actor) -> Service:
    return Service.objects.get(pk=actor.service)


def reaches(actor: Actor, world: World) -> dict[str, bool]:
    """By which way this actor can reach the hand-over or the person."""
    client = worlds.signed_in(actor)
    return {
        "page": client.get(f"/cases/{world.case}/").status_code == 200,
        "list": f"/cases/{world.case}/" in client.get("/hand-overs/?show=all").content.decode(),
        "person": client.get(f"/people/{world.person}/").status_code == 200,
        "people": f"/people/{world.person}/" in client.get("/people/").content.decode(),
        "rule": worlds.visible_people(actor, datetime.now(tz=worlds.BEGAN.tzinfo)).filter(pk=world.person).exists(),
    }


ALL = dict.fromkeys(("page", "list", "person", "people", "rule"), True)


@pytest.mark.django_db
def test_a_draft_opens_nothing_to_the_receiver_and_sending_it_opens_it_to_both_sides() -> None:
    world = World()
    assert not any(reaches(world.receiver, world).values())
    assert not world.granted(world.receiver)
    world.send()
    assert reaches(world.receiver, world) == ALL
    assert reaches(world.sender, world) == ALL
    for side in (world.sender, world.receiver):
        grant = Grant.objects.get(person=world.person, service=side.service, kind=Grant.HAND_OVER)
        assert (grant.since, grant.until, grant.source) == (worlds.BEGAN, None, f"case {world.case}")
        assert grant.record == world.record.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "by", "facts"),
    [
        ("decline", "receiver", {"decline_reason": "not_our_area"}),
        ("withdraw", "sender", {"reason": "Stays in custody"}),
        ("reroute", "sender", {"area_of_return": "E09000001", "reason": "Moved"}),
    ],
)
def test_from_the_moment_it_ends_for_the_receiver_no_way_leads_them_to_the_person(
    verb: str, by: str, facts: dict[str, object]
) -> None:
    world = World().open()
    if verb == "reroute":
        facts = {**facts, "receiving_service": worlds.service().pk}
    world.take(getattr(world, by), verb, **facts)
    assert not any(reaches(world.receiver, world).values())
    grant = Grant.objects.get(person=world.person, service=world.receiver.service)
    assert grant.until == worlds.BEGAN
    assert reaches(world.sender, world)["page"], "the sender stays responsible, and reads on"
    assert world.granted(world.sender) == (verb != "withdraw")


@pytest.mark.django_db
def test_whoever_had_a_record_of_their_own_keeps_it_when_they_decline_and_loses_the_hand_over() -> None:
    world = World()
    identity = people.identity_of(world.record)
    people.open_record(
        by=world.receiver, at=worlds.BEGAN, person=world.record.person, identity=identity, reason="Known here"
    )
    world.open().take(world.receiver, "decline", decline_reason="open_with_us")
    ways = reaches(world.receiver, world)
    assert ways == {"page": False, "list": False, "person": True, "people": True, "rule": True}


@pytest.mark.django_db
def test_a_rerouted_hand_over_reaches_the_new_service_only_when_it_is_sent_again() -> None:
    world = World().open()
    third = worlds.worker("keyworker")
    facts = {"receiving_service": third.service, "area_of_return": "E09000001", "reason": "Moved"}
    world.take(world.sender, "reroute", **facts)
    assert not any(reaches(third, world).values())
    world.take(world.sender, "send", receiving_service=third.service)
    assert reaches(third, world) == ALL
    assert not any(reaches(world.receiver, world).values())


@pytest.mark.django_db
def test_a_service_that_declined_can_be_sent_it_again() -> None:
    world = World().open()
    world.take(world.receiver, "decline", decline_reason="facts_missing")
    again = {"receiving_service": world.receiver.service, "area_of_return": "E09000001", "reason": "Facts added"}
    world.take(world.sender, "reroute", **again)
    world.take(world.sender, "send")
    assert reaches(world.receiver, world) == ALL


@pytest.mark.django_db
def test_the_receiver_reads_no_facts_until_they_open_it_and_the_sender_is_told_that_they_did() -> None:
    world = World().send()
    assert REASON not in (page := world.page(world.receiver))
    assert SAFE not in page
    assert "Open the hand-over to read what was sent." in page
    world.take(world.receiver, "open_by_receiver")
    page = world.page(world.receiver)
    assert REASON in page
    assert SAFE in page
    sent = world.page(world.sender)
    assert "Hand-over opened" in sent
    assert world.receiver.user_name in sent


@pytest.mark.django_db
def test_the_sender_coordinates_until_the_receiver_accepts_and_then_one_named_person_does() -> None:
    world = World().open()
    assert "until the hand-over is accepted" in world.page(world.sender)
    assert HandOver.objects.get(pk=world.case).owner is None
    world.take(world.receiver, "accept", coordination_owner=world.receiver.user, no_appointment_reason="A room is free")
    page = world.page(world.sender)
    assert "until the hand-over is accepted" not in page
    assert f"{world.receiver.user_name}, {world.receiver.service_name}" in page


OWN = {
    "keyworker": {
        "date_of_birth": date(1986, 3, 3),
        "address": "1 Harbour Street",
        "area": "E09000001",
        "telephone": "07700 900123",
        "safe_contact": "Never at home",
    },
    "housing_worker": {
        "date_of_birth": date(1986, 3, 3),
        "address": "",
        "area": "",
        "telephone": "07700 900123",
        "safe_contact": "Never at home",
    },
    "peer_mentor": {
        "date_of_birth": None,
        "address": "",
        "area": "",
        "telephone": "07700 900123",
        "safe_contact": "Never at home",
    },
}


@pytest.mark.django_db
@pytest.mark.parametrize("role", OWN)
def test_the_accepting_service_begins_a_record_with_no_more_than_its_role_may_read(role: str) -> None:
    world = World(receiver=role).accept()
    record = Record.objects.get(service=world.receiver.service)
    assert (record.person_id, record.given_name, record.family_name) == (world.person, "James", "Adeyemi")
    assert {name: getattr(record, name) for name in OWN[role]} == OWN[role]
    assert Grant.objects.filter(person=world.person, service=world.receiver.service, kind=Grant.OWN).count() == 1


@pytest.mark.django_db
def test_accepting_twice_for_one_person_opens_one_record() -> None:
    world = World().accept()
    second = worlds.sent(world.sender, world.record, service_of(world.receiver))
    worlds.take(world.receiver, second, "open_by_receiver")
    facts = {"no_appointment_reason": "Monday", "coordination_owner": world.receiver.user}
    worlds.take(world.receiver, second, "accept", **facts)
    assert Record.objects.filter(service=world.receiver.service, person=world.person).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "reads_place"), [("prison_drug_worker", True), ("custody_healthcare", False), ("liaison_diversion", False)]
)
def test_the_sender_is_not_handed_the_place_of_an_appointment_that_the_table_denies_to_them(
    role: str, reads_place: bool
) -> None:
    world = World(sender=role)
    held_at(world, worlds.site("HMP Northgate"))
    world.accept(appointment_time="2026-11-26T10:00:00+00:00", place="Harbour House, room 4")
    page = world.page(world.sender)
    assert "Thu 26 Nov 2026" in page, "when, the table allows"
    assert ("Harbour House" in page) == reads_place
    assert "Harbour House" in world.page(world.receiver)


def held_at(world: World, site: Any) -> None:
    """The person is held at a site that the sender's service covers, as its roles may need."""
    with acting(SYSTEM, worlds.BEGAN):
        service_of(world.sender).sites.add(site)
        say("prepared", by=SYSTEM, at=worlds.BEGAN)
    worlds.held(world.record, site)


@pytest.mark.django_db
def test_what_a_role_may_not_read_is_in_neither_the_facts_nor_the_history_of_the_page() -> None:
    """A housing worker reads no overdose-safety field called opioid_agonist_present."""
    world = World(receiver="housing_worker").open()
    page = world.page(world.receiver)
    assert "opioid agonist" not in page
    assert REASON in page


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["commissioner", "administrator", "data_protection_lead", "caldicott_guardian"])
def test_roles_that_do_not_work_with_people_neither_read_nor_write_hand_overs_even_of_their_own_service(
    role: str,
) -> None:
    world = World().open()
    overseer = worlds.worker(role, service_of(world.receiver))
    client = worlds.signed_in(overseer)
    assert client.get(f"/cases/{world.case}/").status_code == 403
    assert not hand_overs(overseer, worlds.BEGAN + timedelta(minutes=5)).exists()
    assert client.get(f"/people/{world.person}/hand-over/").status_code == 403


@pytest.mark.django_db
def test_a_stranger_learns_nothing_from_any_address_of_a_case() -> None:
    world = World().open()
    client: Client = worlds.signed_in(worlds.worker("keyworker"))
    for path in (f"/cases/{world.case}/", f"/cases/{world.case}/accept/", f"/hand-overs/{world.case}/draft/"):
        answer, nothing = client.get(path), client.get(path.replace(str(world.case), "999999999"))
        assert answer.status_code == nothing.status_code == 403
        for words in ("Adeyemi", REASON, world.sender.service_name):
            assert words not in answer.content.decode()
        assert "PR-202" in answer.content.decode()
        assert "PR-202" in nothing.content.decode()


@pytest.mark.django_db
def test_only_the_sender_changes_a_draft_and_nobody_after_it_is_sent() -> None:
    world = World()
    path = f"/hand-overs/{world.case}/draft/"
    assert worlds.signed_in(world.sender).get(path).status_code == 200
    assert worlds.signed_in(world.receiver).get(path).status_code == 403
    world.open()
    assert worlds.signed_in(world.receiver).get(path).status_code == 403


@pytest.mark.django_db
def test_a_steps_facts_are_those_that_were_answered_and_those_that_follow() -> None:
    world = World().open()
    step = StepTaken.objects.get(case=world.case, verb="open_by_receiver")
    assert step.facts == {"opened_by": world.receiver.user_name, "opened_time": worlds.BEGAN.isoformat()}
    assert (step.user_id, step.service_id) == (world.receiver.user, world.receiver.service)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("medicine", "held", "row"),
    [("yes", True, "HOV-011"), ("not_known", True, "HOV-011"), ("no", True, "HOV-013"), ("yes", False, "HOV-013")],
)
def test_whether_the_person_is_prescribed_and_leaving_custody_follows_and_is_never_asked(
    medicine: str, held: bool, row: str
) -> None:
    world = World()
    if held:
        held_at(world, worlds.site())
    world.take(world.sender, "send", opioid_agonist_medicine=medicine)
    world.take(world.receiver, "open_by_receiver")
    asked = worlds.signed_in(world.receiver).get(f"/cases/{world.case}/accept/").content.decode()
    assert "leaving custody" not in asked
    facts = {"no_appointment_reason": "Monday", "coordination_owner": world.receiver.user}
    world.take(world.receiver, "accept", **facts)
    assert StepTaken.objects.get(case=world.case, verb="accept").row == row
