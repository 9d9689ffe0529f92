"""Finding people, their pages, and opening a record: only inside what the asker may know."""

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import worlds
from django.db import connection
from django.test import Client

from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.organisations.models import Service
from throughcare.people import actions
from throughcare.people.actions import Identity
from throughcare.people.models import Identifier, Link, Record
from throughcare.people.queries import PAGE, Asked, page_by_name, search, visible_records
from throughcare.sharing.models import Grant, Person
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BORN = date(1986, 3, 3)
NHS, OTHER_NHS, PRISON = "9434765919", "4010232137", "A1234BC"


@pytest.fixture
def keyworker() -> Actor:
    return worlds.worker(at=worlds.service("Riverside, duty team"))


def names(actor: Actor, words: str = "", born: date | None = None) -> list[str]:
    """What a search finds: given and family names, in order."""
    found = search(actor, NOW, Asked(words=words, born=born)).order_by("family_key", "given_key")
    return [f"{record.given_name} {record.family_name}".strip() for record in found]


# Search


@pytest.mark.parametrize(
    ("given", "family", "typed"),
    [
        (
            "James",
            "Adeyemi",
            ["adey", "ADEYEMI", "jam", "james adeyemi", "Adeyemi, James", "j ade", "ade j", " adeyemi "],
        ),
        ("Siobhán", "O'Brien", ["obrien", "o'brien", "O’Brien", "siobhan o", "SIOBHÁN", "o'b siob"]),
        ("Łukasz", "Zieliński", ["lukasz", "zielinski", "ZIELIŃSKI", "łukasz zieliński", "luk zie"]),
        (
            "Jan",
            "van der Berg",
            ["van der berg", "van der", "jan van der berg", "vanderberg", "van der Berg, Jan", "jan van"],
        ),
        ("Mary Ann", "Campbell-Reid", ["mary ann", "mary", "campbell reid", "campbell-reid", "mary ann campbell reid"]),
        ("Nguyễn", "", ["nguyen", "ngu"]),
        ("", "Unknown", ["unknown"]),
    ],
)
def test_the_beginnings_of_names_find_a_person_however_they_are_typed(
    keyworker: Actor, given: str, family: str, typed: list[str]
) -> None:
    worlds.person(keyworker, given, family)
    worlds.person(keyworker, "Theodore", "Quist")
    for words in typed:
        assert names(keyworker, words) == [f"{given} {family}".strip()], words


@pytest.mark.parametrize("words", ["deyemi", "eyem", "jamie quist", "jamies", "adeyemi adeyemi", "_dey", "j%i"])
def test_what_is_not_the_beginning_of_a_name_finds_nobody(keyworker: Actor, words: str) -> None:
    worlds.person(keyworker, "Jamie", "Adeyemi")
    worlds.person(keyworker, "Theodore", "Quist")
    assert names(keyworker, words) == []


def test_the_beginning_of_a_preferred_name_finds_a_person_for_roles_that_read_it() -> None:
    keyworker = worlds.worker()
    here = Service.objects.get(pk=keyworker.service)
    worlds.person(keyworker, "James", "Adeyemi", preferred_name="Jay")
    assert names(keyworker, "jay") == names(keyworker, "Jay Ade") == ["James Adeyemi"]
    assert names(worlds.worker("peer_mentor", here), "jay") == ["James Adeyemi"]


def test_a_date_of_birth_finds_those_born_that_day_and_narrows_a_name(keyworker: Actor) -> None:
    worlds.person(keyworker, "James", "Adeyemi", BORN)
    worlds.person(keyworker, "James", "Brook", date(1990, 1, 1))
    worlds.person(keyworker, "James", "Cole")
    assert names(keyworker, born=BORN) == ["James Adeyemi"]
    assert names(keyworker, "james", BORN) == ["James Adeyemi"]
    assert names(keyworker, "brook", BORN) == []


@pytest.mark.parametrize("typed", [NHS, "943 476 5919", " 943-476-5919 "])
def test_a_whole_nhs_number_finds_its_owner_and_a_part_of_it_nobody(keyworker: Actor, typed: str) -> None:
    worlds.person(keyworker, "James", "Adeyemi", nhs_number="943 476 5919")
    worlds.person(keyworker, "Theodore", "Quist", nhs_number=OTHER_NHS)
    assert names(keyworker, typed) == ["James Adeyemi"]
    assert names(keyworker, NHS[:9]) == names(keyworker, "94") == []


