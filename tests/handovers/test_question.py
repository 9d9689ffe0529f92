"""The question of 6pm: who prescribes, what dose, last taken when, confirmed by whom."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import worlds

from throughcare.events.actor import Actor
from throughcare.events.models import Event, EventDetail
from throughcare.handovers.actions import cover, custody, sheet
from throughcare.handovers.actions import question as actions
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import CustodyQuestion
from throughcare.handovers.rules.cover import Cover
from throughcare.handovers.rules.question import ASKERS, CALLERS, may_tell
from throughcare.messages.models import Message
from throughcare.organisations.models import Service, Site
from throughcare.processes import actions as engine
from throughcare.processes.models import Due, Strand
from throughcare.reference.roles import roles
from throughcare.reference.sharing import Access, rule
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import open_grants
from throughcare.web.faults import NotAllowed, Refused
from throughcare.web.wording import LONDON

ANSWER = {
    "who_prescribes": "Dr A. Shah, Riverside, 0161 496 0001",
    "dose": "methadone 1 mg/ml, 60 mg once a day, supervised",
    "last_taken": "2026-11-23T08:10:00+00:00",
    "confirmed_by": "R. Patel, pharmacist",
}


class World:
    """A nurse of a custody suite asks a treatment service about somebody who is held there."""

    def __init__(self, at: datetime = worlds.BEGAN, **manager: str) -> None:
        self.at = at
        site = worlds.site("Custody suite", "custody suite")
        self.nurse = worlds.worker("custody_healthcare", worlds.service(sites=[site]))
        numbers = {"manager_name": "M. Manager", "manager_telephone": "020 7946 0002"} | manager
        self.duty = worlds.worker("keyworker", worlds.service("Riverside", **numbers))
        self.asked = Service.objects.get(pk=self.duty.service)
        self.record = worlds.person(self.nurse)
        worlds.held(self.record, site)
        self.question = self.ask()
        self.case = self.question.case_id

    def ask(self, **more: Any) -> CustodyQuestion:
        facts = {"reason": "Withdrawing, says methadone", "call_back_number": "0113 496 0100"} | more
        return actions.ask(by=self.nurse, at=self.at, record=self.record, asked=self.asked, **facts)

    def take(self, by: Actor, verb: str, at: datetime | None = None, **facts: Any) -> None:
        engine.take(by=by, at=at or self.at, case=self.case, verb=verb, facts=facts)

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case).state

    def page(self, of: Actor, url: str = "/") -> str:
        return unescape(worlds.signed_in(of).get(url).content.decode())


@pytest.mark.django_db
def test_a_question_is_owed_within_two_hours_and_told_to_the_service_that_is_asked() -> None:
    world = World()
    (due,) = Due.objects.filter(case=world.case)
    assert (due.owner, due.due_at) == (world.asked, world.at + timedelta(hours=2))
    assert list(Message.objects.values_list("service", "verb")) == [
        (world.asked.pk, "custody_question.ask_prescribing")
    ]
    assert "You are asked who prescribes (1)" in world.page(world.duty)
    assert "You asked who prescribes (1)" in world.page(world.nurse)


@pytest.mark.django_db
@pytest.mark.parametrize("role", sorted(set(roles()) - ASKERS - {"person"}))
def test_only_those_who_give_or_hold_back_a_dose_may_ask(role: str) -> None:
    asker = worlds.worker(role)
    record = worlds.person(asker)
    with pytest.raises(NotAllowed) as refused:
        actions.ask(
            by=asker, at=worlds.BEGAN, record=record, asked=worlds.service(), reason="Why", call_back_number="1"
        )
    assert refused.value.faults[0].number == "CQ-101"
    assert worlds.signed_in(asker).get(f"/people/{record.person_id}/ask-who-prescribes/").status_code == 403


@pytest.mark.django_db
def test_one_does_not_ask_oneself_nor_a_service_that_answers_nobody() -> None:
    world = World()
    for asked in (Service.objects.get(pk=world.nurse.service), worlds.service(takes_hand_overs=False)):
        with pytest.raises(Refused) as refused:
            actions.ask(
                by=world.nurse, at=world.at, record=world.record, asked=asked, reason="Why", call_back_number="1"
            )
        assert refused.value.faults[0].number == "CQ-102"


@pytest.mark.django_db
def test_the_answer_is_shown_with_its_source_its_time_and_who_confirmed_it() -> None:
    world = World()
    world.take(world.duty, "answer_prescribing", **ANSWER)
    for text in (
        world.page(world.nurse, f"/cases/{world.case}/"),
        world.page(world.nurse, f"/people/{world.record.person_id}/"),
    ):
        assert "methadone 1 mg/ml, 60 mg once a day, supervised" in text
        assert "Dr A. Shah, Riverside, 0161 496 0001" in text
        assert "Mon 23 Nov 2026, 8:10am" in text
        assert f"answered Mon 23 Nov 2026, 9am by {world.duty.user_name}, Riverside; confirmed by R. Patel" in text
    assert "Riverside has answered who prescribes" in world.page(world.nurse)
    assert Due.objects.get(case=world.case).met_at == world.at


@pytest.mark.django_db
def test_an_answer_that_nobody_confirmed_looks_unconfirmed_and_not_known_is_an_answer() -> None:
    world = World()
    unknown = {"last_taken": "not_known", "confirmed_by": "not_known"}
    world.take(world.duty, "answer_prescribing", **ANSWER | unknown)
    text = world.page(world.nurse, f"/people/{world.record.person_id}/")
    assert text.count("Unconfirmed") == 3
    assert "nobody has confirmed it" in text
    assert "Not known" in text


@pytest.mark.django_db
def test_the_asker_reads_the_answer_only_while_the_table_lets_them() -> None:
    """Custody healthcare reads prescribing while the person is held at its site, and not a minute longer."""
    world = World()
    world.take(world.duty, "answer_prescribing", **ANSWER)
    stay = world.record.person.stays.get()
    now = datetime.now(tz=UTC)
    custody.leave(by=world.nurse, at=now, stay=stay, until=now)
    answer = worlds.signed_in(world.nurse).get(f"/cases/{world.case}/")
    assert answer.status_code == 403
    assert "60 mg" not in answer.content.decode()
    assert "who prescribes" not in world.page(world.nurse)


@pytest.mark.django_db
def test_it_climbs_the_ladder_every_two_hours_and_the_asker_sees_whom_to_ring() -> None:
    world = World(at=datetime.now(tz=UTC) - timedelta(hours=5))
    engine.sweep(world.at + timedelta(hours=2, minutes=1))
    assert (world.state, CustodyQuestion.objects.get().ladder) == ("escalated", "team")
    engine.sweep(world.at + timedelta(hours=4, minutes=2))
    assert CustodyQuestion.objects.get().ladder == "service manager"
    text = world.page(world.nurse)
    assert "NOT ANSWERED" in text
    assert "M. Manager" in text
    assert "020 7946 0002" in text
    world.take(world.duty, "answer_prescribing", at=world.at + timedelta(hours=4, minutes=30), **ANSWER)
    assert CustodyQuestion.objects.get().ladder == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked_at",
    [
        datetime(2026, 12, 24, 18, 0, tzinfo=LONDON),  # Christmas Eve
        datetime(2026, 11, 27, 17, 40, tzinfo=LONDON),  # a Friday evening
        datetime(2027, 3, 26, 23, 0, tzinfo=LONDON),  # Good Friday
        datetime(2027, 3, 28, 0, 30, tzinfo=LONDON),  # an hour is left out at 1am
        datetime(2027, 10, 31, 0, 30, tzinfo=LONDON),  # an hour comes twice at 1am
    ],
)
def test_two_hours_are_two_real_hours_on_every_night_of_the_year(asked_at: datetime) -> None:
    world = World()
    question = actions.ask(
        by=world.nurse, at=asked_at, record=world.record, asked=world.asked, reason="Why", call_back_number="1"
    )
    due = Due.objects.get(case=question.case_id)
    assert due.due_at.timestamp() - asked_at.timestamp() == 2 * 60 * 60
    assert due.verified


@pytest.mark.django_db
def test_who_answered_sees_whom_it_was_about_for_two_hours_more_and_nobody_after_it_is_closed() -> None:
    world = World()
    grants = open_grants(world.duty, world.at).filter(kind=Grant.QUESTION)
    assert grants.count() == 1
    world.take(world.duty, "answer_prescribing", **ANSWER)
    assert open_grants(world.duty, world.at + timedelta(minutes=119)).count() == 1
    assert not open_grants(world.duty, world.at + timedelta(minutes=121)).exists()
    world.take(world.nurse, "ask_again", at=world.at + timedelta(hours=3), what_is_missing="Which strength?")
    assert open_grants(world.duty, world.at + timedelta(hours=9)).count() == 1
    world.take(world.nurse, "close", at=world.at + timedelta(hours=10), reason="Released")
    assert not open_grants(world.duty, world.at + timedelta(hours=10, seconds=1)).exists()


@pytest.mark.django_db
def test_a_stranger_learns_nothing_and_a_question_is_answered_by_the_asked_alone() -> None:
    world = World()
    stranger = worlds.worker("keyworker")
    there, nowhere = (worlds.signed_in(stranger).get(url) for url in (f"/cases/{world.case}/", "/cases/99999/"))
    assert there.status_code == nowhere.status_code == 403
    with pytest.raises(Refused) as refused:
        world.take(world.nurse, "answer_prescribing", **ANSWER)
    assert refused.value.faults[0].number == "PR-103"


@pytest.mark.django_db
def test_asking_shows_the_same_services_whoever_knows_the_person() -> None:
    world = World()
    url = f"/people/{world.record.person_id}/ask-who-prescribes/"
    before = world.page(world.nurse, url).split("<select")[1].split("</select>")[0]
    hand_over = worlds.sent(world.nurse, world.record, world.asked)
    worlds.take(world.duty, hand_over, "open_by_receiver")
    worlds.take(world.duty, hand_over, "accept", no_appointment_reason="Soon", coordination_owner=world.duty.user)
    assert world.page(world.nurse, url).split("<select")[1].split("</select>")[0] == before


@pytest.mark.django_db
def test_the_form_asks_once_however_often_it_is_sent_and_keeps_what_was_typed() -> None:
    world = World()
    client, url = worlds.signed_in(world.nurse), f"/people/{world.record.person_id}/ask-who-prescribes/"
    typed = {"asked": world.asked.pk, "reason": "Second question", "call_back_number": "0113", "key": "one-form"}
    short = client.post(url, typed | {"asked": ""})
    assert short.status_code == 422
    assert "Second question" in short.content.decode()
    assert [client.post(url, typed).status_code for _ in range(2)] == [302, 302]
    assert CustodyQuestion.objects.filter(reason="Second question").count() == 1


@pytest.mark.django_db
def test_what_the_sheet_and_the_cover_say_already_is_not_typed_again() -> None:
    world = World()
    clinician = worlds.worker("clinician", world.asked)
    mine = worlds.person(clinician)
    worlds.held(mine, Site.objects.get())
    mine_case = actions.ask(
        by=world.nurse, at=world.at, record=mine, asked=world.asked, reason="Why", call_back_number="1"
    )
    answers = {"medicine": "methadone_10", "dose": "6 ml once a day", "last_dose": "2026-11-23T08:10:00+00:00"}
    where = Provenance(world.at, "pharmacy", "R. Patel")
    sheet.answer(by=clinician, at=world.at, record=mine, answers=answers, where=where)
    cover.keep(
        by=clinician, at=world.at, record=mine, cover=Cover("Dr Roy", world.at + timedelta(days=9)), telephone="0161"
    )
    text = world.page(clinician, f"/cases/{mine_case.case_id}/answer_prescribing/")
    assert "Methadone oral solution 10 mg/ml, 6 ml once a day" in text
    assert 'value="Dr Roy, 0161"' in text
    assert 'value="8:10am"' in text
    assert 'value="R. Patel"' in text


def test_of_two_colleagues_who_answer_at_the_same_moment_one_is_told_that_the_other_did(fresh_database: Any) -> None:
    world = World()
    other = worlds.worker("keyworker", world.asked)

    def answer(by: Actor) -> Any:
        return engine.take(
            by=by, at=world.at, case=world.case, verb="answer_prescribing", facts=ANSWER, version=1, key=by.user_name
        )

    answers = worlds.at_once(lambda: answer(world.duty), lambda: answer(other))
    refused = [one for one in answers if isinstance(one, engine.Conflict)]
    assert len(refused) == 1
    assert Message.objects.filter(verb="custody_question.answer_prescribing").count() == 1


# May I tell this caller?


def test_what_a_caller_may_be_told_is_what_the_table_says_and_nothing_more() -> None:
    on = worlds.BEGAN.date()
    for role in CALLERS:
        row = rule("prescribing_medicines", role, on)
        words = may_tell(row, role)
        assert words.answer.startswith("Yes") == (row.access is Access.SEE)
        if row.access is Access.SUMMARY:
            assert ("the dose" in words.answer) == ("dose" in row.summary_fields)
        assert words.basis
    assert may_tell(rule("prescribing_medicines", "court", on), "court").answer == "No"


@pytest.mark.django_db
def test_what_a_caller_was_told_is_kept_in_the_audit_trail() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    url = f"/people/{record.person_id}/may-i-tell/"
    typed = {"caller": "hospital", "name": "Sr Okafor", "number": "0113 496 0199", "told": ["dose", "prescriber"]}
    assert worlds.signed_in(clinician).post(url, typed).status_code == 302
    event = Event.objects.get(verb="caller.told")
    assert (event.subject, event.person, event.count) == ("hospital", record.person_id, 2)
    assert "Sr Okafor" in EventDetail.objects.get(pk=event.pk).body
    with pytest.raises(Refused) as refused:
        actions.told_caller(
            by=clinician, at=worlds.BEGAN, record=record, caller="press", name="X", number="1", told=["dose"]
        )
    assert refused.value.faults[0].number == "CQ-103"


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["housing_worker", "peer_mentor", "front_desk"])
def test_who_may_not_read_prescribing_tells_nobody(role: str) -> None:
    worker = worlds.worker(role)
    record = worlds.person(worker)
    answer = worlds.signed_in(worker).get(f"/people/{record.person_id}/may-i-tell/")
    assert answer.status_code == 403
