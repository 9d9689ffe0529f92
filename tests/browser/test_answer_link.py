"""A hand-over answered on a telephone, by somebody without an account, from the link and the code that was read out."""

from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

QUAYSIDE = "Quayside Practice, duty desk"


def test_somebody_without_an_account_answers_on_a_telephone(
    page: Any, phone: Any, sign_in: Callable[[Any, str], None], no_axe_violations: Callable[[Any], None]
) -> None:
    sign_in(page, "keyworker")
    person = acts.open_record(page, "Leonie", "Marchetti")
    page.goto(f"/people/{person}/hand-over/")
    acts.fill_in_hand_over(page, to=QUAYSIDE)
    acts.press(page, "Keep the draft and check it")
    acts.press(page, "Send the hand-over")
    link = page.get_by_role("link", name="What the mailbox would receive")
    no_axe_violations(page)
    address = link.get_attribute("href")

    phone.goto(address)
    expect(phone.get_by_text(f"asks {QUAYSIDE} to take over care of a person")).to_be_visible()
    assert "Marchetti" not in phone.content()
    phone.get_by_label("Your name").fill("Ruth Leach")
    phone.get_by_label("Number to call you back on").fill("0113 496 0999")
    acts.press(phone, "Go on")
    expect(phone.get_by_text("FM-101").first).to_be_visible()
    expect(phone.get_by_label("Your name")).to_have_value("Ruth Leach")
    no_axe_violations(phone)

    acts.press(page, "Show the code to read out")
    no_axe_violations(page)
    phone.get_by_label("Code", exact=True).fill(page.locator("p.govuk-heading-xl").inner_text())
    acts.press(phone, "Go on")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("L. M.")
    assert "Marchetti" not in phone.content()
    no_axe_violations(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360

    phone.get_by_role("button", name="Accept and give a time").click()
    acts.press(phone, "Accept and give a time")
    expect(phone.get_by_text("PR-104").first).to_be_visible()
    no_axe_violations(phone)
    acts.fill_in_appointment(phone, acts.in_days(3))
    acts.press(phone, "Accept and give a time")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Hand-over accepted")
    expect(phone.get_by_text("They have your number: 0113 496 0999")).to_be_visible()
    no_axe_violations(phone)

    page.go_back()
    page.reload()
    expect(page.get_by_text("Ruth Leach (by link), Quayside").first).to_be_visible()
    acts.press(page, "Stop the link")
    phone.goto(address)
    expect(phone.get_by_text("LK-103")).to_be_visible()
    no_axe_violations(phone)
