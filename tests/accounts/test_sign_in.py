"""Signing in and out."""

from urllib.parse import quote

import pytest
import worlds
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from throughcare.accounts import actions
from throughcare.accounts.models import User
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event, EventDetail
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db
WRONG = "not-the-password-at-all"


@pytest.fixture
def keyworker() -> Actor:
    return worlds.worker()


@pytest.fixture
def email(keyworker: Actor) -> str:
    return User.objects.get(pk=keyworker.user).email


def sign_in(client: Client, email: str, password: str = worlds.PASSWORD, url: str = "/sign-in/", **more: str):  # type: ignore[no-untyped-def]
    return client.post(url, {"username": email, "password": password, **more})


def test_the_right_password_signs_in_and_leads_to_today(client: Client, keyworker: Actor, email: str) -> None:
    answer = sign_in(client, email)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    event = Event.objects.get(verb="signed_in")
    assert (event.user, event.service, event.person) == (keyworker.user, None, None)


def test_capitals_and_spaces_around_the_address_do_not_matter(client: Client, email: str) -> None:
    assert sign_in(client, f"  {email.upper()} ").status_code == 302


@pytest.mark.parametrize("whose", ["somebody's", "nobody's"])
def test_a_failed_sign_in_is_numbered_and_does_not_say_what_was_wrong(client: Client, email: str, whose: str) -> None:
    page = sign_in(client, email if whose == "somebody's" else "nobody@example.org", WRONG)
    words = page.content.decode()
    assert "AC-102 The e-mail address and password do not match an account." in words
    assert WRONG not in words
    assert client.get("/").status_code == 302
    event = Event.objects.get(verb="sign_in_failed")
    assert (event.user, event.subject) == (None, "")


def test_neither_the_address_nor_the_password_typed_is_in_any_event(client: Client, email: str) -> None:
    sign_in(client, email, WRONG)
    sign_in(client, "nobody@example.org", WRONG)
    sign_in(client, email)
    kept = str([*Event.objects.values(), *EventDetail.objects.values()])
    for typed in (email, "nobody@example.org", WRONG, worlds.PASSWORD):
        assert typed not in kept


def test_what_counts_failures_keeps_no_password(client: Client, email: str) -> None:
    sign_in(client, email, WRONG)
    kept = str(list(AccessAttempt.objects.values()))
    assert AccessAttempt.objects.exists()
    assert WRONG not in kept


def test_a_password_typed_where_the_address_belongs_is_kept_nowhere(client: Client) -> None:
    sign_in(client, "my-secret-password", "")
    sign_in(client, "my-secret-password", WRONG)
    assert "my-secret-password" not in str([*AccessAttempt.objects.values(), *Event.objects.values()])


def test_a_form_left_empty_is_no_failed_sign_in(client: Client) -> None:
    page = sign_in(client, "", "")
    assert page.status_code == 200
    assert not Event.objects.filter(verb="sign_in_failed").exists()


def test_the_tenth_failure_locks_the_address_and_says_so_and_no_other(client: Client, email: str) -> None:
    for number in range(9):
        page = sign_in(client, email.upper() if number % 2 else email, WRONG)
        assert "AC-102" in page.content.decode()
    page = sign_in(client, email, WRONG)
    assert page.status_code == 429
    assert "AC-103" in page.content.decode()
    assert Event.objects.filter(verb="sign_in_failed").count() == 10
    page = sign_in(client, email)
    assert page.status_code == 429, "the right password does not help while it is locked"
    assert client.get("/").status_code == 302
    other = User.objects.get(pk=worlds.worker().user).email
    assert sign_in(client, other).status_code == 302


def test_the_lock_opens_by_itself_after_a_quarter_of_an_hour(client: Client, email: str) -> None:
    for _ in range(10):
        sign_in(client, email, WRONG)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=14))
    assert sign_in(client, email).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timezone.timedelta(minutes=16))
    assert sign_in(client, email).status_code == 302


def test_a_success_forgets_the_failures_before_it(client: Client, email: str) -> None:
    for _ in range(9):
        sign_in(client, email, WRONG)
    assert sign_in(client, email).status_code == 302
    client.post("/sign-out/")
    for _ in range(9):
        assert sign_in(client, email, WRONG).status_code == 200


def test_a_closed_account_is_refused_like_a_wrong_password(client: Client, keyworker: Actor, email: str) -> None:
    User.objects.filter(pk=keyworker.user).update(is_active=False)
    assert "AC-102" in sign_in(client, email).content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "http:evil.example",
        r"\\evil.example",
        "javascript:alert(1)",
        " //evil.example",
    ],
)
@pytest.mark.parametrize("way", ["address", "form"])
def test_nobody_is_led_elsewhere_after_signing_in(client: Client, email: str, elsewhere: str, way: str) -> None:
    if way == "address":
        answer = sign_in(client, email, url=f"/sign-in/?next={quote(elsewhere)}")
    else:
        answer = sign_in(client, email, next=elsewhere)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_after_signing_in_one_is_where_one_wanted_to_be(client: Client, email: str) -> None:
    wanted = client.get("/people/?q=Ade").headers["Location"]
    assert wanted == "/sign-in/?next=/people/%3Fq%3DAde"
    assert sign_in(client, email, url=wanted).headers["Location"] == "/people/?q=Ade"


def test_the_cookies_are_closed_to_scripts_and_other_sites_and_end_with_the_browser(client: Client, email: str) -> None:
    client.get("/sign-in/")
    sign_in(client, email)
    session = next(cookie for name, cookie in client.cookies.items() if name.startswith("throughcare_"))
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert (session["expires"], session["max-age"]) == ("", "")
    assert client.cookies["csrftoken"]["httponly"]


def test_the_session_has_a_new_number_after_signing_in(client: Client, email: str) -> None:
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    sign_in(client, email)
    assert client.session.session_key != before


def test_a_page_that_is_only_opened_signs_nobody_out(client: Client, email: str) -> None:
    sign_in(client, email)
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_somebody_who_is_signed_in_is_not_asked_again(keyworker: Actor) -> None:
    assert worlds.signed_in(keyworker).get("/sign-in/").headers["Location"] == "/"


def test_an_address_has_one_account_in_whatever_case_it_is_typed(email: str) -> None:
    before = User.objects.count()
    with pytest.raises(Refused, match="AC-101"):
        actions.create(by=SYSTEM, at=worlds.BEGAN, email=f" {email.title()} ", name="Again", password="p")
    assert User.objects.count() == before
    assert Event.objects.latest("seq").subject == "AC-101"


def test_a_password_is_stored_only_as_its_argon2_hash(keyworker: Actor) -> None:
    user = User.objects.get(pk=keyworker.user)
    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password(worlds.PASSWORD)
