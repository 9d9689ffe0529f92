"""Acting on a case: two people at once, a double click, a form sent twice, and what a refusal leaves behind."""

import re
from typing import Any

import pytest
import worlds
from django.test import Client

from throughcare.events.actor import Actor
from throughcare.events.models import Event, EventDetail
from throughcare.handovers.models import HandOver
from throughcare.messages.models import Message
from throughcare.organisations.models import Service
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.sharing.models import Grant
from throughcare.web.faults import NotAllowed, Refused


class World:
    """A hand-over that was sent to a team of two."""

    def __init__(self) -> None:
        self.sender = worlds.worker("keyworker", name="Ada Sender")
        self.team = worlds.service()
        self.first = worlds.worker("keyworker", self.team, name="Bea First")
        self.second = worlds.worker("keyworker", self.team, name="Cyn Second")
        self.hand_over = worlds.sent(self.sender, worlds.person(self.sender), self.team)
        self.case = self.hand_over.case_id

    @property
    def version(self) -> int:
        return Case.objects.get(pk=self.case).version

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case).state

    def verbs(self) -> list[str]:
        return list(StepTaken.objects.filter(case=self.case).order_by("version").values_list("verb", flat=True))

    def opened(self) -> "World":
        worlds.take(self.first, self.hand_over, "open_by_receiver")
        return self


def hidden(page: str, name: str) -> str:
    """The value of a hidden field of the form on a page."""
    tags = [tag for tag in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in tag and 'type="hidden"' in tag]
    assert len(tags) == 1, f"{len(tags)} hidden fields called {name}"
    found = re.search(r'value="([^"]*)"', tags[0])
    assert found
    return found[1]


def filled(client: Client, url: str, **answers: object) -> dict[str, object]:
    """What a browser sends when the form at the address is filled in."""
    page = client.get(url).content.decode()
    return {"version": hidden(page, "version"), "key": hidden(page, "key"), **answers}


@pytest.mark.django_db
def test_of_two_people_who_act_at_once_one_wins_and_the_other_is_told_who_did_what_with_the_typed_words_kept() -> None:
    world = World().opened()
    bea, cyn = worlds.signed_in(world.first), worlds.signed_in(world.second)
    declining, asking = f"/cases/{world.case}/decline/", f"/cases/{world.case}/ask_question/"
    question = {"question": "Which pharmacy, and until when?", "call_back_number": "020 7946 0007"}
    hers, mine = filled(bea, asking, question="When?", call_back_number="1"), filled(cyn, asking, **question)
    assert bea.post(asking, hers).status_code == 302
    answer = cyn.post(asking, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "PR-201" in page
    assert "Bea First" in page
    assert "question asked" in page
    assert "question asked" in page
    for typed in question.values():
        assert typed in page, "what was typed is kept"
    assert "As it is now" in page
    assert world.verbs() == ["draft", "send", "open_by_receiver", "ask_question"]
    assert cyn.get(declining).status_code == 200, "and she can go on from there"


@pytest.mark.django_db
def test_what_was_typed_can_be_sent_again_after_a_conflict_as_an_answer_to_the_case_as_it_now_is() -> None:
    world = World().opened()
    bea, cyn = worlds.signed_in(world.first), worlds.signed_in(world.second)
    accepting = f"/cases/{world.case}/accept/"
    typed = {"no_appointment_reason": "A room is free on Monday", "coordination_owner": world.second.user}
    mine = filled(cyn, accepting, **typed)
    asking = f"/cases/{world.case}/ask_question/"
    bea.post(asking, filled(bea, asking, question="When?", call_back_number="1"))
    conflict = cyn.post(accepting, mine)
    page = conflict.content.decode()
    again = {**typed, "version": hidden(page, "version"), "key": hidden(page, "key")}
    assert again["key"] != mine["key"]
    assert cyn.post(accepting, again).status_code == 302
    assert world.state == "accepted"


@pytest.mark.django_db
def test_two_colleagues_who_press_the_same_button_are_not_taken_for_a_double_click() -> None:
    world = World()
    button = {"version": world.version, "key": f"{world.case}-{world.version}-open_by_receiver"}
    url = f"/cases/{world.case}/open_by_receiver/"
    assert worlds.signed_in(world.first).post(url, button).status_code == 302
    answer = worlds.signed_in(world.second).post(url, button)
    assert answer.status_code == 409
    assert "Bea First" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "answers"),
    [
        ("ask_question", {"question": "When?", "call_back_number": "020 7946 0007"}),
        ("decline", {"decline_reason": "not_our_area"}),
        ("accept", {"no_appointment_reason": "A room is free on Monday"}),
    ],
)
def test_a_double_click_acts_once_and_both_answers_look_alike(verb: str, answers: dict[str, object]) -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    url = f"/cases/{world.case}/{verb}/"
    if verb == "accept":
        answers = {**answers, "coordination_owner": world.first.user}
    form = filled(client, url, **answers)
    answers_seen = []
    for _ in range(2):
        answer = client.post(url, form, follow=True)
        answers_seen.append((answer.redirect_chain, answer.status_code, [str(m) for m in answer.context["messages"]]))
    assert answers_seen[0] == answers_seen[1]
    assert answers_seen[0][1] == 200
    assert world.verbs().count(verb) == 1
    assert Event.objects.filter(case=world.case, verb=f"hand_over.{verb}").count() == 1
    assert Message.objects.filter(case=world.case, verb=f"hand_over.{verb}").count() == 1