@pytest.mark.parametrize("typed", [PRISON, "a1234bc", "A 1234 BC"])
def test_a_whole_prison_number_finds_its_owner(keyworker: Actor, typed: str) -> None:
    worlds.person(keyworker, "James", "Adeyemi", prison_number="a1234bc")
    assert names(keyworker, typed) == ["James Adeyemi"]
    assert names(keyworker, "A1234") == []


SECRETS = ["Adeyemi", "James", NHS, PRISON]


def test_nobody_is_found_who_is_known_to_another_service_alone() -> None:
    worlds.person(worlds.worker(), "James", "Adeyemi", BORN, nhs_number=NHS, prison_number=PRISON)
    stranger = worlds.worker()
    for words in SECRETS:
        assert names(stranger, words) == []
    assert names(stranger, born=BORN) == names(stranger) == []


def test_a_number_that_only_another_organisation_recorded_finds_nobody() -> None:
    """Both know the person; the number is the other's alone, and finding by it would say so."""
    prison, community = worlds.worker("prison_drug_worker"), worlds.worker()
    theirs = worlds.person(prison, "James", "Adeyemi", prison_number=PRISON, nhs_number=NHS)
    actions.open_record(
        by=community,
        at=worlds.BEGAN,
        person=Person.objects.get(pk=theirs.person_id),
        identity=Identity(given_name="James", family_name="Adeyemi-Brown"),
        reason="New to this service",
    )
    assert names(community, "james") == ["James Adeyemi-Brown"], "one's own record, and only that"
    assert names(community, PRISON) == names(community, NHS) == []
    assert names(prison, PRISON) == ["James Adeyemi"]


@pytest.mark.parametrize("role", ["peer_mentor", "employment_specialist"])
def test_a_role_that_reads_a_name_alone_cannot_find_by_date_of_birth_or_number(keyworker: Actor, role: str) -> None:
    here = Service.objects.get(pk=keyworker.service)
    worlds.person(keyworker, "James", "Adeyemi", BORN, nhs_number=NHS, prison_number=PRISON)
    worlds.person(keyworker, "Theodore", "Quist", date(1990, 1, 1))
    reader = worlds.worker(role, here)
    assert names(reader, "jam") == ["James Adeyemi"]
    for typed in (NHS, PRISON):
        assert names(reader, typed) == [], "found by a number that this role may not read"
    for born in (BORN, date(1990, 1, 1), date(1950, 1, 1)):
        assert names(reader, born=born) == [], "the answer must not depend on the date typed, nor seem to fit it"


def test_a_role_that_reads_dates_of_birth_and_no_numbers_finds_by_the_one_and_not_the_other(keyworker: Actor) -> None:
    worlds.person(keyworker, "James", "Adeyemi", BORN, nhs_number=NHS)
    worlds.person(keyworker, "Theodore", "Quist")
    reader = worlds.worker("housing_worker", Service.objects.get(pk=keyworker.service))
    assert names(reader, born=BORN) == ["James Adeyemi"]
    assert names(reader, NHS) == []


def test_a_page_shows_a_date_of_birth_only_to_roles_that_read_it(keyworker: Actor) -> None:
    record = worlds.person(keyworker, "James", "Adeyemi", BORN, address="3 Weir Street", telephone="07700 900001")
    here = Service.objects.get(pk=keyworker.service)
    for role, shown in (("keyworker", True), ("housing_worker", True), ("peer_mentor", False)):
        client = worlds.signed_in(worlds.worker(role, here))
        for url in ("/people/", f"/people/{record.person_id}/"):
            page = client.get(url).content.decode()
            assert ("3 Mar 1986" in page) is shown, (role, url)
        assert ("3 Weir Street" in page) is (role == "keyworker")


# Lists


