"""From acceptance to the end: not reached, treatment started, closed and the sender told, or replaced."""

from datetime import timedelta
from typing import Any

import pytest
import worlds

from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver
from throughcare.messages.models import Message
from throughcare.organisations.models import Service
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, Strand
from throughcare.reference.pathways import decline_reasons
from throughcare.sharing.models import Grant
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

ATTEMPT = {
    "attempt_time": "2026-11-23T09:00:00+00:00",
    "route": "telephone",
    "next_attempt_time": "2026-11-24T10:00:00+00:00",
}


class World:
    """A hand-over that its receiver has accepted."""

    def __init__(self, opioid: str = "no") -> None:
        self.sender, self.receiver = worlds.worker("prison_drug_worker"), worlds.worker("keyworker")
        self.team = Service.objects.get(pk=self.receiver.service)
        self.colleague = worlds.worker("service_manager", self.team)
        self.record = worlds.person(self.sender)
        self.hand_over = worlds.drafted(self.sender, self.record, self.team, opioid_agonist_medicine=opioid)
        self.case = self.hand_over.case_id
        self.take(self.sender, "send")
        self.take(self.receiver, "open_by_receiver")
        self.take(self.receiver, "accept", no_appointment_reason="Monday", coordination_owner=self.receiver.user)

    def take(self, who: Actor, verb: str, **facts: Any) -> None:
        worlds.take(who, self.hand_over, verb, **facts)

    def close(self, outcome: str, opioid: str = "no", **facts: Any) -> None:
        self.take(self.receiver, "close", outcome=outcome, opioid_agonist_medicine=opioid, **facts)

    @property
    def states(self) -> dict[str, str]:
        return dict(Strand.objects.filter(case=self.case).values_list("name", "state"))

    def running(self) -> set[str]:
        return set(Due.objects.filter(case=self.case, met_at=None, replaced_at=None).values_list("clock", flat=True))

    def told(self, service: int | None, verb: str) -> int:
        return Message.objects.filter(case=self.case, service=service, verb=f"hand_over.{verb}").count()

    def page(self, of: Actor) -> str:
        answer = worlds.signed_in(of).get(f"/cases/{self.case}/")
        assert answer.status_code == 200
        return answer.content.decode()


def test_somebody_not_reached_is_tried_again_by_a_deadline_and_the_sender_is_told() -> None:
    world = World()
    world.take(world.receiver, "record_not_reached", **ATTEMPT)
    assert (world.states["main"], world.running()) == ("not_reached", {"HOV-C07", "HOV-C08"})
    world.take(world.receiver, "record_not_reached", **ATTEMPT | {"route": "visit"})
    assert Due.objects.filter(case=world.case, clock="HOV-C08", met_at=None, replaced_at=None).count() == 1
    assert world.told(world.sender.service, "record_not_reached") == 2
    world.take(world.receiver, "record_contact", contact_date="2026-11-24", heard_from="Seen by me")
    assert (world.states["main"], world.running()) == ("contact_made", set())


@pytest.mark.parametrize("first", [None, "record_not_reached", "book_contact", "record_contact"])
def test_treatment_that_started_is_recorded_from_wherever_the_hand_over_stands(first: str | None) -> None:
    world = World()
    facts: dict[str, dict[str, str]] = {
        "record_not_reached": ATTEMPT,
        "book_contact": {"appointment_time": "2026-11-26T10:00:00+00:00", "place": "By video"},
        "record_contact": {"contact_date": "2026-11-24", "heard_from": "Seen by me"},
    }
    if first:
        world.take(world.receiver, first, **facts[first])
    started = {"treatment_start_date": "2026-11-25", "heard_from": "Started with me"}
    world.take(world.sender if first is None else world.receiver, "record_treatment_started", **started)
    assert (world.states["main"], world.running()) == ("treatment_started", set())