@pytest.mark.django_db
def test_whoever_declines_is_told_that_it_is_done_although_the_case_is_closed_to_them_from_then_on() -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    url = f"/cases/{world.case}/decline/"
    answer = client.post(url, filled(client, url, decline_reason="not_our_area"), follow=True)
    assert answer.redirect_chain == [("/", 302)]
    page = answer.content.decode()
    assert "Hand-over declined." in page
    assert "This cannot be done" not in page
    assert client.get(f"/cases/{world.case}/").status_code == 403


@pytest.mark.load
def test_a_double_click_that_arrives_twice_at_the_same_moment_acts_once(fresh_database: Any) -> None:
    world = World().opened()
    version = world.version
    taken = worlds.at_once(
        *[
            lambda: (
                engine.take(
                    by=world.first,
                    at=worlds.BEGAN,
                    case=world.case,
                    verb="decline",
                    facts={"decline_reason": "not_our_area"},
                    version=version,
                    key="the-same-form",
                ).pk
            )
        ]
        * 2
    )
    assert len(set(taken)) == 1
    assert isinstance(taken[0], int)
    assert world.verbs().count("decline") == 1
    assert Event.objects.filter(case=world.case, verb="hand_over.decline").count() == 1
    assert Event.objects.filter(case=world.case, verb="step.repeated").count() == 1
    assert not Event.objects.filter(verb="refused").exists()


@pytest.mark.load
def test_of_two_colleagues_at_the_same_moment_one_accepts_and_the_other_is_told(fresh_database: Any) -> None:
    world = World().opened()
    version = world.version

    def accept(by: Actor) -> Any:
        facts = {"no_appointment_reason": "Monday", "coordination_owner": by.user}
        return engine.take(by=by, at=worlds.BEGAN, case=world.case, verb="accept", facts=facts, version=version).pk

    answers = worlds.at_once(lambda: accept(world.first), lambda: accept(world.second))
    (lost,) = [answer for answer in answers if isinstance(answer, engine.Conflict)]
    winner = StepTaken.objects.select_related("user").get(case=world.case, verb="accept").user
    assert winner
    assert lost.faults[0].number == "PR-201"
    assert winner.name in lost.faults[0].rule
    assert world.verbs().count("accept") == 1
    assert HandOver.objects.get(pk=world.case).owner == winner
    assert Event.objects.filter(case=world.case, verb="refused", subject="PR-201").count() == 1


NEW = {
    "reason": "Leaves on Thursday",
    "asked": "",
    "opioid_agonist_medicine": "no",
    "urgent": "no",
    "safe_contact": "Mobile after 4pm",
    "basis": "direct_care",
}


