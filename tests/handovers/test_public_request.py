"""Asking for help on the public page: what is taken, what is taken for a machine, and what becomes of it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import worlds
from django.core.signing import Signer
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.handovers.actions import public_request as actions
from throughcare.handovers.models import HandOver, Knock, PublicRequest
from throughcare.handovers.rules.public_request import MOST_FROM_ONE, MOST_IN_ALL, WINDOW
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.organisations import actions as organisations
from throughcare.organisations.models import AreaServed, Service
from throughcare.organisations.queries import actor_of_public_page, front_doors, public_page
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.sharing.models import Grant, Person
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

LEEDS, YORK = "E08000035", "E06000014"
URL = "/help-for-me/"
ANSWERS = {
    "area": LEEDS,
    "for_whom": "self",
    "name": "Sam",
    "telephone": "07700 900123",
    "message": "unnamed",
    "good_time": "mornings",
    "words": "Somebody to talk to about drinking",
}
FOR_ANOTHER = {
    **ANSWERS,
    "for_whom": "other",
    "name": "Robin",
    "asked_by": "Maria",
    "knows": "no",
    "words": "He drinks before work and hides it",
}


@pytest.fixture
def keyworker() -> Actor:
    """Somebody of the service that answers for Leeds."""
    return worlds.worker("keyworker", worlds.service("Aire Recovery", areas=[LEEDS, YORK]))


@pytest.fixture
def door(keyworker: Actor) -> Service:
    team = Service.objects.get(pk=keyworker.service)
    organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=team, area=LEEDS)
    return team


def stamp(opened: timedelta = timedelta(minutes=2), number: str = "a" * 32) -> str:
    """The number of a form that was opened so long ago, signed as the page signs it."""
    return Signer(salt="throughcare.public-form").sign(f"{number}.{int((timezone.now() - opened).timestamp())}")


def send(client: Client, answers: dict[str, str] | None = None, key: str = "", **more: Any) -> Any:
    return client.post(URL, {**(answers or ANSWERS), "key": key or stamp()}, **more)


def born(day: int, month: int, year: int) -> dict[str, str]:
    return {"date_of_birth_day": str(day), "date_of_birth_month": str(month), "date_of_birth_year": str(year)}


def stored() -> tuple[int, ...]:
    kept = (Person, Record, Case, HandOver, PublicRequest, StepTaken, Message, Knock, Event)
    return tuple(model._default_manager.count() for model in kept)


def the_case() -> Case:
    return PublicRequest.objects.select_related("case__hand_over", "case__record").get().case


# What is asked becomes a hand-over


def test_what_is_asked_becomes_a_hand_over_to_the_front_door_of_the_area(client: Client, door: Service) -> None:
    answer = send(client)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/help-for-me/received/?of=")
    case = the_case()
    hand_over, record = case.hand_over, case.record
    assert (hand_over.receiver, hand_over.sender) == (door, public_page())
    assert case.strands.get(name="main").state == "sent"
    assert (hand_over.basis, hand_over.urgent, hand_over.opioid_agonist_medicine) == ("agreed", "no", "not_known")
    assert hand_over.asked == ANSWERS["words"]
    assert hand_over.safe_contact == (
        "Telephone 07700 900123. A message may be left, but must not say who we are or what it is about. "
        "Good time: mornings."
    )
    assert (record.given_name, record.telephone, record.area) == ("Sam", "07700 900123", LEEDS)
    assert "07700" not in record.safe_contact
    assert [step.verb for step in case.steps.order_by("version")] == ["draft", "send"]
    assert set(Due.objects.filter(case=case).values_list("clock", flat=True)) == {"HOV-C01", "HOV-C02", "HOV-C04"}
    asked = Event.objects.get(verb="help.asked")
    assert (asked.person, asked.service, asked.user) == (case.person_id, hand_over.sender_id, None)


def test_it_arrives_on_today_of_the_front_door_and_can_be_opened_accepted_seen_and_closed(
    client: Client, keyworker: Actor, door: Service
) -> None:
    send(client)
    case = the_case()
    outbox.deliver(timezone.now())
    staff = worlds.signed_in(keyworker)
    today = staff.get("/").content.decode()
    assert "Sam: hand-over from The public page" in today
    assert "Somebody to talk to" not in staff.get(f"/cases/{case.pk}/").content.decode(), "it is not opened yet"
    now = timezone.now()
    engine.take(by=keyworker, at=now, case=case.pk, verb="open_by_receiver", facts={})
    page = staff.get(f"/cases/{case.pk}/").content.decode()
    assert "Somebody to talk to about drinking" in page
    assert "Nobody yet" in page
    assert "Aire Recovery is asked" in page
    assert PublicRequest.objects.get().reference in page
    assert "The public page: " not in page
    assert 'href="tel:"' not in page
    reason = {"no_appointment_reason": "We ring on Monday", "coordination_owner": keyworker.user}
    engine.take(by=keyworker, at=now, case=case.pk, verb="accept", facts=reason)
    own = Record.objects.get(person=case.person_id, service=keyworker.service)
    assert (own.given_name, own.telephone) == ("Sam", "07700 900123")
    seen = {"contact_date": "2026-11-24", "heard_from": "seen by me"}
    engine.take(by=keyworker, at=now, case=case.pk, verb="record_contact", facts=seen)
    ended = {"outcome": "seen_no_treatment", "opioid_agonist_medicine": "no"}
    engine.take(by=keyworker, at=now, case=case.pk, verb="close", facts=ended)
    assert "closed" in case.strands.values_list("state", flat=True)
    told = set(Message.objects.filter(case=case.pk).values_list("service", flat=True))
    assert told == {door.pk}, "nothing is said to stand on the Today of a service that nobody works for"


def test_the_history_says_that_the_page_sent_it_and_no_user_did(
    client: Client, keyworker: Actor, door: Service
) -> None:
    send(client)
    case = the_case()
    engine.take(by=keyworker, at=timezone.now(), case=case.pk, verb="open_by_receiver", facts={})
    page = worlds.signed_in(keyworker).get(f"/cases/{case.pk}/").content.decode()
    assert re.search(r"Hand-over sent.{0,200}The public page", page, re.DOTALL)


def test_a_missed_deadline_climbs_the_ladder_of_the_front_door(client: Client, door: Service) -> None:
    send(client)
    case = the_case()
    for hours in (80, 160):
        engine.sweep(timezone.now() + timedelta(hours=hours))
    assert HandOver.objects.get(pk=case.pk).ladder in ("service manager", "provider lead")
    assert set(Message.objects.filter(case=case.pk).values_list("service", flat=True)) == {door.pk}


@pytest.mark.parametrize("verb", ["decline", "ask_question"])
def test_what_nobody_would_ever_read_is_neither_offered_nor_taken(
    client: Client, keyworker: Actor, door: Service, verb: str
) -> None:
    send(client)
    case = the_case()
    engine.take(by=keyworker, at=timezone.now(), case=case.pk, verb="open_by_receiver", facts={})
    staff = worlds.signed_in(keyworker)
    for address in ("/", f"/cases/{case.pk}/"):
        assert f"/cases/{case.pk}/{verb}/" not in staff.get(address).content.decode()
    answer = staff.get(f"/cases/{case.pk}/{verb}/")
    assert answer.status_code == 409
    assert "AH-111" in answer.content.decode()
    page = staff.get(f"/cases/{case.pk}/").content.decode()
    assert "(sender)" not in page, "no act is said to be for a sender who is not there"
    facts = {"decline_reason": "not_our_area", "question": "Who?", "call_back_number": "020 7946 0002"}
    with pytest.raises(Refused, match="AH-111"):
        engine.take(by=keyworker, at=timezone.now(), case=case.pk, verb=verb, facts=facts)


def test_a_hand_over_between_services_can_still_be_declined(keyworker: Actor, door: Service) -> None:
    sender = worlds.worker()
    hand_over = worlds.sent(sender, worlds.person(sender), door)
    worlds.take(keyworker, hand_over, "open_by_receiver")
    page = worlds.signed_in(keyworker).get(f"/cases/{hand_over.case_id}/").content.decode()
    assert f"/cases/{hand_over.case_id}/decline/" in page
    worlds.take(keyworker, hand_over, "decline", decline_reason="not_our_area")


def test_once_it_is_sent_the_page_can_take_no_further_step(client: Client, door: Service) -> None:
    send(client)
    page = public_page()
    assert page is not None
    for verb in ("withdraw", "reroute", "send"):
        with pytest.raises(Refused, match="PR-202"):
            engine.take(
                by=actor_of_public_page(page), at=timezone.now(), case=the_case().pk, verb=verb, facts={"reason": "x"}
            )


# For somebody else


def test_whoever_asks_for_another_is_reached_and_the_person_is_not(
    client: Client, keyworker: Actor, door: Service
) -> None:
    send(client, FOR_ANOTHER)
    case = the_case()
    hand_over, record = case.hand_over, case.record
    assert hand_over.basis == "asked_for_them"
    assert Grant.objects.get(service=door, kind=Grant.HAND_OVER).basis.endswith("the person has not agreed yet")
    assert "does not know that they asked" in hand_over.reason
    assert hand_over.safe_contact.startswith("Speak first with Maria, who asked. Telephone 07700 900123.")
    assert "do not ring, write to or visit the person" in hand_over.safe_contact
    assert (record.given_name, record.telephone) == ("Robin", "")
    assert "Maria" not in record.safe_contact
    assert "07700" not in record.safe_contact
    words = FOR_ANOTHER["words"]
    request = PublicRequest.objects.get()
    assert (request.for_whom, request.knows, request.words) == ("other", "no", words)
    assert words not in f"{hand_over.reason} {hand_over.asked} {hand_over.safe_contact}"
    assert PublicRequest.category == "domestic_abuse_third_party"
    now = timezone.now()
    engine.take(by=keyworker, at=now, case=case.pk, verb="open_by_receiver", facts={})
    reason = {"no_appointment_reason": "We ring Maria", "coordination_owner": keyworker.user}
    engine.take(by=keyworker, at=now, case=case.pk, verb="accept", facts=reason)
    own = Record.objects.get(person=case.person_id, service=keyworker.service)
    assert (own.telephone, "speak with whoever asked first" in own.safe_contact) == ("", True)
    assert words not in str(list(StepTaken.objects.values_list("facts", flat=True)))


@pytest.mark.parametrize(("role", "reads"), [("keyworker", True), ("service_manager", True), ("front_desk", False)])
def test_words_about_somebody_else_are_read_by_whom_they_were_sent_to_in_roles_that_may_read_such_words(
    client: Client, keyworker: Actor, door: Service, role: str, reads: bool
) -> None:
    send(client, FOR_ANOTHER)
    case = the_case()
    engine.take(by=keyworker, at=timezone.now(), case=case.pk, verb="open_by_receiver", facts={})
    page = worlds.signed_in(worlds.worker(role, door)).get(f"/cases/{case.pk}/")
    assert page.status_code == 200
    assert (escape(FOR_ANOTHER["words"]) in page.content.decode()) is reads
    assert ("Not for your role" in page.content.decode()) is not reads


def test_what_is_answered_only_for_somebody_else_is_left_out_when_one_asks_for_oneself(
    client: Client, door: Service
) -> None:
    send(client, {**ANSWERS, "asked_by": "Maria", "knows": "no"})
    assert PublicRequest.objects.get().knows == ""
    assert "Maria" not in the_case().hand_over.safe_contact


# Nothing is given away


def test_somebody_who_is_known_is_not_found_and_the_page_asks_the_same_of_the_database(
    client: Client, keyworker: Actor, door: Service
) -> None:
    def statements(answers: dict[str, str], number: str) -> list[str]:
        with CaptureQueriesContext(connection) as sent:
            assert send(Client(), answers, stamp(number=number)).status_code == 302
        return [re.sub(r"'[^']*'|_x\d+|\b\d+\b", "?", query["sql"])[:60] for query in sent.captured_queries]

    known = worlds.person(keyworker, "Sam", "", date(1986, 3, 3), telephone="07700 900123")
    birth = born(3, 3, 1986)
    statements({**ANSWERS, **birth}, "1" * 32)  # the first fills what is kept in memory
    of_known = statements({**ANSWERS, **birth}, "2" * 32)
    of_stranger = statements({**ANSWERS, **birth, "name": "Unheard"}, "3" * 32)
    assert of_known == of_stranger
    assert not Record.objects.filter(person=known.person_id).exclude(pk=known.pk).exists()
    assert Person.objects.count() == 4


def test_what_says_that_it_was_received_names_no_service_and_nothing_that_was_said(
    client: Client, door: Service
) -> None:
    page = client.get(send(client).headers["Location"])
    text = page.content.decode()
    assert page.headers["Cache-Control"] == "no-store"
    assert "<title>Thank you</title>" in text
    assert PublicRequest.objects.get().reference in text
    assert door.telephone in text
    for given_away in ("Sam", "Aire", "Recovery", "drink", "drug", "alcohol", "Throughcare ", "treatment"):
        assert given_away.lower() not in text.lower()
    due = Due.objects.get(clock="HOV-C04").due_at
    assert f"{due.astimezone(timezone.get_default_timezone()):%a}" in text


def test_reading_it_again_does_nothing_and_after_a_day_it_says_nothing(
    client: Client, door: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = send(client).headers["Location"]
    before = stored()
    assert client.get(address).content == client.get(address).content
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr("throughcare.handovers.views.public_request.timezone.now", lambda: later)
    assert PublicRequest.objects.get().reference not in client.get(address).content.decode()
    assert stored() == before


@pytest.mark.parametrize("of", ["", "BCDF-GHJK", "BCDF-GHJK:forged", "\x00"])
def test_a_number_that_was_guessed_or_forged_shows_nothing(client: Client, door: Service, of: str) -> None:
    send(client)
    page = client.get("/help-for-me/received/", {"of": of})
    assert page.status_code == 200
    assert "There is nothing more to see here" in page.content.decode()
    assert door.telephone not in page.content.decode()


def test_the_page_names_no_product_and_can_be_left_without_a_script(client: Client, door: Service) -> None:
    text = client.get(URL).content.decode()
    assert "<title>Ask for help</title>" in text
    body = re.sub(r'(href|src)="/static/[^"]*"', "", text)
    assert "throughcare" not in body.lower()
    exits = re.findall(r"<a [^>]*govuk-js-exit-this-page[^>]*>", text)
    assert len(exits) == 2
    for link in exits:
        assert 'href="https://www.bbc.co.uk/weather"' in link
        assert 'rel="nofollow noreferrer"' in link
    assert 'href="tel:999"' in text


def test_a_form_that_a_browser_without_cookies_sends_is_given_back_without_the_name_of_the_product(
    door: Service,
) -> None:
    page = Client(enforce_csrf_checks=True).post(URL, {**ANSWERS, "key": stamp()})
    text = re.sub(r'(href|src)="/static/[^"]*"', "", page.content.decode())
    assert page.status_code == 403
    assert ANSWERS["words"] in text
    assert "throughcare" not in text.lower()
    assert "bbc.co.uk/weather" in text
    assert not PublicRequest.objects.exists()


# Machines, and people who are taken for them


def refused(answer: Any, number: str, status: int = 422) -> str:
    """Assert that it was given back with that number and with what was typed."""
    text: str = answer.content.decode()
    assert answer.status_code == status
    assert number in text
    assert escape(ANSWERS["words"]) in text
    assert 'value="07700 900123"' in text
    return text


def key_in(text: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', text)
    assert found
    return found[1]


def test_a_box_for_machines_that_is_filled_in_is_shown_and_can_be_emptied(client: Client, door: Service) -> None:
    before = stored()
    text = refused(send(client, {**ANSWERS, "website": "https://spam.example"}), "AH-101")
    assert stored() == before
    assert "https://spam.example" in text
    assert 'tabindex="-1"' not in text, "it is reached with the keyboard now"
    assert send(client, {**ANSWERS, "website": ""}, key_in(text)).status_code == 302


def test_a_form_sent_at_once_is_asked_to_be_sent_again_and_is_then_taken(
    client: Client, door: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored()
    text = refused(send(client, key=stamp(timedelta())), "AH-102")
    assert stored() == before
    later = timezone.now() + timedelta(seconds=4)
    monkeypatch.setattr("throughcare.handovers.views.public_request.timezone.now", lambda: later)
    assert send(client, key=key_in(text)).status_code == 302


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(stamp(timedelta(days=1, minutes=1)), id="a day old"),
        "",
        "x",
        "a.1:b",
        "\x00",
        "é" * 150,
    ],
)
def test_a_form_left_open_for_a_day_or_without_our_stamp_is_asked_to_be_sent_again_in_the_same_words(
    client: Client, door: Service, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored()
    text = refused(client.post(URL, {**ANSWERS, "key": key}), "AH-102")
    assert stored() == before
    later = timezone.now() + timedelta(seconds=4)
    monkeypatch.setattr("throughcare.handovers.views.public_request.timezone.now", lambda: later)
    assert send(client, key=key_in(text)).status_code == 302


def test_the_same_form_sent_twice_makes_one_request_and_is_answered_alike(client: Client, door: Service) -> None:
    first = send(client)
    before = stored()
    assert send(client).headers["Location"] == first.headers["Location"]
    assert stored() == before


def test_the_same_form_with_other_answers_is_given_back_to_be_sent_as_a_new_one(
    client: Client, door: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client)
    text = refused(send(client, {**ANSWERS, "name": "Alex"}), "PR-203")
    assert PublicRequest.objects.count() == 1
    later = timezone.now() + timedelta(seconds=4)
    monkeypatch.setattr("throughcare.handovers.views.public_request.timezone.now", lambda: later)
    assert send(client, {**ANSWERS, "name": "Alex"}, key_in(text)).status_code == 302
    assert PublicRequest.objects.count() == 2


def knocked(times: int, at: datetime, source: str = "") -> None:
    Knock.objects.bulk_create(Knock(at=at, source=source or f"{n:040}") for n in range(times))


def test_from_one_connection_only_so_many_are_taken_in_an_hour(client: Client, door: Service) -> None:
    here = actions.source_of("127.0.0.1", timezone.now())
    knocked(MOST_FROM_ONE, timezone.now(), here)
    before = stored()
    text = refused(send(client), "AH-103", 429)
    assert f"Ring {door.telephone}" in text
    assert stored() == before
    elsewhere = send(client, headers={"x-forwarded-for": "203.0.113.9"})
    assert elsewhere.status_code == 302, "a proxy on this machine is believed"


def test_a_forwarded_address_is_believed_from_this_machine_alone(client: Client, door: Service) -> None:
    knocked(MOST_FROM_ONE, timezone.now(), actions.source_of("203.0.113.9", timezone.now()))
    answer = send(client, REMOTE_ADDR="203.0.113.9", headers={"x-forwarded-for": "198.51.100.7"})
    refused(answer, "AH-103", 429)


def test_from_everywhere_only_so_many_are_taken_in_an_hour_and_those_of_the_hour_before_do_not_count(
    client: Client, door: Service
) -> None:
    now = timezone.now()
    knocked(MOST_IN_ALL, now - WINDOW - timedelta(seconds=1))
    assert send(client, key=stamp(number="b" * 32)).status_code == 302
    knocked(MOST_IN_ALL - 1, now)
    refused(send(client), "AH-104", 429)


def test_a_form_that_was_taken_is_answered_although_the_limit_is_reached_since(client: Client, door: Service) -> None:
    first = send(client)
    knocked(MOST_IN_ALL, timezone.now())
    assert send(client).headers["Location"] == first.headers["Location"]


def test_what_no_limit_looks_at_any_more_is_forgotten(client: Client, door: Service) -> None:
    now = timezone.now()
    knocked(3, now - WINDOW)
    knocked(2, now)
    assert actions.forget_knocks(now) == 3
    assert Knock.objects.count() == 2


def test_no_address_is_kept(client: Client, door: Service) -> None:
    send(client, REMOTE_ADDR="203.0.113.9")
    assert "203.0.113" not in Knock.objects.get().source


# Answers that cannot be taken


@pytest.mark.parametrize(
    ("change", "number", "field"),
    [
        ({"area": ""}, "FM-101", "area"),
        ({"area": YORK}, "FM-103", "area"),
        ({"area": "X99000001"}, "FM-103", "area"),
        ({"area": "Leeds"}, "FM-103", "area"),
        ({"for_whom": "everybody"}, "FM-103", "for_whom"),
        ({"for_whom": "other", "asked_by": "Maria"}, "AH-106", "knows"),
        ({"for_whom": "other", "knows": "yes"}, "AH-107", "asked_by"),
        ({"telephone": ""}, "AH-108", "telephone"),
        ({"telephone": "12345"}, "AH-109", "telephone"),
        ({"telephone": "ring my mum"}, "AH-109", "telephone"),
        ({"telephone": "", "email": "sam at example"}, "FM-102", "email"),
        ({"telephone": "", "email": "sam@example.org", "message": "none"}, "AH-112", "message"),
        ({"message": ""}, "FM-101", "message"),
        ({"name": ""}, "FM-101", "name"),
        ({"name": "🙂"}, "AH-110", "name"),
        ({"name": "Sam\u202e"}, "PE-106", "name"),
        ({"name": "n" * 81}, "FM-104", "name"),
        ({"words": "w" * 1001}, "FM-104", "words"),
        ({"good_time": "t" * 81}, "FM-104", "good_time"),
        ({"words": "a\x00b"}, "FM-114", "words"),
        (
            {"date_of_birth_day": "1", "date_of_birth_month": "1", "date_of_birth_year": "2090"},
            "PE-102",
            "date_of_birth",
        ),
        (
            {"date_of_birth_day": "31", "date_of_birth_month": "2", "date_of_birth_year": "1990"},
            "FM-108",
            "date_of_birth",
        ),
    ],
)
def test_an_answer_that_cannot_be_taken_is_shown_at_its_field_and_nothing_is_stored(
    client: Client, door: Service, change: dict[str, str], number: str, field: str
) -> None:
    before = stored()
    answer = send(client, {**ANSWERS, **change})
    assert answer.status_code == 422
    assert any(str(error).startswith(number) for error in answer.context["form"].errors[field])
    assert stored() == before, "not even a refusal: machines could fill the record with them"
    text = answer.content.decode()
    assert "mornings" in text or "good_time" in change
    assert "Error: Ask for help" in text


@pytest.mark.parametrize(
    "name",
    [
        "张伟",
        "محمد",
        "Ольга",
        "नेहा",
        "Anaïs",
        "O'Brien-Śmith",
        "Nguyễn Thị Minh Khai",
        "Sam 🙂",
        "👨\u200d👩\u200d👧 Kim",
        "n" * 80,
    ],
)
def test_a_name_in_any_script_of_any_length_arrives_as_it_was_typed(
    client: Client, keyworker: Actor, door: Service, name: str
) -> None:
    assert send(client, {**FOR_ANOTHER, "name": name, "asked_by": name}).status_code == 302
    case = the_case()
    assert case.record.given_name == name
    page = worlds.signed_in(keyworker).get(f"/cases/{case.pk}/").content.decode()
    assert escape(name) in page


def test_the_longest_answers_that_are_taken_fit_where_they_are_kept(client: Client, door: Service) -> None:
    longest = {
        "name": "n" * 80,
        "telephone": "+44 (0) 7700 900 123 ext. 123456",
        "email": f"{'e' * 50}@{'d' * 60}.{'org' * 2}",
        "good_time": "t" * 80,
        "words": "w" * 1000,
    }
    for whom in (ANSWERS, FOR_ANOTHER):
        key = stamp(number=whom["for_whom"] * 4)
        assert send(client, {**whom, **longest, "asked_by": "a" * 80}, key).status_code == 302
    for record in Record.objects.all():
        assert len(record.safe_contact) <= Record._meta.get_field("safe_contact").max_length


# Areas and their front doors


def test_where_no_service_answers_the_page_says_where_to_turn_and_takes_nothing(client: Client) -> None:
    for answer in (client.get(URL), client.post(URL, ANSWERS)):
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "Nobody can be asked through this page yet" in text
        assert ">111</a>" in text
        assert "<form" not in text
    assert not Case.objects.exists()


def test_only_areas_with_a_front_door_are_offered_and_it_is_said_to_whom_it_goes(client: Client, door: Service) -> None:
    text = client.get(URL).content.decode()
    assert re.findall(r'<option value="([^"]*)"', text) == [LEEDS]
    assert "for Leeds: Aire Recovery" in text
    organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=door, area=YORK)
    text = client.get(URL).content.decode()
    assert re.findall(r'<option value="([^"]*)"', text) == ["", LEEDS, YORK]


def test_a_front_door_that_is_gone_when_the_form_is_taken_refuses_it(door: Service) -> None:
    page = public_page()
    assert page is not None
    with acting(SYSTEM, worlds.BEGAN):
        AreaServed.objects.update(front_door=False)
        say("prepared", by=SYSTEM, at=worlds.BEGAN)
    answers = actions.Asked(LEEDS, "self", "Sam", "07700 900123", "", "none")
    with pytest.raises(Refused, match="AH-105"):
        actions.ask(by=actor_of_public_page(page), at=worlds.BEGAN, asked=answers, key="k", source="s")


def test_an_area_has_one_front_door_and_naming_another_takes_its_place(door: Service) -> None:
    other = worlds.service("Ouse Recovery", areas=[LEEDS])
    organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=other, area=LEEDS)
    assert front_doors() == {LEEDS: other}
    named = Event.objects.filter(verb="front_door.named").order_by("-seq")
    assert (named[0].subject, len(named)) == (f"service {other.pk}", 2)
    assert Service.objects.filter(kind="public page").count() == 1
    with pytest.raises(IntegrityError), acting(SYSTEM, worlds.BEGAN):
        AreaServed.objects.filter(area=LEEDS).update(front_door=True)


def test_a_front_door_serves_its_area_from_then_on_and_takes_hand_overs(keyworker: Actor) -> None:
    team = worlds.service(areas=[YORK])
    organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=team, area=LEEDS)
    assert set(team.areas.values_list("area", "front_door")) == {(YORK, False), (LEEDS, True)}
    closed = worlds.service(takes_hand_overs=False)
    with pytest.raises(Refused, match="OR-107"):
        organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=closed, area=YORK)
    with pytest.raises(Refused, match="OR-101"):
        organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=team, area="E99999999")
    assert front_doors() == {LEEDS: team}


def test_nobody_works_for_the_public_page_and_nothing_is_handed_over_to_it(keyworker: Actor, door: Service) -> None:
    page = public_page()
    assert page is not None
    with pytest.raises(Refused, match="OR-108"):
        worlds.worker("keyworker", page)
    with pytest.raises(Refused, match="HO-101"):
        worlds.drafted(keyworker, worlds.person(keyworker), page)


def test_the_page_reads_nothing_of_anybody(client: Client, door: Service) -> None:
    send(client)
    page = public_page()
    assert page is not None
    assert not worlds.visible_people(actor_of_public_page(page), timezone.now()).exists()


def test_statements_that_the_page_sends_do_not_grow_with_requests(client: Client, door: Service, queries: Any) -> None:
    for number in range(4):
        send(client, key=stamp(number=str(number) * 32))
    with queries(4):
        client.get(URL)


def test_the_moment_of_a_request_is_counted_in_the_hour_it_came_in() -> None:
    at = datetime(2026, 11, 24, 9, 59, tzinfo=UTC)
    assert actions.source_of("203.0.113.9", at) != actions.source_of("203.0.113.9", at + timedelta(minutes=1))


def test_today_of_the_front_door_asks_the_database_as_often_for_many_requests_as_for_one(
    keyworker: Actor, door: Service
) -> None:
    staff = worlds.signed_in(keyworker)

    def statements() -> int:
        with CaptureQueriesContext(connection) as sent:
            assert staff.get("/").status_code == 200
        return len(sent)

    send(Client(), key=stamp(number="a" * 32))
    engine.take(by=keyworker, at=timezone.now(), case=the_case().pk, verb="open_by_receiver", facts={})
    one = statements()
    for number in "bcdef":
        send(Client(), key=stamp(number=number * 32))
    for case in Case.objects.exclude(strands__state="opened"):
        engine.take(by=keyworker, at=timezone.now(), case=case.pk, verb="open_by_receiver", facts={})
    assert statements() == one