def test_a_hand_over_that_is_closed_tells_its_outcome_to_the_sender_once_and_ends_what_it_opened() -> None:
    world = World()
    world.close("withdrew")
    assert world.states == {"main": "closed", "outcome": "outcome_told"}
    assert world.running() == set()
    assert Case.objects.get(pk=world.case).closed_at == worlds.BEGAN
    assert Due.objects.get(case=world.case, clock="HOV-C07").replaced_at, "closing is not a first contact"
    assert Due.objects.get(case=world.case, clock="HOV-C09").met_at
    assert (
        world.told(world.sender.service, "notify_outcome"),
        world.told(world.receiver.service, "notify_outcome"),
    ) == (
        1,
        0,
    )
    ends = dict(Grant.objects.filter(source=f"case {world.case}").values_list("service", "until"))
    assert ends == {
        world.receiver.service: worlds.BEGAN,
        world.sender.service: worlds.BEGAN + timedelta(days=28),
    }, "the sender needs time to read what came of it"
    for side in (world.sender, world.receiver):
        assert "The person chose not to go on" in world.page(side)
    assert "/close/" not in world.page(world.receiver)
    steps = Case.objects.get(pk=world.case).steps.order_by("version")
    assert [(step.verb, sorted(step.facts)) for step in steps][-3:] == [
        ("close", ["opioid_agonist_medicine", "outcome"]),
        ("open_outcome_watch", ["closed_time", "outcome"]),
        ("notify_outcome", ["outcome", "told_time"]),
    ]


def test_the_outcome_stands_under_what_was_written_with_who_closed() -> None:
    world = World()
    world.close("moved_away")
    page = world.page(world.sender)
    written = page[page.index("What was written") : page.index("History")]
    assert "The person moved away and was handed over there" in written
    assert User.objects.get(pk=world.receiver.user).name in written[written.index("What came of the hand-over") :]


@pytest.mark.parametrize("opioid", ["yes", "not_known"])
def test_somebody_on_an_opioid_agonist_medicine_never_lapses(opioid: str) -> None:
    world = World()
    with pytest.raises(Refused) as refused:
        world.close("lapsed", opioid)
    assert [(fault.number, fault.field) for fault in refused.value.faults] == [("PR-108", "outcome")]
    assert "HOV-L01" in str(refused.value)
    world.close("lapsed", "no")
    assert world.states["main"] == "closed"


def test_closing_asks_anew_about_the_medicine_and_gives_nothing_away() -> None:
    world = World(opioid="yes")
    with pytest.raises(Refused, match="PR-104"):
        world.take(world.receiver, "close", outcome="withdrew")
    page = worlds.signed_in(world.receiver).get(f"/cases/{world.case}/close/").content.decode()
    assert 'name="opioid_agonist_medicine"' in page
    assert "checked" not in page, "not every role that may close may read what the sender said"


def test_closing_after_not_reached_needs_a_second_pair_of_eyes_and_counts_the_attempts() -> None:
    world = World()
    world.take(world.receiver, "record_not_reached", **ATTEMPT)
    world.take(world.receiver, "record_not_reached", **ATTEMPT)
    with pytest.raises(Refused) as missing:
        world.close("not_reached")
    assert [(fault.number, fault.field) for fault in missing.value.faults] == [("PR-104", "reviewer")]
    with pytest.raises(Refused, match="PR-109"):
        world.close("not_reached", reviewer=world.receiver.user)
    world.close("not_reached", reviewer=world.colleague.user)
    closing = Case.objects.get(pk=world.case).steps.get(verb="close")
    assert closing.facts["attempts"] == 2


def test_nobody_acts_on_a_closed_hand_over() -> None:
    world = World()
    world.close("withdrew")
    for verb, facts in (("close", {"outcome": "withdrew", "opioid_agonist_medicine": "no"}), ("record_contact", {})):
        with pytest.raises(Refused, match="PR-102"):
            world.take(world.receiver, verb, **facts)


def test_a_hand_over_is_replaced_by_another_of_the_same_person_and_by_nothing_else() -> None:
    sender, receiver = worlds.worker(), worlds.worker()
    team = Service.objects.get(pk=receiver.service)
    record = worlds.person(sender)
    first, second = worlds.sent(sender, record, team), worlds.sent(sender, record, team)
    draft = worlds.drafted(sender, record, team)
    stranger = worlds.drafted(sender, worlds.person(sender, family="Brook"), team)
    for other in (first.case_id, stranger.case_id, draft.case_id, 0, "x"):
        with pytest.raises(Refused, match="PR-109"):
            worlds.take(sender, first, "supersede", superseded_by=other)
    worlds.take(sender, first, "supersede", superseded_by=second.case_id)
    assert Strand.objects.get(case=first.case_id).state == "superseded"
    assert not Grant.objects.filter(source=f"case {first.case_id}", until=None).exists()
    assert Message.objects.filter(case=first.case_id, service=team, verb="hand_over.supersede").count() == 1
    assert worlds.signed_in(receiver).get(f"/cases/{first.case_id}/").status_code == 403


