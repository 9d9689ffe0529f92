"""The question of 6pm, in a real browser: custody asks who prescribes, and is answered. May I tell this caller?"""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from browser import acts
from playwright.sync_api import expect

CUSTODY, RIVERSIDE = "custody_healthcare", "keyworker"
REASON = "In custody since this afternoon, withdrawing. Says methadone."
DOSE = "methadone 1 mg/ml, 60 mg once a day, supervised"
Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]


def row(page: Any, group: str, name: str) -> Any:
    """The row of somebody in a group of Today."""
    region = page.get_by_role("region").filter(has=page.get_by_role("heading", name=group))
    return region.get_by_role("listitem").filter(has_text=name)


def taken_into_custody(page: Any, given: str, family: str) -> int:
    """Open a record of somebody new, who has just come to the custody suite. Gives the number of the person."""
    page.goto("/people/new/")
    page.get_by_label("Given name").fill(given)
    page.get_by_label("Family name").fill(family)
    acts.press(page, "Open the record")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Came into custody")
    acts.press(page, "Record that they came")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{given} {family}")
    return acts.number_in(page.url, "people")


def answer(page: Any, dose: str = DOSE, *, confirmed: bool = True) -> None:
    """Fill in the four answers and send them."""
    page.get_by_label("Who prescribes?").fill("Dr Anjali Shah, Riverside, 0113 496 0118")
    page.get_by_label("What medicine, and what dose?").fill(dose)
    taken = dt.datetime.now(ZoneInfo("Europe/London")) - dt.timedelta(days=1)
    acts.on_day(page, "When was the last dose taken?", taken.date())
    page.get_by_label("Time").fill("9:10am")
    page.get_by_label("Who confirmed it?").fill("Rupa Patel, pharmacist" if confirmed else "")
    page.get_by_label("Not known").last.set_checked(not confirmed)


def test_custody_asks_who_prescribes_and_is_answered_with_the_source(
    screen: Any, sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, size = screen, screen.viewport_size

    family = "Marchbanks" if size["width"] > 500 else "Marchbanks-Lowe"
    sign_in_as(page, CUSTODY)
    person = taken_into_custody(page, "Perpetua", family)
    page.get_by_role("button", name="Ask who prescribes", exact=True).click()
    acts.press(page, "Ask")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    page.goto(page.url)
    page.get_by_label("Which service do you ask?").select_option(label=acts.RIVERSIDE)
    page.get_by_label("Why do you need to know").fill(REASON)
    page.get_by_label("Number to call you back on").fill("0113 496 0175")
    picture(page, "question-ask")
    acts.press(page, "Ask")
    expect(page.get_by_text("The question is asked.")).to_be_visible()
    expect(page.get_by_text("due in 1 hour")).to_be_visible()
    case = acts.number_in(page.url, "cases")
    looks_right(page)

    sign_in_as(page, RIVERSIDE)
    waiting = row(page, "You are asked who prescribes", family)
    expect(waiting).to_contain_text("Northbridge custody suite healthcare asks who prescribes")
    looks_right(page)
    acts.follow(waiting.get_by_role("link", name="Answer"))
    acts.press(page, "Answer")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    page.goto(page.url)
    answer(page, confirmed=False)
    picture(page, "question-answer")
    acts.press(page, "Answer")
    expect(page.get_by_text("Question about prescribing answered.")).to_be_visible()
    page.goto(f"/people/{person}/")
    expect(page.get_by_role("button", name="New hand-over")).to_have_count(0)
    looks_right(page)

    sign_in_as(page, CUSTODY)
    expect(row(page, "You asked who prescribes", family)).to_contain_text("Answered")
    page.goto(f"/people/{person}/")
    safety = page.get_by_role("region", name="Safety")
    expect(safety).to_contain_text(DOSE)
    expect(safety.get_by_text("Unconfirmed", exact=True)).to_have_count(3)
    expect(safety).to_contain_text("by Samuel Okoro, Riverside Recovery, duty team; nobody has confirmed it")
    looks_right(page)
    picture(page, "question-unconfirmed", of=safety)

    sign_in_as(page, RIVERSIDE)
    page.goto(f"/cases/{case}/answer_prescribing/")
    expect(page.get_by_label("What medicine, and what dose?")).to_have_value(DOSE)
    answer(page, "methadone 1 mg/ml, 40 mg once a day, supervised")
    acts.press(page, "Correct the answer")

    sign_in_as(page, CUSTODY)
    page.goto(f"/cases/{case}/")
    expect(page.get_by_text("confirmed by Rupa Patel, pharmacist").first).to_be_visible()
    expect(page.get_by_text("Answered before")).to_be_visible()
    looks_right(page)
    picture(page, "question-answered")
    page.get_by_role("button", name="Close the question").click()
    page.get_by_label("What came of the answer").fill("40 mg given at 7pm.")
    acts.press(page, "Close the question")
    expect(page.get_by_text("Question closed.")).to_be_visible()


def test_may_i_tell_this_caller_is_answered_and_what_was_told_stands_on_the_page(
    screen: Any, sign_in_as: SignIn, looks_right: Check, picture: Any
) -> None:
    page, size = screen, screen.viewport_size
    sign_in_as(page, "clinician")
    acts.open_record(page, "Ottoline", "Farthingale" if size["width"] > 500 else "Farthingale-Moss")
    page.get_by_role("button", name="May I tell this caller?").click()
    expect(page.get_by_text("Yes: the medicine, the dose, the last dose and who prescribes").first).to_be_visible()
    picture(page, "may-i-tell")
    looks_right(page)
    acts.press(page, "Record the answer")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    acts.choose(page, "Who asked?", "Police custody")
    page.get_by_label("Their name").fill("Sgt Rowe")
    page.get_by_label("Number you rang them back on").fill("0113 496 0188")
    acts.choose(page, "What did you tell them?", "The dose")
    acts.press(page, "Record the answer")
    expect(page.get_by_text("The sharing table does not let this caller be told all of that.")).to_be_visible()
    expect(page.get_by_text("Police custody rang and was told: the dose")).to_be_visible()
    looks_right(page)
