"""Asking for help without an account, in a real browser: both widths, with and without a script."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from browser import acts
from django.core.signing import Signer
from playwright.sync_api import expect

Check = Callable[[Any], None]


def answer(page: Any, question: str, words: str) -> None:
    page.get_by_role("group", name=question).get_by_role("radio", name=words, exact=True).check()


def fill_in(page: Any, name: str = "Sam", *, other: bool = False) -> None:
    """Answer what somebody asks who is in a hurry."""
    answer(page, "Who is it for?", "Somebody I care about" if other else "Me")
    page.get_by_label("What name should we use?").fill(name)
    if other:
        page.get_by_label("If you ask for somebody else: what is your name?").fill("Maria")
        answer(page, "If you ask for somebody else: do they know?", "No")
    page.get_by_label("Your telephone number").fill("07700 900123")
    answer(page, "Is it safe to leave a message?", "No, leave no message")
    page.get_by_label("What would help?").fill("Somebody to talk to, on the telephone.")


def send(page: Any) -> None:
    """Send the form as if it had been open for as long as a person takes; the tests sign with the product's key."""
    opened = int(time.time()) - 60
    stamp = Signer(salt="throughcare.public-form").sign(f"{uuid.uuid4().hex}.{opened}")
    page.locator("[name=key]").evaluate("(key, stamp) => { key.value = stamp }", stamp)
    acts.press(page, "Send")
    expect(page).to_have_title("Thank you")


@pytest.mark.parametrize("scripted", [True, False], ids=["with a script", "without"])
def test_somebody_asks_for_help_from_the_sign_in_page_and_it_stands_on_today_of_the_front_door(
    open_page: Callable[..., Any], looks_right: Check, sign_in: Callable[[Any, str], None], scripted: bool
) -> None:
    page = open_page(java_script_enabled=scripted)
    name = f"Sam {'Scripted' if scripted else 'Plain'}"
    page.goto("/sign-in/")
    acts.follow(page.get_by_role("link", name="Ask for help"))
    expect(page).to_have_title("Ask for help")
    if scripted:
        looks_right(page)
    fill_in(page, name)
    send(page)
    expect(page).to_have_title("Thank you")
    reference = page.locator("main strong").first.inner_text()
    assert re.fullmatch(r"[2-9B-Z]{4}-[2-9B-Z]{4}", reference)
    if scripted:
        looks_right(page)
    page.reload()
    expect(page.get_by_text(reference)).to_be_visible()
    page.go_back()
    expect(page).to_have_title("Ask for help")
    assert page.get_by_label("What would help?").input_value() == ""
    sign_in(page, "keyworker")
    page.goto("/people/")
    page.goto("/hand-overs/?show=answer")
    acts.follow(page.get_by_role("link", name=name).first)
    acts.press(page, "Open the hand-over")
    expect(page.get_by_text("Nobody yet")).to_be_visible()
    expect(page.get_by_text(reference)).to_be_visible()
    expect(page.get_by_role("link", name="Decline the hand-over")).to_have_count(0)
    if scripted:
        looks_right(page)


def test_what_was_asked_for_somebody_else_says_whom_to_speak_with_first(
    screen: Any, looks_right: Check, sign_in: Callable[[Any, str], None], picture: Any
) -> None:
    screen.goto("/help-for-me/")
    fill_in(screen, "Robin Elsewhere", other=True)
    picture(screen, "public-form")
    send(screen)
    picture(screen, "public-received")
    sign_in(screen, "service_manager")
    screen.goto("/hand-overs/?show=answer")
    acts.follow(screen.get_by_role("link", name="Robin Elsewhere").first)
    acts.press(screen, "Open the hand-over")
    expect(screen.get_by_text("Speak first with Maria, who asked.")).to_be_visible()
    expect(screen.get_by_text("not the person’s own words")).to_be_visible()
    looks_right(screen)
    picture(screen, "front-door")


def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(screen: Any, looks_right: Check) -> None:
    screen.goto("/help-for-me/")
    screen.get_by_label("What would help?").fill("W" * 900)
    screen.get_by_label("What name should we use?").fill("N" * 80)
    acts.press(screen, "Send")
    expect(screen.get_by_role("heading", name="There is a problem")).to_be_visible()
    expect(screen).to_have_title("Error: Ask for help")
    looks_right(screen)
    assert screen.get_by_label("What would help?").input_value() == "W" * 900


def test_a_box_for_machines_is_out_of_sight_until_it_was_filled_in(screen: Any, looks_right: Check) -> None:
    screen.goto("/help-for-me/")
    fill_in(screen)
    box = screen.get_by_label("Leave this box empty")
    assert box.bounding_box()["width"] <= 40
    box.evaluate("box => { box.value = 'https://spam.example' }")
    acts.press(screen, "Send")
    expect(screen.get_by_role("link", name=re.compile("AH-101"))).to_be_visible()
    assert box.bounding_box()["width"] > 100
    looks_right(screen)


def test_the_page_is_left_with_a_press_or_with_shift_three_times(open_page: Callable[..., Any]) -> None:
    for scripted in (True, False):
        page = open_page(java_script_enabled=scripted)
        asked: list[Any] = []

        def weather(route: Any) -> None:
            asked.append(route.request)  # noqa: B023 the loop waits for it
            route.fulfill(body="<title>Weather</title>", content_type="text/html")

        page.context.route("https://www.bbc.co.uk/**", weather)
        page.goto("/help-for-me/")
        page.get_by_role("button", name="Exit this page").click()
        expect(page).to_have_title("Weather")
        assert "referer" not in asked[0].headers, "the other site does not learn where one came from"
        if scripted:
            page.goto("/help-for-me/")
            page.get_by_label("What would help?").focus()
            for _ in range(3):
                page.keyboard.press("Shift")
            expect(page).to_have_title("Weather")
