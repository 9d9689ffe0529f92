"""The diary in a real browser: accessible and fitting, with and without faults; a day from booking to its outcome."""

import re
from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]


def test_the_pages_of_the_diary_from_booking_to_outcome(
    screen: Any, sign_in: SignIn, looks_right: Check, picture: Any
) -> None:
    sign_in(screen, "keyworker")
    screen.goto("/people/?q=Prydderch")
    acts.follow(screen.get_by_role("link", name="Prydderch, Ioan"))
    person = screen.url
    screen.goto(f"{person}safe-contact/")
    looks_right(screen)
    screen.get_by_label("E-mail address (optional)").fill("nobody")
    acts.press(screen, "Keep this")
    looks_right(screen)
    screen.goto(f"{person}appointments/new/")
    looks_right(screen)
    acts.press(screen, "Book it")
    expect(screen.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(screen)
    for box, typed in (("Day", "2"), ("Month", "1"), ("Year", "2026"), ("Time", "10:45am")):
        screen.get_by_label(box, exact=True).fill(typed)
    screen.get_by_label("By telephone").check()
    acts.press(screen, "Book it")
    expect(screen.get_by_text("It was written down after its time.").first).to_be_visible()
    looks_right(screen)
    screen.goto(person)
    acts.follow(screen.get_by_role("link", name=re.compile("^Appointment Fri 2 Jan 2026")).first)
    looks_right(screen)
    appointment = screen.url
    for act in ("move", "cancel", "outcome"):
        screen.goto(f"{appointment}{act}/")
        looks_right(screen)
    screen.get_by_label("Attended, late").check()
    acts.press(screen, "Record it")
    expect(screen.get_by_text("Attended, late").first).to_be_visible()
    screen.reload()
    picture(screen, "diary-outcome")
    for address in ("/diary/", "/diary/?view=week", "/diary/?day=2031-01-01"):
        screen.goto(address)
        looks_right(screen)
    screen.goto("/diary/")
    picture(screen, "diary")
