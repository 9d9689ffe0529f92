"""What the tests in a real browser share. They share one running product too, and change what is in it.

So each test brings a person of its own, and looks for nothing that another test may have changed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# Texts that stick out of the block that they stand in. On a phone the head of a table is for screen readers alone.
OVERFLOWING = """() => {
    const found = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const around = texts.currentNode.parentElement
        if (!texts.currentNode.data.trim() || around.closest(".govuk-visually-hidden, thead, select")) continue
        const block = around.closest("p, li, td, th, dt, dd, h1, h2, label, legend, summary, button, div, main, body")
        const range = document.createRange()
        range.selectNodeContents(texts.currentNode)
        const beyond = range.getBoundingClientRect().right - block.getBoundingClientRect().right
        if (beyond > 1) found.push(texts.currentNode.data)
    }
    return found
}"""
MOST_BYTES = 200_000
Picture = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="FOLDER", help="write the pictures of the user guide into this folder")


@pytest.fixture(params=["desktop", "phone"])
def screen(request: pytest.FixtureRequest, browser: Any) -> Any:
    """A page as wide as a desktop's; and then the same test on one as narrow as a small telephone's."""
    return request.getfixturevalue("page" if request.param == "desktop" else "phone")


@pytest.fixture
def open_page(browser: Any, site: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(java_script_enabled=False)` gives a page in a browser of its own, with Playwright's options."""
    contexts = []

    def opened(**options: Any) -> Any:
        context = browser.new_context(**{"base_url": site.url, "viewport": DESKTOP, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in_as(sign_in: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    """`sign_in_as(page, role)` signs whoever was there out, and the demonstration's user in that role in."""

    def change(page: Any, role: str) -> None:
        page.goto("/")
        if page.get_by_role("button", name="Sign out").count():
            page.get_by_role("button", name="Sign out").click()
        sign_in(page, role)

    return change


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """`picture(page, name)` keeps the page for the guide, as NAME-desktop.png or NAME-phone.png, if --screenshots asks.

    One that would make too large a file is cut at the bottom; a sheet of paper, NAME-paper.png, is kept whole. `of`
    pictures one part of the page alone.
    """
    folder = request.config.getoption("--screenshots", None)

    def keep(page: Any, name: str, of: Any = None) -> None:
        if not folder:
            return
        screens = {DESKTOP["width"]: "desktop", PHONE["width"]: "phone"}
        screen = screens.get(page.viewport_size["width"], "paper")
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        part = (of or page.locator("html")).bounding_box()
        taken = page.screenshot(full_page=True, clip=part)
        while len(taken) > MOST_BYTES and screen != "paper":
            part["height"] *= MOST_BYTES * 0.95 / len(taken)
            taken = page.screenshot(full_page=True, clip=part)
        (Path(folder) / f"{name}-{screen}.png").write_bytes(taken)

    return keep


@pytest.fixture
def looks_right(no_axe_violations: Callable[[Any], None]) -> Callable[[Any], None]:
    """`looks_right(page)` at both widths, and back: accessible, no sideways scrolling, nothing cut, marked made-up."""

    def check(page: Any) -> None:
        before = page.viewport_size
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            where = f"{page.url} at {size['width']} pixels"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], f"{where} is {wide} pixels wide"
            cut = page.evaluate(OVERFLOWING)
            assert not cut, f"{where}: outside their block: {cut}"
            assert page.get_by_text("Made-up demonstration data: no real people").is_visible(), where
            no_axe_violations(page)
        page.set_viewport_size(before)

    return check