def test_a_draft_may_be_replaced_by_another_draft() -> None:
    sender, team = worlds.worker(), worlds.service()
    record = worlds.person(sender)
    first, second = worlds.drafted(sender, record, team), worlds.drafted(sender, record, team)
    worlds.take(sender, first, "supersede", superseded_by=second.case_id)
    with pytest.raises(Refused, match="PR-109"):
        worlds.take(sender, second, "supersede", superseded_by=first.case_id)


def test_one_that_was_sent_elsewhere_and_is_replaced_before_it_is_sent_tells_nobody() -> None:
    sender, first, second = worlds.worker(), worlds.worker(), worlds.service()
    record = worlds.person(sender)
    hand_over = worlds.sent(sender, record, Service.objects.get(pk=first.service))
    facts = {"receiving_service": second.pk, "area_of_return": "E09000001", "reason": "Moved"}
    worlds.take(sender, hand_over, "reroute", **facts)
    other = worlds.drafted(sender, record, second)
    worlds.take(sender, hand_over, "supersede", superseded_by=other.case_id)
    assert not Message.objects.filter(service=second).exists()


def test_an_attempt_after_a_booking_ends_the_deadline_of_the_one_before() -> None:
    world = World()
    world.take(world.receiver, "record_not_reached", **ATTEMPT)
    world.take(world.receiver, "book_contact", appointment_time="2026-11-26T10:00:00+00:00", place="By video")
    world.take(world.receiver, "record_contact", contact_date="2026-11-24", heard_from="Seen by me")
    assert world.running() == set()


def test_when_a_question_is_asked_late_the_next_word_is_the_senders_until_it_is_answered() -> None:
    sender, receiver = worlds.worker(), worlds.worker()
    hand_over = worlds.sent(sender, worlds.person(sender), Service.objects.get(pk=receiver.service))
    engine.sweep(worlds.BEGAN + timedelta(hours=5))
    worlds.take(receiver, hand_over, "open_by_receiver", at=worlds.BEGAN + timedelta(hours=6))
    engine.sweep(worlds.BEGAN + timedelta(days=4))
    owed = lambda: HandOver.objects.get(pk=hand_over.pk).owed_by  # noqa: E731
    assert owed() == "receiver"
    later = worlds.BEGAN + timedelta(days=4, minutes=1)
    worlds.take(receiver, hand_over, "ask_question", at=later, question="When?", call_back_number="1")
    assert owed() == "sender"
    worlds.take(sender, hand_over, "answer_question", at=later, answer="Thursday")
    assert owed() == "receiver"


def test_a_hand_over_goes_elsewhere_only_to_a_service_that_takes_them() -> None:
    sender, record = (who := worlds.worker()), worlds.person(who)
    hand_over = worlds.sent(sender, record, Service.objects.get(pk=worlds.worker().service))
    facts = {"area_of_return": "E09000001", "reason": "Moved"}
    for nowhere in (sender.service, 999_999, "x"):
        with pytest.raises(Refused, match="PR-109"):
            worlds.take(sender, hand_over, "reroute", receiving_service=nowhere, **facts)
    assert HandOver.objects.get(pk=hand_over.pk).receiver_id == hand_over.receiver_id


@pytest.mark.parametrize("reason", sorted(decline_reasons()))
def test_the_sender_of_a_declined_hand_over_reads_what_to_do_now(reason: str) -> None:
    sender, receiver = worlds.worker(), worlds.worker()
    hand_over = worlds.sent(sender, worlds.person(sender), Service.objects.get(pk=receiver.service))
    worlds.take(receiver, hand_over, "open_by_receiver")
    worlds.take(receiver, hand_over, "decline", at=worlds.BEGAN + timedelta(minutes=1), decline_reason=reason)
    page = worlds.signed_in(sender).get(f"/cases/{hand_over.case_id}/").content.decode()
    assert "What to do now" in page
    assert decline_reasons()[reason].sender_sees in page


def test_a_receiver_learns_of_no_draft_when_it_looks_for_what_replaces_a_hand_over() -> None:
    world = World()
    draft = worlds.drafted(world.sender, world.record, world.team)
    url = f"/cases/{world.case}/supersede/"
    assert f'value="{draft.case_id}"' not in worlds.signed_in(world.receiver).get(url).content.decode()
    with pytest.raises(Refused, match="PR-109"):
        world.take(world.receiver, "supersede", superseded_by=draft.case_id)
    worlds.take(world.sender, draft, "send")
    assert f'value="{draft.case_id}"' in worlds.signed_in(world.receiver).get(url).content.decode()
    world.take(world.receiver, "supersede", superseded_by=draft.case_id)
    assert world.states["main"] == "superseded"
