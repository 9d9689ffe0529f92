"""What holds for every address there is: sign-in, the safety code of forms, strict headers."""

from collections.abc import Iterator
from typing import Any

import pytest
import worlds
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from throughcare.events.models import Event

pytestmark = pytest.mark.django_db

OPEN = {
    "sign-in": "where one signs in",
    "help": "how to get about; names nobody",
    "health": "for a monitor; numbers and times only",
    "process": "how a process works, made from its table; names nobody",
    "ask-for-help": "for somebody who has no account and asks for help; shows nobody",
    "help-received": "says to them that it was received; shows nobody",
}
"""The only addresses that need no account, each with its reason."""
BY_LINK = ("answer", "answer-hand-over", "answer-done", "answer-act")
"""Need no account but a link that was sent to a service; a token that is none opens one and the same page."""
SAMPLES = {"id": "1", "slug": "hand_over", "str": "x"}


def addresses(patterns: Any = None, before: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every address of the product: its name, a sample of it, and its view."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower()
                for written in (f"<{kind}:{name}>", f"<{name}>"):
                    path = path.replace(written, SAMPLES[kind])
            yield pattern.name or path, f"/{path}", pattern.callback


ALL = list(addresses())
NAMES = [name for name, _, _ in ALL]


def test_every_address_is_found_and_has_a_name_of_its_own() -> None:
    assert len(ALL) >= 20
    assert len(set(NAMES)) == len(NAMES)
    assert not [url for _, url, _ in ALL if "<" in url]


@pytest.mark.parametrize(("name", "url", "view"), ALL, ids=NAMES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_needs_sign_in_but_for_the_written_list(
    client: Client, name: str, url: str, view: Any, method: str
) -> None:
    answer = getattr(client, method)(url)
    if name in OPEN:
        assert answer.status_code in (200, 503)
    elif name in BY_LINK:
        assert (answer.status_code, "LK-101" in answer.content.decode()) == (404, True)
    else:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(("name", "url", "view"), ALL, ids=NAMES)
def test_no_form_is_taken_without_its_safety_code(name: str, url: str, view: Any) -> None:
    assert not getattr(view, "csrf_exempt", False)
    keyworker = worlds.worker()
    client = worlds.signed_in(keyworker, enforce_csrf_checks=True)
    before = Event.objects.count()
    page = client.post(url, {"given_name": "James"})
    assert page.status_code == 403
    assert "Nothing was stored" in page.content.decode() or "too old" in page.content.decode().lower()
    assert Event.objects.count() == before


@pytest.mark.parametrize("url", ["/sign-in/", "/help/", "/people/", "/people/999/", "/no-such-page/", "/health/", "/"])
def test_every_page_carries_the_strict_headers(url: str) -> None:
    page = worlds.signed_in(worlds.worker()).get(url) if url != "/sign-in/" else Client().get(url)
    policy = page.headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'none'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert "unsafe" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"


def test_a_host_that_is_not_ours_is_not_answered() -> None:
    assert Client(headers={"host": "evil.example"}).get("/sign-in/").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**70, 10**30])
@pytest.mark.parametrize(
    "address", ["/cases/{}/", "/cases/{}/accept/", "/people/{}/", "/people/{}/hand-over/", "/jobs/{}/"]
)
def test_a_number_longer_than_any_id_is_an_address_that_does_not_exist(address: str, number: int) -> None:
    assert worlds.signed_in(worlds.worker()).get(address.format(number)).status_code == 404
