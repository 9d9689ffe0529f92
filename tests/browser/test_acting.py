"""Acting once, acting together, going back; what is typed stays; what is not yours stays hidden."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from browser import acts
from playwright.sync_api import expect

SignIn = Callable[[Any, str], None]


def times(page: Any, case: int, words: str) -> int:
    """How often something stands in the history of a case."""
    page.goto(f"/cases/{case}/")
    titles: list[str] = page.locator(".tc-timeline__title").all_inner_texts()
    return titles.count(words)


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_double_click_writes_once_and_sends_once(open_page: Any, sign_in: SignIn, script: bool) -> None:
    page = open_page(java_script_enabled=script)
    sign_in(page, "prison_drug_worker")
    person = acts.open_record(page, "Araminta", f"Dalrymple-{'Scott' if script else 'Stone'}")
    page.goto(f"/people/{person}/hand-over/")
    acts.fill_in_hand_over(page)
    page.get_by_role("button", name="Keep the draft and check it").dblclick()
    expect(page.get_by_role("heading", name="Check what you are sending")).to_be_visible()
    case = acts.number_in(page.url, "cases")
    page.get_by_role("button", name="Send the hand-over").dblclick()
    expect(page.get_by_text("Hand-over sent", exact=True)).to_be_visible()
    assert times(page, case, "Hand-over sent") == 1
    page.goto(f"/people/{person}/")
    expect(page.get_by_role("link", name="Hand-over to Riverside Recovery, duty team")).to_have_count(1)


def test_the_second_of_two_is_told_who_did_what_and_keeps_what_was_typed(
    open_page: Any, page: Any, sign_in_as: SignIn, looks_right: Callable[[Any], None]
) -> None:
    other = open_page()
    sign_in_as(other, "prison_drug_worker")
    case = acts.send(other, "Barnaby", "Oyelaran-Wright")
    sign_in_as(page, "keyworker")
    acts.open_hand_over(page, case)
    page.goto(f"/cases/{case}/accept/")
    acts.fill_in_appointment(page, acts.in_days(4), place="The hut behind the library")

    sign_in_as(other, "service_manager")
    other.goto(f"/cases/{case}/ask_question/")
    other.get_by_label("Your question").fill("Who prescribes?")
    other.get_by_label("Number to call you back on").fill("0113 496 0181")
    acts.press(other, "Ask a question")
    expect(other.get_by_text("Question asked.")).to_be_visible()

    acts.press(page, "Accept the hand-over")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text(
        "PR-201 Somebody acted on this first: Maureen O'Hara (Riverside Recovery, duty team)"
    )
    expect(problem).to_contain_text("question")
    expect(page.get_by_label("Place")).to_have_value("The hut behind the library")
    looks_right(page)
    assert times(other, case, "Hand-over accepted") == 0
    acts.press(page, "Accept the hand-over")
    expect(page.get_by_text("Hand-over accepted.")).to_be_visible()
    expect(page.get_by_text("The hut behind the library").first).to_be_visible()


def test_of_two_who_accept_at_once_the_second_learns_who_was_first_and_keeps_what_was_typed(
    open_page: Any, screen: Any, sign_in_as: SignIn, looks_right: Callable[[Any], None], picture: Any
) -> None:
    page, other, size = screen, open_page(), screen.viewport_size
    sign_in_as(other, "prison_drug_worker")
    case = acts.send(other, "Ludovic", "Brathwaite" if size["width"] > 500 else "Brathwaite-Hale")
    sign_in_as(page, "keyworker")
    sign_in_as(other, "service_manager")
    acts.open_hand_over(page, case)
    for one, place in ((page, "The hut behind the library"), (other, "Riverside, room 4")):
        one.goto(f"/cases/{case}/accept/")
        acts.fill_in_appointment(one, acts.in_days(4), place=place)
    acts.press(other, "Accept the hand-over")
    expect(other.get_by_text("Hand-over accepted.")).to_be_visible()
    acts.press(page, "Accept the hand-over")
    expect(page.get_by_role("alert")).to_contain_text(
        "PR-201 Somebody acted on this first: Maureen O'Hara (Riverside Recovery, duty team)"
    )
    expect(page.get_by_label("Place")).to_have_value("The hut behind the library")
    picture(page, "somebody-was-first")
    looks_right(page)
    assert times(other, case, "Hand-over accepted") == 1


def test_neither_back_nor_refresh_repeats_an_act(page: Any, sign_in_as: SignIn) -> None:
    sign_in_as(page, "prison_drug_worker")
    case = acts.send(page, "Cordelia", "Vanterpool")
    page.reload()
    page.go_back()
    page.reload()
    assert times(page, case, "Hand-over sent") == 1
    sign_in_as(page, "keyworker")
    acts.open_hand_over(page, case)
    page.reload()
    page.goto(f"/cases/{case}/accept/")
    acts.fill_in_appointment(page, acts.in_days(5))
    acts.press(page, "Accept the hand-over")
    expect(page.get_by_text("Hand-over accepted.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("This cannot be done")
    page.go_forward()
    page.reload()
    assert times(page, case, "Hand-over accepted") == 1
    assert times(page, case, "Hand-over opened") == 1


def values(page: Any) -> dict[str, str]:
    """What stands in the form of the page, by the name of each box; buttons and hidden numbers left out."""
    form = page.locator("main form").last
    return dict(form.evaluate("f => [...new FormData(f)].filter(([n]) => !/csrf|version|key|checked/.test(n))"))


def test_what_was_typed_stays_when_a_form_has_errors(page: Any, sign_in_as: SignIn) -> None:
    def refused(button: str) -> dict[str, str]:
        typed = values(page)
        acts.press(page, button)
        expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
        assert values(page) == typed
        return typed

    page.goto("/sign-in/")
    page.get_by_label("E-mail address").fill("samuel.okoro@northbridge.example.org")
    page.get_by_label("Password").fill("wrong this time")
    acts.press(page, "Sign in")
    expect(page.get_by_label("E-mail address")).to_have_value("samuel.okoro@northbridge.example.org")
    expect(page.get_by_label("Password")).to_have_value("")

    sign_in_as(page, "prison_drug_worker")
    page.goto("/people/new/")
    for label in (
        "Given name",
        "Family name",
        "Preferred name",
        "Telephone",
        "Address",
        "NHS number",
        "Prison number",
    ):
        page.get_by_label(re.compile(f"^{label}")).fill(f"typed {label}")
    page.get_by_label("How, when and where").fill("Two\nlines, “quoted” & kept")
    page.get_by_label("Day").fill("31")
    page.get_by_label("Month").fill("02")
    page.get_by_label("Year").fill("86")
    assert len(refused("Open the record")) == 13

    person = acts.open_record(page, "Dorothea", "Pemberley-Okafor")
    page.goto(f"/people/{person}/hand-over/")
    acts.fill_in_hand_over(page, reason="")
    assert len(refused("Keep the draft and check it")) == 7
    page.get_by_label("Why, and what matters most").fill("Leaves on Friday.")
    acts.press(page, "Keep the draft and check it")
    case = acts.number_in(page.url, "cases")
    acts.press(page, "Send the hand-over")
    acts.wait_for_delivery(page)

    sign_in_as(page, "keyworker")
    acts.open_hand_over(page, case)
    page.goto(f"/cases/{case}/accept/")
    acts.fill_in_appointment(page, acts.in_days(0))
    page.get_by_label("If there is no appointment yet").fill("None, so far")
    page.get_by_label("Time").fill("half past two")
    page.get_by_label("Who coordinates").select_option(label="Beth Hargreaves")
    assert len(refused("Accept the hand-over")) == 7
    page.goto(f"/cases/{case}/ask_question/")
    page.get_by_label("Your question").fill("Who prescribes?")
    refused("Ask a question")
    page.goto(f"/cases/{case}/decline/")
    refused("Decline the hand-over")
    page.get_by_role("radio").first.check()
    acts.press(page, "Decline the hand-over")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("role", ["commissioner", "data_protection_lead", "housing_worker"])
def test_those_whose_business_it_is_not_learn_a_number_and_no_name(
    page: Any, open_page: Any, sign_in: SignIn, looks_right: Callable[[Any], None], role: str
) -> None:
    prison = open_page()
    sign_in(prison, "prison_drug_worker")
    family = f"Zetterlund-{role.replace('_', '-')}"
    case = acts.send(prison, "Ignatius", family)
    prison.goto(f"/cases/{case}/")
    person = acts.number_in(prison.locator(".tc-state a").get_attribute("href"), "people")

    sign_in(page, role)
    for address, number in (
        (f"/cases/{case}/", "PR-202"),
        (f"/cases/{case}/accept/", "PR-202"),
        (f"/people/{person}/", "SH-101"),
    ):
        answer = page.goto(address)
        assert answer.status == 403
        expect(page.get_by_text(number)).to_be_visible()
        assert "Ignatius" not in answer.text()
        assert "Zetterlund" not in answer.text()
    looks_right(page)
