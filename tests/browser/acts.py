"""What people do in the pages, as a person does it: find a label, type, press a button."""

import datetime as dt
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

RIVERSIDE = "Riverside Recovery, duty team"
LONG_ENOUGH = 30.0


def in_days(days: int) -> dt.date:
    """A day to come, by the calendar of the product."""
    return (dt.datetime.now(ZoneInfo("Europe/London")) + dt.timedelta(days=days)).date()


def on_day(page: Any, question: str, day: dt.date) -> None:
    """Fill in the three boxes of a date."""
    boxes = page.get_by_role("group", name=question)
    for label, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        boxes.get_by_label(label, exact=True).fill(str(value))


def choose(page: Any, question: str, answer: str) -> None:
    page.get_by_role("group", name=question).get_by_label(answer).check()


def press(page: Any, name: str) -> None:
    """Press a button that sends a form, and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def follow(link: Any) -> None:
    """Follow a link, and wait for the page that it leads to."""
    with link.page.expect_navigation():
        link.click()


def number_in(url: str, kind: str) -> int:
    """The number in an address: of a case in /cases/12/send/, of a person in /people/34/."""
    found = re.search(rf"/{kind}/(\d+)/", url)
    assert found, f"no {kind} in {url}"
    return int(found[1])


def reload_until(page: Any, wanted: Any) -> None:
    """Look at the page again until it shows something: what the worker does appears without anybody clicking."""
    until = time.monotonic() + LONG_ENOUGH
    while not wanted.count():
        assert time.monotonic() < until, f"{page.url} did not show {wanted} in {LONG_ENOUGH:.0f} seconds"
        page.reload()


def open_record(page: Any, given: str, family: str) -> int:
    """Open a record of somebody new to the service. Gives the number of the person."""
    page.goto("/people/new/")
    page.get_by_label("Given name").fill(given)
    page.get_by_label("Family name").fill(family)
    press(page, "Open the record")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{given} {family}")
    return number_in(page.url, "people")


def fill_in_hand_over(
    page: Any, reason: str = "Takes methadone, 60 mg a day, supervised.", to: str = RIVERSIDE
) -> None:
    """Answer all the questions of a new hand-over but the release date."""
    page.get_by_label("Which service are you handing over to?").select_option(label=to)
    page.get_by_label("Why, and what matters most").fill(reason)
    page.get_by_label("What do you ask for?").fill("A first appointment on the day of release, by video before it.")
    choose(page, "Does the person take an opioid agonist medicine", "Yes")
    choose(page, "Is it urgent?", "No")
    page.get_by_label("How, when and where it is safe to reach").fill("Mobile after 4pm. No messages that name us.")
    choose(page, "What allows you to share this", "Direct care")


def draft(page: Any, given: str, family: str) -> int:
    """Write a hand-over to Riverside about somebody new. Gives the number of the case; the page to send it is open."""
    page.goto(f"/people/{open_record(page, given, family)}/hand-over/")
    fill_in_hand_over(page)
    press(page, "Keep the draft and check it")
    expect(page.get_by_role("heading", name="Check what you are sending")).to_be_visible()
    return number_in(page.url, "cases")


def send(page: Any, given: str, family: str) -> int:
    """Write a hand-over to Riverside about somebody new and send it, until it is delivered. Gives the case's number."""
    case = draft(page, given, family)
    press(page, "Send the hand-over")
    expect(page.get_by_text("Hand-over sent.")).to_be_visible()
    wait_for_delivery(page)
    return case


def wait_for_delivery(page: Any) -> None:
    """On the page of a case that was just sent: until the worker has delivered it."""
    reload_until(page, page.locator(".tc-timeline__title").get_by_text("Hand-over delivered"))


def open_hand_over(page: Any, case: int) -> None:
    """Open a hand-over that was sent, as the service that received it."""
    page.goto(f"/cases/{case}/")
    press(page, "Open the hand-over")
    expect(page.get_by_text("Hand-over opened.")).to_be_visible()


def fill_in_appointment(page: Any, day: dt.date, place: str = "Riverside, 2 Canal Side, ground floor") -> None:
    on_day(page, "Date and time of the appointment", day)
    page.get_by_label(re.compile("^Time")).fill("2:30pm")
    page.get_by_label("Place").fill(place)
