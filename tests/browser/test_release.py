"""Leaving prison, in a real browser: a date that moves twice, an answer from outside, and a release nobody planned."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

PRISON, OPERATIONS, RIVERSIDE = "prison_drug_worker", "prison_healthcare", "keyworker"
QUAYSIDE = "Quayside Practice, duty desk"
Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]


def family_for(page: Any, family: str) -> str:
    """Somebody else on each screen: both use the same product."""
    return family if page.viewport_size["width"] > 500 else f"{family}-Lowe"


def received(page: Any, given: str, family: str, legal_status: str) -> int:
    """Open a record of somebody who has just come into prison. Gives the number of the person."""
    person = acts.open_record(page, given, family)
    page.goto(f"/people/{person}/custody/came/")
    page.get_by_label(legal_status).check()
    acts.press(page, "Record that they came")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{given} {family}")
    return person


def date_told(page: Any, person: int, day: dt.date, reason: str) -> None:
    page.goto(f"/people/{person}/custody/release-date/")
    acts.on_day(page, "Release date", day)
    page.get_by_label("Why is it set or changed?").fill(reason)


def board_row(page: Any, family: str) -> Any:
    page.goto("/releases/")
    return page.get_by_role("row").filter(has_text=family)


def short(day: dt.date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def a_working_day(after: int) -> dt.date:
    """A Tuesday or Wednesday some days ahead: no Friday rule stands beside it."""
    day = acts.in_days(after)
    return day + dt.timedelta(days=(1 - day.weekday()) % 7)


def test_a_release_whose_date_moved_twice_is_taken_on_from_outside_without_an_account(
    screen: Any, open_page: Callable[..., Any], sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, family = screen, family_for(screen, "Quennell")
    sign_in_as(page, PRISON)
    person = received(page, "Rosalind", family, "Sentenced")
    first, second, third = acts.in_days(12), acts.in_days(9), acts.in_days(6)
    for day, reason in ((first, "Conditional release date"), (second, "Friday rule"), (third, "Told by the court")):
        date_told(page, person, day, reason)
        if day == third:
            looks_right(page)
            picture(page, "release-date")
        acts.press(page, "Keep this date")
        expect(page.get_by_text("The release date is kept.")).to_be_visible()
    row = board_row(page, family)
    expect(row).to_contain_text(re.compile(rf"{short(first)} .*{short(second)} .*{short(third)}", re.DOTALL))
    expect(row).to_contain_text("Nobody was asked yet")
    looks_right(page)

    acts.follow(row.get_by_role("link", name=re.compile("^Write a hand-over")))
    acts.fill_in_hand_over(page, to=QUAYSIDE)
    acts.press(page, "Keep the draft and check it")
    acts.press(page, "Send the hand-over")
    case = page.url
    address = page.get_by_role("link", name="What the mailbox would receive").get_attribute("href")
    picture(page, "link-sender")

    outside = open_page(viewport=page.viewport_size)
    outside.goto(address)
    expect(outside.get_by_text(f"asks {QUAYSIDE} to take over care of a person")).to_be_visible()
    assert "Quennell" not in outside.content()
    outside.get_by_label("Your name").fill("Ruth Leach")
    outside.get_by_label("Number to call you back on").fill("0113 496 0999")
    picture(outside, "link-opened")
    acts.press(page, "Show the code to read out")
    picture(page, "link-code")
    outside.get_by_label("Code", exact=True).fill(page.locator("p.govuk-heading-xl").inner_text())
    acts.press(outside, "Go on")
    picture(outside, "link-hand-over")
    outside.get_by_role("button", name="Accept and give a time").click()
    acts.fill_in_appointment(outside, third, "Quayside Practice, 4 Quay Street")
    acts.press(outside, "Accept and give a time")
    expect(outside.get_by_role("heading", level=1)).to_have_text("Hand-over accepted")
    picture(outside, "link-done")

    page.goto(case)
    expect(page.get_by_text("Ruth Leach (by link), Quayside").first).to_be_visible()
    row = board_row(page, family)
    expect(row).to_contain_text("Accepted by Quayside")
    expect(row).to_contain_text(f"{third:%a} {third.day} {third:%b %Y}, 2:30pm")
    picture(page, "releases-prison")
    acts.follow(row.get_by_role("link", name=f"{family}, Rosalind", exact=True))
    looks_right(page)
    picture(page, "release-case")


def test_released_from_court_with_nothing_ready_the_home_area_service_finds_them_on_today(
    screen: Any, sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, family = screen, family_for(screen, "Thistlewood")
    sign_in_as(page, PRISON)
    person = received(page, "Barnaby", family, "On remand")
    row = board_row(page, family)
    expect(row).to_contain_text("On remand")
    expect(row).to_contain_text("Nobody was asked yet")

    page.goto(f"/people/{person}/custody/left/")
    page.get_by_label("Released from court").check()
    page.get_by_label("Area they live in or return to").select_option(label="Northbridge (made-up)")
    looks_right(page)
    picture(page, "left-from-court")
    acts.press(page, "Record that they left")
    expect(page.get_by_text("It is recorded that they left.")).to_be_visible()
    expect(board_row(page, family)).to_have_count(0)

    sign_in_as(page, RIVERSIDE)
    not_seen = page.get_by_role("region").filter(has=page.get_by_role("heading", name="Left custody, not seen"))
    expect(not_seen).to_be_visible()
    asked = page.get_by_role("region").filter(has=page.get_by_role("heading", name="To answer"))
    acts.reload_until(page, asked.get_by_text(f"{family}, Barnaby: hand-over from HMP Northgate"))
    picture(page, "today-unplanned", of=not_seen)
    row = board_row(page, family)
    expect(row).to_contain_text("Day 0")
    expect(row).to_contain_text("unplanned")
    looks_right(page)
    picture(page, "arrivals")
    acts.follow(row.get_by_role("link", name=f"{family}, Barnaby", exact=True))
    expect(page.get_by_text("Next dose or first contact").first).to_be_visible()
    looks_right(page)
    picture(page, "release-unplanned")
