"""The story that the guide tells, in a real browser: a hand-over crosses the prison gate."""

from collections.abc import Callable
from typing import Any

import pytest
from browser import acts
from playwright.sync_api import expect

PRISON, RIVERSIDE = "prison_drug_worker", "keyworker"
LEAVING = "Leaving within 14 days, not ready"
SignIn = Callable[[Any, str], None]


def group(page: Any, title: str) -> Any:
    """A group of Today, by the beginning of its heading."""
    return page.get_by_role("region").filter(has=page.get_by_role("heading", name=title))


def cross_the_gate(page: Any, sign_in_as: SignIn, picture: Any) -> None:
    """Tell the whole story on one screen, signing out and in as it passes from hand to hand."""
    sign_in_as(page, PRISON)
    acts.reload_until(page, page.locator("body:not(:has(.tc-bar--risk))"))  # the first sweep of deadlines is over
    picture(page, "today-prison")
    picture(page, "leaving-prison", of=group(page, LEAVING))
    who = (
        group(page, LEAVING).get_by_role("listitem").filter(has_text="Write a hand-over").last.get_by_role("link").first
    )
    family, given = who.inner_text().split(", ")
    name = f"{given} {family}"
    who.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("HMP Northgate").first).to_be_visible()
    person = acts.number_in(page.url, "people")
    picture(page, "person")

    page.get_by_role("button", name="New hand-over").click()
    acts.fill_in_hand_over(page)
    leaves, seen = acts.in_days(9), acts.in_days(10)
    acts.on_day(page, "Release date", leaves)
    picture(page, "new-hand-over")
    acts.press(page, "Keep the draft and check it")
    expect(page.get_by_text("A first appointment on the day of release")).to_be_visible()
    expect(page.get_by_text(f"{leaves:%a} {leaves.day} {leaves:%b %Y}")).to_be_visible()
    picture(page, "check-and-send")
    case = acts.number_in(page.url, "cases")
    acts.press(page, "Send the hand-over")
    expect(page.get_by_text("Hand-over sent.")).to_be_visible()
    acts.wait_for_delivery(page)

    sign_in_as(page, RIVERSIDE)
    row = group(page, "To answer").get_by_role("listitem").filter(has_text=f"{family}, {given}")
    expect(row).to_contain_text("Delivered")
    picture(page, "today-community")
    row.get_by_role("button", name="Open").click()
    expect(page.get_by_text("Hand-over opened.")).to_be_visible()
    expect(page.get_by_text("Takes methadone, 60 mg a day")).to_be_visible()
    picture(page, "case-opened")
    page.get_by_role("button", name="Accept the hand-over").click()
    acts.fill_in_appointment(page, seen)
    picture(page, "accept")
    acts.press(page, "Accept the hand-over")
    expect(page.get_by_text("Hand-over accepted.")).to_be_visible()
    booked = f"{seen:%a} {seen.day} {seen:%b %Y}, 2:30pm"
    expect(page.get_by_text(booked).first).to_be_visible()
    picture(page, "case-accepted")
    page.goto(f"/people/{person}/")
    expect(page.get_by_text(booked).first).to_be_visible()
    expect(page.get_by_text("Hand-over to Riverside Recovery, duty team").first).to_be_visible()

    sign_in_as(page, PRISON)
    told = group(page, "Told to your service")
    acts.reload_until(page, told.get_by_text(f"{family}, {given}: hand-over accepted"))
    acts.reload_until(page, told.get_by_text(f"{family}, {given}: appointment booked"))
    picture(page, "today-prison-accepted", of=told)
    still = group(page, LEAVING).get_by_role("listitem").filter(has_text=f"{family}, {given}")
    expect(still.get_by_text("No receiver")).to_have_count(0)
    told.get_by_role("link", name=f"{family}, {given}: hand-over accepted").click()
    assert acts.number_in(page.url, "cases") == case
    expect(page.locator(".tc-state")).to_contain_text("booked")
    expect(page.get_by_text(f"Samuel Okoro, {acts.RIVERSIDE.split(', Riverside')[0]}").first).to_be_visible()
    expect(page.get_by_text(booked).first).to_be_visible()
    page.goto(f"/people/{person}/")
    expect(page.get_by_text("Hand-over to Riverside Recovery, duty team").first).to_be_visible()


def test_a_hand_over_crosses_the_prison_gate_and_the_sender_is_told(
    screen: Any, sign_in_as: SignIn, picture: Any
) -> None:
    cross_the_gate(screen, sign_in_as, picture)


def test_the_whole_story_works_with_javascript_switched_off(open_page: Any, sign_in_as: SignIn) -> None:
    cross_the_gate(open_page(java_script_enabled=False), sign_in_as, lambda *page, of=None: None)


def test_a_hand_over_that_nobody_opens_climbs_the_ladder(screen: Any, sign_in_as: SignIn, picture: Any) -> None:
    """James Adeyemi's, from the demonstration: his team was told, then its manager; the sender reads whom to ring."""
    sign_in_as(screen, PRISON)
    late = group(screen, "Late with another service").get_by_role("listitem").filter(has_text="Adeyemi, James")
    expect(late).to_contain_text("NOT OPENED")
    expect(late).to_contain_text("missed")
    expect(late).to_contain_text("Ring ")
    assert late.locator("a[href^='tel:']").inner_text().startswith("0113 496 ")
    late.get_by_role("link").first.click()
    expect(screen.get_by_text("Told to: service manager")).to_be_visible()
    picture(screen, "ladder")

    sign_in_as(screen, "service_manager")
    told = group(screen, "Late in your service: told to you by the ladder")
    expect(told.get_by_role("listitem").filter(has_text="Adeyemi, James")).to_contain_text("NOT OPENED")


@pytest.mark.parametrize(
    ("role", "name", "address"),
    [
        ("commissioner", "refused", "/people/1/"),
        ("commissioner", "commissioner", "/"),
        ("data_protection_lead", "audit", "/audit/"),
        (RIVERSIDE, "people", "/people/"),
    ],
)
def test_the_guide_has_a_picture_of_every_other_page(
    screen: Any, sign_in_as: SignIn, picture: Any, role: str, name: str, address: str
) -> None:
    sign_in_as(screen, role)
    screen.goto(address)
    expect(screen.get_by_role("heading", level=1)).to_be_visible()
    picture(screen, name)


def test_the_guide_has_a_picture_of_an_error_summary(screen: Any, sign_in_as: SignIn, picture: Any) -> None:
    sign_in_as(screen, RIVERSIDE)
    screen.goto("/people/new/")
    screen.get_by_label("Family name").fill("Fennimore")
    screen.get_by_label("Year").fill("86")
    screen.get_by_label("NHS number").fill("999 123")
    acts.press(screen, "Open the record")
    expect(screen.get_by_role("heading", name="There is a problem")).to_be_visible()
    picture(screen, "error-summary")