@pytest.mark.django_db
def test_a_new_hand_over_sent_twice_from_one_form_makes_one_case() -> None:
    sender, team = worlds.worker("keyworker"), worlds.service()
    record = worlds.person(sender)
    client = worlds.signed_in(sender)
    url = f"/people/{record.person_id}/hand-over/"
    form = {**NEW, "receiver": team.pk, "key": hidden(client.get(url).content.decode(), "key")}
    answers = [client.post(url, form) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {302}
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Case.objects.count() == HandOver.objects.count() == StepTaken.objects.count() == 1
    assert Event.objects.filter(verb="hand_over.draft").count() == 1


@pytest.mark.load
def test_a_new_hand_over_sent_twice_at_the_same_moment_makes_one_case(fresh_database: Any) -> None:
    sender, team = worlds.worker("keyworker"), worlds.service()
    record = worlds.person(sender)
    clients = [worlds.signed_in(sender), worlds.signed_in(sender)]
    url = f"/people/{record.person_id}/hand-over/"
    form = {**NEW, "receiver": team.pk, "key": "one-form-sent-twice"}
    answers = worlds.at_once(*[lambda client=client: client.post(url, form) for client in clients])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Case.objects.count() == HandOver.objects.count() == 1
    assert Event.objects.filter(verb="hand_over.draft").count() == 1


def everything() -> dict[str, int]:
    models = (Case, Strand, StepTaken, Due, HandOver, Message, Grant, Event, EventDetail)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "verb", "facts", "number"),
    [
        ("sender", "accept", {}, "PR-103"),
        ("first", "accept", {}, "PR-102"),
        ("first", "teleport", {}, "PR-101"),
        ("sender", "withdraw", {}, "PR-104"),
        ("stranger", "withdraw", {"reason": "x"}, "PR-202"),
    ],
)
def test_a_refused_act_leaves_nothing_but_its_refusal(
    who: str, verb: str, facts: dict[str, object], number: str
) -> None:
    world = World()
    by = worlds.worker("keyworker") if who == "stranger" else getattr(world, who)
    before, state, version = everything(), world.state, world.version
    with pytest.raises(Refused) as refused:
        engine.take(by=by, at=worlds.BEGAN, case=world.case, verb=verb, facts=facts)
    assert {fault.number for fault in refused.value.faults} == {number}
    after = everything()
    added = {name for name in after if after[name] != before[name]}
    assert added == {"Event", "EventDetail"}
    event = Event.objects.order_by("-seq")[0]
    assert (event.verb, event.subject, event.case, event.user) == ("refused", number, world.case, by.user)
    assert (world.state, world.version) == (state, version)


@pytest.mark.django_db
def test_an_act_that_fails_half_way_leaves_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from throughcare.messages import outbox

    world = World()

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    before, version = everything(), world.version
    monkeypatch.setattr(outbox, "post_all", fail)
    with pytest.raises(RuntimeError):
        engine.take(by=world.sender, at=worlds.BEGAN, case=world.case, verb="withdraw", facts={"reason": "x"})
    assert everything() == before
    assert (world.state, world.version) == ("sent", version)


@pytest.mark.django_db
@pytest.mark.parametrize("case", [0, 2**31, 10**18 - 1])
def test_a_case_that_does_not_exist_is_refused_in_the_words_for_a_stranger(case: int) -> None:
    world = World()
    stranger = worlds.worker("keyworker")
    words = []
    for asked in (world.case, case):
        with pytest.raises(NotAllowed) as refused:
            engine.take(by=stranger, at=worlds.BEGAN, case=asked, verb="withdraw", facts={})
        words.append(str(refused.value))
    assert words[0] == words[1]
    assert worlds.signed_in(stranger).get(f"/cases/{case}/").status_code == 403