def test_paging_visits_each_person_once_in_order_of_name(keyworker: Actor) -> None:
    for number in range(PAGE * 2 + 7):
        worlds.person(keyworker, ["Ann", "Ben", "Łucja"][number % 3], ["Adeyemi", "O'Brien", "Øster"][number // 20 % 3])
    seen: list[Record] = []
    after = ""
    for _ in range(3):
        page = page_by_name(visible_records(keyworker, NOW), after)
        seen += page.rows
        after = page.after
    assert after == ""
    assert len(seen) == len({record.pk for record in seen}) == PAGE * 2 + 7
    keys = [(record.family_key, record.given_key, record.pk) for record in seen]
    assert keys == sorted(keys)


def test_somebody_entered_between_two_pages_moves_nobody_out_of_sight(keyworker: Actor) -> None:
    for number in range(PAGE + 5):
        worlds.person(keyworker, "Ann", f"M{chr(ord('a') + number)}")
    first = page_by_name(visible_records(keyworker, NOW))
    worlds.person(keyworker, "Ann", "Aaa")
    second = page_by_name(visible_records(keyworker, NOW), first.after)
    assert len({record.pk for record in first.rows + second.rows}) == PAGE + 5


def test_a_list_of_exactly_one_page_has_no_next(keyworker: Actor) -> None:
    for _ in range(PAGE):
        worlds.person(keyworker)
    assert page_by_name(visible_records(keyworker, NOW)).after == ""


def test_the_next_page_keeps_what_was_asked(keyworker: Actor) -> None:
    for _ in range(PAGE + 1):
        worlds.person(keyworker, "James", "Adeyemi")
    worlds.person(keyworker, "Zoe", "Zabel")
    client = worlds.signed_in(keyworker)
    page = client.get("/people/", {"q": "ade"}).content.decode()
    link = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
    assert link
    second = client.get("/people/" + link[1].replace("&amp;", "&")).content.decode()
    assert second.count("Adeyemi, James") == 1
    assert "Zabel" not in second


@pytest.mark.parametrize(
    "typed",
    ["", "~", "~~", "a~b~c", "a~b~-1", "x" * 3000, f"a~b~{10**30}", "\x00", "\x00~a~1", "a~\x00~1", "a~b~٣", "a~b~²"],
)
def test_a_page_key_that_was_tampered_with_breaks_nothing(keyworker: Actor, typed: str) -> None:
    worlds.person(keyworker)
    assert worlds.signed_in(keyworker).get("/people/", {"after": typed}).status_code == 200


@pytest.mark.parametrize(
    "typed",
    [
        {"q": "\x00"},
        {"q": "x" * 5000},
        {"q": "'; DROP TABLE people_record; --"},
        {"q": "a " * 50},
        {"q": "<script>alert(1)</script>"},
        {"born_day": "31", "born_month": "2", "born_year": "1986"},
        {"born_day": "x", "born_month": "", "born_year": "99999999999"},
        {"q": "💊"},
    ],
)
def test_nothing_that_can_be_typed_into_the_search_breaks_it(keyworker: Actor, typed: dict[str, str]) -> None:
    worlds.person(keyworker)
    page = worlds.signed_in(keyworker).get("/people/", typed)
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert Record.objects.count() == 1


# Cost


def people_of(keyworker: Actor, count: int) -> None:
    for _ in range(count):
        worlds.person(keyworker, "James", "Adeyemi", BORN)


def test_a_list_costs_two_statements_beyond_the_fixed_cost_however_long_it_is(keyworker: Actor) -> None:
    client = worlds.signed_in(keyworker)
    costs = []
    for further in (1, 9, 40):
        people_of(keyworker, further)
        costs.append(len(worlds.own_statements(client, "/people/", look=1)))
        costs.append(len(worlds.own_statements(client, "/people/?q=ade", look=1)))
    assert len(set(costs)) == 1
    assert costs[0] <= 2


def test_a_person_costs_five_statements_beyond_the_fixed_cost_however_much_is_known() -> None:
    prison = worlds.site()
    worker = worlds.worker("prison_drug_worker", worlds.service(sites=[prison]))
    record = worlds.person(worker, "James", "Adeyemi", BORN, nhs_number=NHS, safe_contact="After 4pm")
    assert connection.features.supports_json_field  # asked of SQLite once for each connection, not for each page
    costs = [len(worlds.own_statements(worlds.signed_in(worker), f"/people/{record.person_id}/", look=2))]
    worlds.held(record, prison)
    for _ in range(4):
        worlds.sent(worker, record, worlds.service())
        client = worlds.signed_in(worlds.worker("prison_drug_worker", Service.objects.get(pk=worker.service)))
        costs.append(len(worlds.own_statements(client, f"/people/{record.person_id}/", look=2)))
    assert max(costs) <= 5
    assert len(set(costs[1:])) == 1


def test_a_second_look_within_the_hour_costs_one_statement_less(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    client = worlds.signed_in(keyworker)
    worlds.own_statements(client, f"/people/{record.person_id}/", look=2)
    worlds.own_statements(client, f"/people/{record.person_id}/", look=1)


def test_opening_a_record_costs_the_same_however_many_there_are(
    keyworker: Actor, queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    for _ in range(2):
        with queries(14):
            worlds.person(keyworker, nhs_number=NHS)


# Opening a record


def post(client: Client, **typed: str) -> Any:
    """Fill in the form afresh and send it, unless the number of an earlier one is given."""
    return client.post("/people/new/", {"key": uuid.uuid4().hex, **typed})


def test_a_record_is_opened_with_its_person_link_grant_and_event(keyworker: Actor) -> None:
    answer = post(
        worlds.signed_in(keyworker),
        given_name=" James ",
        family_name="Adeyemi",
        date_of_birth_day="3",
        date_of_birth_month="3",
        date_of_birth_year="1986",
        nhs_number="943 476 5919",
        prison_number="a1234bc",
    )
    record = Record.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/people/{record.person_id}/")
    assert (record.given_name, record.given_key, record.family_key, record.date_of_birth) == (
        "James",
        "james",
        "adeyemi",
        BORN,
    )
    assert (record.service_id, record.organisation_id) == (keyworker.service, keyworker.organisation)
    assert set(Identifier.objects.values_list("kind", "value")) == {("nhs_number", NHS), ("prison_number", PRISON)}
    link = Link.objects.get()
    assert (link.record_id, link.from_person_id, link.to_person_id, link.by_id) == (
        record.pk,
        None,
        record.person_id,
        keyworker.user,
    )
    grant = Grant.objects.get()
    assert (grant.person_id, grant.record, grant.service_id, grant.kind, grant.until) == (
        record.person_id,
        record.pk,
        keyworker.service,
        Grant.OWN,
        None,
    )
    event = Event.objects.get(verb="record.opened")
    assert (event.person, event.record, event.user) == (record.person_id, record.pk, keyworker.user)


FAULTY: dict[str, tuple[dict[str, str], str, str]] = {
    "no name at all": ({"nhs_number": NHS, "address": "3 Weir Street"}, "PE-101", "3 Weir Street"),
    "a name of signs alone": ({"given_name": "-", "family_name": "..."}, "PE-101", 'value="..."'),
    "born tomorrow or later": (
        {"family_name": "Adeyemi", "date_of_birth_day": "1", "date_of_birth_month": "1", "date_of_birth_year": "2090"},
        "PE-102",
        'value="2090"',
    ),
    "a check digit that does not agree": (
        {"family_name": "Adeyemi", "nhs_number": "943 476 5918"},
        "PE-103",
        'value="943 476 5918"',
    ),
    "a prison number that is none": ({"family_name": "Adeyemi", "prison_number": "A12BC"}, "PE-104", 'value="A12BC"'),
}


@pytest.mark.parametrize("case", FAULTY)
def test_a_faulty_identity_is_numbered_and_what_was_typed_stays_on_the_page(keyworker: Actor, case: str) -> None:
    typed, number, kept = FAULTY[case]
    page = post(worlds.signed_in(keyworker), **typed, safe_contact="After 4pm, no messages")
    words = page.content.decode()
    assert page.status_code == 422
    assert number in words
    assert kept in words
    assert "After 4pm, no messages" in words
    assert not Record.objects.exists()
    assert not Person.objects.exists()
    assert Event.objects.latest("seq").subject == number


def test_every_fault_is_said_at_once(keyworker: Actor) -> None:
    page = post(worlds.signed_in(keyworker), nhs_number="1", prison_number="1").content.decode()
    assert all(number in page for number in ("PE-101", "PE-103", "PE-104"))
    assert Event.objects.latest("seq").subject == "PE-101, PE-103, PE-104"


def test_a_day_that_does_not_exist_is_a_fault_and_no_record(keyworker: Actor) -> None:
    page = post(
        worlds.signed_in(keyworker),
        family_name="Adeyemi",
        date_of_birth_day="31",
        date_of_birth_month="2",
        date_of_birth_year="1986",
    )
    assert page.status_code == 422
    assert 'value="31"' in page.content.decode()
    assert not Record.objects.exists()


@pytest.mark.parametrize("born", [date(1899, 12, 31), date(2026, 11, 24)])
def test_nobody_is_born_before_1900_or_after_today(born: date) -> None:
    identity = Identity(given_name="", family_name="Adeyemi", date_of_birth=born)
    with pytest.raises(Refused, match="PE-102"):
        actions.register(by=worlds.worker(), at=worlds.BEGAN, identity=identity)


def test_today_is_the_day_in_london() -> None:
    """Half past midnight on 1 July in London is still 30 June in UTC."""
    late = datetime(2027, 6, 30, 23, 30, tzinfo=UTC)
    identity = Identity(given_name="", family_name="Adeyemi", date_of_birth=date(2027, 7, 1))
    assert actions.register(by=worlds.worker(), at=late, identity=identity).date_of_birth == date(2027, 7, 1)


def test_a_record_belongs_to_a_service() -> None:
    with pytest.raises(Refused, match="PE-105"):
        actions.register(by=SYSTEM, at=worlds.BEGAN, identity=Identity("James", "Adeyemi"))
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    "known",
    [
        {"given": "James", "family": "Adeyemi", "born": BORN},
        {"given": "James", "family": "Adeyemi"},
        {"given": "James", "family": "Adeyemi", "born": date(1968, 3, 3)},
        {"given": "JAMES", "family": "Adéyemi-Brown"},
    ],
)
def test_you_may_know_this_person_already(keyworker: Actor, known: dict[str, Any]) -> None:
    there = worlds.person(keyworker, **known)
    client = worlds.signed_in(keyworker)
    typed = {
        "given_name": "James",
        "family_name": "Adeyemi",
        "date_of_birth_day": "3",
        "date_of_birth_month": "3",
        "date_of_birth_year": "1986",
        "address": "3 Weir Street",
    }
    page = post(client, **typed)
    words = page.content.decode()
    assert "You may know this person already" in words
    assert f"/people/{there.person_id}/" in words
    assert "3 Weir Street" in words, "what was typed must stay"
    assert Record.objects.count() == 1
    assert post(client, **typed, checked="yes").status_code == 302
    assert Record.objects.count() == 2


def test_a_name_of_several_words_is_recognised_too(keyworker: Actor) -> None:
    worlds.person(keyworker, "Mary Ann", "van der Berg")
    page = post(worlds.signed_in(keyworker), given_name="Mary Ann", family_name="van der Berg")
    assert "You may know this person already" in page.content.decode()


def test_that_somebody_is_known_elsewhere_is_not_learnt_by_typing_their_name(keyworker: Actor) -> None:
    worlds.person(worlds.worker(), "James", "Adeyemi", BORN)
    answer = post(worlds.signed_in(keyworker), given_name="James", family_name="Adeyemi")
    assert answer.status_code == 302, "nothing is said of the other's record"
    assert Person.objects.count() == 2


def test_the_form_carries_a_number_of_its_own_each_time_it_is_opened(keyworker: Actor) -> None:
    client = worlds.signed_in(keyworker)
    numbers = {
        re.search(r'name="key" value="([0-9a-f]{32})"', client.get("/people/new/").content.decode()) for _ in "12"
    }
    assert len({number and number[1] for number in numbers}) == 2


@pytest.mark.parametrize("checked", [{}, {"checked": "yes"}])
def test_one_form_sent_twice_opens_one_record_and_both_answers_look_alike(
    keyworker: Actor, checked: dict[str, str]
) -> None:
    client = worlds.signed_in(keyworker)
    answers = [post(client, key="one-form", given_name=" James", family_name="Adeyemi", **checked) for _ in "12"]
    record = Record.objects.get()
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, f"/people/{record.person_id}/")] * 2
    assert Event.objects.filter(verb="record.opened").count() == 1


def test_a_form_that_opened_a_record_opens_no_other_and_gives_nothing_away(keyworker: Actor) -> None:
    post(worlds.signed_in(keyworker), key="one-form", family_name="Adeyemi")
    for who, family in ((keyworker, "Brook"), (worlds.worker(), "Adeyemi")):
        page = post(worlds.signed_in(who), key="one-form", family_name=family, address="3 Weir Street")
        assert page.status_code == 422
        assert all(words in page.content.decode() for words in ("PE-107", "3 Weir Street"))
    assert Record.objects.count() == 1


@pytest.mark.parametrize("role", ["commissioner", "data_protection_lead", "caldicott_guardian", "administrator", "cps"])
def test_roles_that_do_not_work_with_people_open_no_records(role: str) -> None:
    client = worlds.signed_in(worlds.worker(role))
    assert client.get("/people/new/").status_code == 403
    page = post(client, family_name="Adeyemi")
    assert page.status_code == 403
    assert "SH-101" in page.content.decode()
    assert not Record.objects.exists()
