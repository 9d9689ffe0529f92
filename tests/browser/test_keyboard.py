"""Throughcare without a mouse."""

from collections.abc import Callable
from typing import Any

from browser import acts
from playwright.sync_api import expect

SignIn = Callable[[Any, str], None]
FOCUSED = """() => {
    const e = document.activeElement
    return (e.labels?.[0] || e).textContent.trim().replace(/\\s+/g, " ")
}"""


def focused(page: Any) -> str:
    """What has the focus: the words of its label, or its own."""
    return str(page.evaluate(FOCUSED))


def tab_to(page: Any, wanted: str) -> None:
    """Press Tab until something has the focus, from where it is now."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if focused(page).startswith(wanted):
            return
    raise AssertionError(f"120 presses of Tab did not lead to {wanted!r} on {page.url}")


def test_a_hand_over_is_opened_and_accepted_by_keyboard_alone(
    open_page: Any, page: Any, site: Any, sign_in: SignIn
) -> None:
    prison = open_page()
    sign_in(prison, "prison_drug_worker")
    case = acts.send(prison, "Ephraim", "Keighley-Bond")

    who = site.sign_in_of("keyworker")
    page.goto("/sign-in/")
    tab_to(page, "E-mail address")
    page.keyboard.type(who["email"])
    tab_to(page, "Password")
    page.keyboard.type(who["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    tab_to(page, "Open: Keighley-Bond, Ephraim")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hand-over opened.")).to_be_visible()
    assert acts.number_in(page.url, "cases") == case
    tab_to(page, "Accept the hand-over")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Accept the hand-over")

    tab_to(page, "Accept the hand-over")
    page.keyboard.press("Enter")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Date and time of the appointment").get_by_label("Day")).to_be_focused()
    seen = acts.in_days(6)
    for part in (seen.day, seen.month, seen.year):
        page.keyboard.type(str(part))
        page.keyboard.press("Tab")
    page.keyboard.type("10am")
    page.keyboard.press("Tab")
    page.keyboard.type("By video")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hand-over accepted.")).to_be_visible()


def test_the_order_of_tab_is_the_order_of_the_page_and_the_skip_link_skips(page: Any, sign_in: SignIn) -> None:
    sign_in(page, "keyworker")
    page.goto("/people/")
    stops = []
    for _ in range(11):
        page.keyboard.press("Tab")
        stops.append(focused(page))
    assert stops == [
        "Skip to main content",
        "Throughcare",
        "Search people",
        "Search",
        "Today",
        "People",
        "Diary",
        "Hand-overs",
        "Releases",
        "Sign out",
        "Somebody new to your service",
    ]
    page.reload()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert focused(page) == "Somebody new to your service"
    assert page.locator("[tabindex]:not([tabindex='-1']):not([tabindex='0'])").count() == 0


def test_shortcuts_go_where_help_says_and_each_can_be_switched_off(page: Any, sign_in: SignIn) -> None:
    sign_in(page, "keyworker")
    search = page.get_by_label("Search people")
    page.goto("/people/")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.press("t")
    expect(search).to_have_value("t")
    page.keyboard.press("Tab")
    page.keyboard.press("t")
    page.wait_for_url(lambda url: url.endswith(":" + url.rsplit(":", 1)[1].split("/")[0] + "/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", level=1)).to_have_text("Help")

    taken = "addEventListener('keydown', event => (window.taken ??= {})[event.key] = event.defaultPrevented)"
    for off in ("/", "t", "?"):
        page.goto("/help/")
        switches = page.locator("[data-shortcut-switches] input")
        for switch in switches.all():
            switch.set_checked(switch.get_attribute("value") != off)
        page.goto("/people/")
        page.evaluate(taken)
        page.keyboard.press(off)
        assert page.evaluate("window.taken") == {off: False}
        assert page.url.endswith("/people/")
        page.keyboard.press("/" if off != "/" else "?")
        if off == "/":
            expect(page.get_by_role("heading", level=1)).to_have_text("Help")
        else:
            expect(search).to_be_focused()