@pytest.mark.django_db
def test_a_key_that_another_case_has_used_is_refused_with_a_number_and_nothing_is_stored() -> None:
    one, other = World().opened(), World().opened()
    client = worlds.signed_in(one.first)
    url = f"/cases/{one.case}/ask_question/"
    form = filled(client, url, question="When?", call_back_number="1")
    assert client.post(url, form).status_code == 302
    stranger = worlds.signed_in(other.first)
    answer = stranger.post(f"/cases/{other.case}/ask_question/", {**form, "version": other.version})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "PR-203" in page
    assert "When?" in page
    assert other.state == "opened"


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["version", "key"])
@pytest.mark.parametrize("value", [None, "", "\x00"])
def test_a_form_without_its_version_or_key_is_refused_in_words_and_keeps_what_was_typed(
    missing: str, value: str | None
) -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    url = f"/cases/{world.case}/ask_question/"
    form = filled(client, url, question="Which pharmacy?", call_back_number="020 7946 0007")
    del form[missing]
    answer = client.post(url, form if value is None else {**form, missing: value})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r"FM-\d{3}", page), "a number"
    assert "Which pharmacy?" in page
    assert world.state == "opened"


@pytest.mark.django_db
def test_an_empty_form_is_refused_with_a_fault_for_each_question() -> None:
    world = World().opened()
    answer = worlds.signed_in(world.first).post(f"/cases/{world.case}/ask_question/", {})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("FM-101") >= 4, "each of two questions, in the summary and at its field"


@pytest.mark.django_db
@pytest.mark.parametrize(("verb", "number"), [("teleport", "PR-101"), ("send", "PR-103"), ("book_contact", "PR-102")])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_act_that_is_not_possible_is_answered_by_the_table_in_words(verb: str, number: str, method: str) -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    facts: dict[str, object] = {
        "version": world.version,
        "key": "k",
        "place": "By video",
        "appointment_time_day_day": "26",
        "appointment_time_day_month": "11",
        "appointment_time_day_year": "2026",
        "appointment_time_time": "10am",
    }
    answer = getattr(client, method)(f"/cases/{world.case}/{verb}/", facts)
    assert answer.status_code in (409, 422)
    assert number in answer.content.decode()
    assert world.state == "opened"


@pytest.mark.django_db
def test_a_fact_out_of_place_is_recorded_from_the_page_and_flagged_in_the_history() -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    url = f"/cases/{world.case}/record_contact/"
    assert url in client.get(f"/cases/{world.case}/").content.decode(), "“Something else that happened”"
    day = {"contact_date_day": "24", "contact_date_month": "11", "contact_date_year": "2026"}
    answer = client.post(url, filled(client, url, heard_from="Seen by me", **day), follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Flagged: PR-102" in page
    assert world.state == "opened"
    assert world.verbs()[-1] == "record_contact"


@pytest.mark.django_db
def test_not_known_is_kept_as_an_answer_to_what_is_reported() -> None:
    world = World().opened()
    client = worlds.signed_in(world.first)
    worlds.take(
        world.first,
        world.hand_over,
        "accept",
        no_appointment_reason="Monday",
        coordination_owner=world.first.user,
    )
    url = f"/cases/{world.case}/record_contact/"
    form = filled(client, url, contact_date__not_known="on", heard_from__not_known="on")
    page = client.post(url, form, follow=True).content.decode()
    assert world.state == "contact_made"
    assert StepTaken.objects.filter(case=world.case).order_by("-version")[0].facts == {
        "contact_date": "not_known",
        "heard_from": "not_known",
    }
    assert "Not known" in page


@pytest.mark.django_db
def test_every_step_adds_one_to_the_version_and_one_event() -> None:
    world = World().opened()
    worlds.take(world.first, world.hand_over, "ask_question", question="When?", call_back_number="1")
    versions = list(StepTaken.objects.filter(case=world.case).order_by("pk").values_list("version", flat=True))
    assert versions == [1, 2, 3, 4]
    verbs = Event.objects.filter(case=world.case).order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == [f"hand_over.{verb}" for verb in world.verbs()]


@pytest.mark.django_db
def test_a_team_that_takes_no_hand_overs_is_not_offered() -> None:
    world = World()
    closed = worlds.service(takes_hand_overs=False)
    page = worlds.signed_in(world.sender).get(f"/cases/{world.case}/reroute/").content.decode()
    assert f'value="{world.team.pk}"' in page
    for not_offered in (closed.pk, world.sender.service):
        assert f'<option value="{not_offered}"' not in page
    assert Service.objects.filter(pk=closed.pk).exists()
