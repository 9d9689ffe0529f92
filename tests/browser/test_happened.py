"""Something that happened to a person, in a real browser: reported once, paused, let run again, undone."""

from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]


def test_what_happened_is_reported_pauses_deadlines_and_is_undone(
    screen: Any, sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, wide = screen, screen.viewport_size["width"] > 500

    def kept(words: str) -> None:
        expect(page.get_by_role("alert")).to_contain_text(words)

    sign_in_as(page, "prison_drug_worker")
    case = acts.send(page, "Winston", "Achterberg" if wide else "Achterberg-Pryce")
    sign_in_as(page, "keyworker")
    acts.open_hand_over(page, case)
    page.goto(f"/cases/{case}/accept/")
    acts.fill_in_appointment(page, acts.in_days(3))
    acts.press(page, "Accept the hand-over")
    person = acts.number_in(page.locator(".tc-state a").get_attribute("href"), "people")

    page.goto(f"/people/{person}/")
    acts.follow(page.get_by_role("link", name="Report something that happened"))
    looks_right(page)
    picture(page, "happened-choose")
    acts.follow(page.get_by_role("link", name="The person was admitted to hospital"))
    acts.press(page, "Record it")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    page.get_by_label("Which hospital").fill("Northbridge General")
    acts.on_day(page, "Date of admission", acts.in_days(0))
    page.get_by_role("group", name="Has the hospital been told").get_by_label("Yes").check()
    acts.press(page, "Record it")
    kept("It is kept: admitted to hospital.")
    page.goto(f"/cases/{case}/")
    expect(page.get_by_text("Paused", exact=True).first).to_be_visible()
    looks_right(page)
    picture(page, "happened-paused")

    page.goto(f"/people/{person}/")
    acts.follow(page.get_by_role("link", name="Say that it has ended: admitted to hospital"))
    looks_right(page)
    picture(page, "happened-ended")
    page.get_by_label("Reason").fill("Home since this morning")
    acts.press(page, "Let the deadlines run again")
    kept("The deadlines run again")

    page.goto(f"/people/{person}/happened/died/")
    acts.on_day(page, "Date of death", acts.in_days(-1))
    page.get_by_label("How do you know?").fill("Told by her sister, by telephone")
    acts.press(page, "Go on")
    expect(page.get_by_text("Check whom it is about")).to_be_visible()
    looks_right(page)
    picture(page, "happened-died-check")
    acts.press(page, "Yes, record the death")
    page.reload()
    looks_right(page)
    picture(page, "happened-died")

    sign_in_as(page, "service_manager")
    page.goto(f"/people/{person}/")
    acts.follow(page.get_by_role("link", name="Undo: died"))
    looks_right(page)
    picture(page, "happened-undo")
    acts.press(page, "Undo this report")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
