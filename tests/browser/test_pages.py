"""Every kind of page, for every role that has pages: accessible, fitting at both widths, and nobody's but ours."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from browser import acts
from playwright.sync_api import expect

LOOKERS = ["keyworker", "clinician", "service_manager", "responsible_officer", "housing_worker", "prison_drug_worker"]
Check = Callable[[Any], None]
SignIn = Callable[[Any, str], None]


def refuse(page: Any, address: str, button: str, looks_right: Check) -> None:
    """Send a form with nothing in it, and look at what it says."""
    page.goto(address)
    for box in page.locator("main").get_by_role("textbox").all():
        box.fill("")
    acts.press(page, button)
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)


def test_pages_before_sign_in(page: Any, looks_right: Check) -> None:
    for address in ("/sign-in/", "/help/", "/help/processes/hand_over/"):
        page.goto(address)
        looks_right(page)
    refuse(page, "/sign-in/", "Sign in", looks_right)


def test_the_page_of_somebody_locked_out(page: Any, looks_right: Check) -> None:
    page.goto("/sign-in/")
    locked = page.get_by_role("heading", name="Too many attempts")
    for _ in range(11):
        if locked.count():
            break
        page.get_by_label("E-mail address").fill("nobody.at.all@northbridge.example.org")
        page.get_by_label("Password").fill("not the password")
        acts.press(page, "Sign in")
    expect(locked).to_be_visible()
    looks_right(page)


@pytest.mark.parametrize("role", LOOKERS)
def test_pages_of_those_who_work_with_people(page: Any, sign_in: SignIn, looks_right: Check, role: str) -> None:
    sign_in(page, role)
    expect(page.locator(".tc-row").first).to_be_visible()
    looks_right(page)
    for address in ("/people/", "/hand-overs/"):
        page.goto(address)
        expect(page.locator("tbody tr").first).to_be_visible()
        looks_right(page)
        page.locator("tbody a").first.click()
        expect(page.get_by_role("heading", name="What can be done now")).to_be_visible()
        page.get_by_text("Why you can see this").click()
        looks_right(page)


def test_pages_of_those_who_oversee(page: Any, sign_in_as: SignIn, looks_right: Check) -> None:
    sign_in_as(page, "commissioner")
    looks_right(page)
    sign_in_as(page, "data_protection_lead")
    looks_right(page)
    for show in ("looks", "refusals", "events"):
        page.goto(f"/audit/?show={show}")
        expect(page.locator("tbody tr").first).to_be_visible()
        looks_right(page)
    acts.press(page, "Check the chain of events")
    expect(page.get_by_role("heading", name=re.compile("Job"))).to_be_visible()
    looks_right(page)
    acts.reload_until(page, page.get_by_text("Done", exact=True))
    looks_right(page)


def test_pages_that_everybody_has(page: Any, sign_in: SignIn, looks_right: Check) -> None:
    sign_in(page, "clinician")
    for address in ("/help/", "/help/sharing/", "/acting-for/", "/nothing-here/"):
        page.goto(address)
        looks_right(page)


def test_a_search_with_and_without_results_and_a_very_long_name(page: Any, sign_in: SignIn, looks_right: Check) -> None:
    sign_in(page, "keyworker")
    page.get_by_label("Search people").fill("nobody-has-this-name")
    page.get_by_role("search").get_by_role("button").click()
    expect(page.get_by_text("Nobody whom you may see fits")).to_be_visible()
    looks_right(page)
    page.get_by_label("Search people").fill("Balasubramaniyam")
    page.get_by_role("search").get_by_role("button").click()
    looks_right(page)
    acts.follow(page.get_by_role("link", name="Balasubramaniyamvenkateswarakrishnamoorthy, Anushka"))
    looks_right(page)
    acts.follow(page.get_by_role("link", name="Hand-over to Mill Lane Surgery").first)
    looks_right(page)


@pytest.mark.parametrize("role", ["keyworker", "prison_drug_worker"])
def test_a_case_in_every_state_that_there_is(page: Any, sign_in: SignIn, looks_right: Check, role: str) -> None:
    sign_in(page, role)
    states: dict[str, str] = {}
    for show in ("answer", "ours", "sent", "all", "ended"):
        page.goto(f"/hand-overs/?show={show}")
        for row in page.locator("tbody tr").all():
            states.setdefault(
                row.locator(".govuk-tag").inner_text(), row.get_by_role("link").first.get_attribute("href")
            )
    assert len(states) >= 5, states
    for address in states.values():
        page.goto(address)
        looks_right(page)


def test_forms_with_errors(page: Any, sign_in_as: SignIn, looks_right: Check) -> None:
    sign_in_as(page, "prison_drug_worker")
    page.goto("/people/new/")
    page.get_by_label("Given name").fill("Ottoline")
    page.get_by_label("Year").fill("86")
    acts.press(page, "Open the record")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    looks_right(page)
    person = acts.open_record(page, "Ottoline", "Fennimore")
    refuse(page, f"/people/{person}/custody/came/", "Record that they came", looks_right)
    refuse(page, f"/people/{person}/hand-over/", "Keep the draft and check it", looks_right)
    acts.fill_in_hand_over(page)
    acts.press(page, "Keep the draft and check it")
    looks_right(page)
    case = acts.number_in(page.url, "cases")
    acts.press(page, "Send the hand-over")
    for verb, button in (("reroute", "Send to another service"), ("withdraw", "Withdraw the hand-over")):
        refuse(page, f"/cases/{case}/{verb}/", button, looks_right)
    page.goto(f"/cases/{case}/")
    acts.wait_for_delivery(page)
    sign_in_as(page, "keyworker")
    acts.open_hand_over(page, case)
    for verb, button in (("ask_question", "Ask a question"), ("decline", "Decline the hand-over")):
        refuse(page, f"/cases/{case}/{verb}/", button, looks_right)
    refuse(page, f"/cases/{case}/accept/", "Accept the hand-over", looks_right)
    page.get_by_label("If there is no appointment yet").fill("He is seen by the prison team until he leaves.")
    acts.press(page, "Accept the hand-over")
    expect(page.get_by_text("Hand-over accepted.")).to_be_visible()


def test_nothing_comes_from_elsewhere_and_no_crest_or_government_typeface_is_served(
    page: Any, site: Any, sign_in: SignIn
) -> None:
    asked: dict[str, str] = {}
    page.context.on("request", lambda request: asked.setdefault(request.url, request.resource_type))
    sign_in(page, "keyworker")
    for address in ("/people/", "/hand-overs/", "/help/"):
        page.goto(address)
    assert not [url for url in asked if not url.startswith(f"{site.url.rstrip('/')}/")]
    files = {url for url, kind in asked.items() if kind != "document"}
    linked = page.evaluate("[...document.querySelectorAll('link[href], [src]')].map(e => e.href || e.src)")
    assert {url.rsplit(".", 1)[-1] for url in files | set(linked)} >= {"css", "js", "svg"}
    for url in files | set(linked):
        answer = page.request.get(url)
        assert answer.ok, url
        words = f"{url} {answer.text()}".lower()
        assert not re.findall(r"crest|gds.?transport|@font-face|opengraph|\.woff|\.ttf", words), url
        assert not re.findall(r"url\(\s*[\"']?(?!data:)[^\"')]+", words), url


def test_an_injected_script_does_not_run_and_a_policy_forbids_it(open_page: Any, sign_in: SignIn) -> None:
    page = open_page()
    sign_in(page, "keyworker")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate("""() => {
            const script = document.createElement("script")
            script.textContent = "document.title = 'taken over'"
            document.body.append(script)
        }""")
    assert page.title() == "Today · Throughcare"
    policy = page.request.get("/").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
