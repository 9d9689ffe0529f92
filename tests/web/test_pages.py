"""The page shell, its components, the middleware and the pages that belong to no area of the trade."""

import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import ResolverMatch

from throughcare.web import shell
from throughcare.web.faults import Fault, NotAllowed, Refused
from throughcare.web.forms import Form
from throughcare.web.middleware import Refusals, RequestLog
from throughcare.web.parts import Entry, Row
from throughcare.web.views import form_too_old, help_page

WORKER = SimpleNamespace(
    user=3,
    user_name="S. Okoro",
    service=4,
    service_name="Riverside <b>Recovery</b>",
    role="keyworker",
    role_name="keyworker",
)


@pytest.fixture(autouse=True)
def urls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = "throughcare.web.urls"
    settings.MADE_UP = True
    monkeypatch.setattr(shell, "_items", [])
    monkeypatch.setattr(shell, "_banners", [])


def request(path: str = "/help/", actor: Any = None, **post: str) -> HttpRequest:
    made = RequestFactory().post(path, post) if post else RequestFactory().get(path)
    made.actor = actor  # type: ignore[attr-defined]
    made.session = SessionStore()
    return made


def page(name: str, asked: HttpRequest | None = None, **context: Any) -> str:
    return render_to_string(name, context, request=asked or request())


def show(source: str, **context: Any) -> str:
    return Template(source).render(Context(context)).strip()


# Shell


def test_navigation_holds_what_the_role_can_use_in_order() -> None:
    people = shell.NavItem("People", "help", frozenset({"keyworker"}), 20)
    today = shell.NavItem("Today", "help", None, 10)
    shell.add_to_navigation(people)
    shell.add_to_navigation(today)
    assert shell.navigation("keyworker") == [today, people]
    assert shell.navigation("commissioner") == [today]


def test_the_current_section_is_marked_and_nobody_sees_navigation_before_sign_in() -> None:
    shell.add_to_navigation(shell.NavItem("Help", "help", None, 10))
    [link] = shell.context(request("/help/more/", WORKER))["shell"].nav
    assert link.current
    [link] = shell.context(request("/other/", WORKER))["shell"].nav
    assert not link.current
    assert shell.context(request())["shell"].nav == ()


def test_the_header_says_for_whom_the_reader_acts_and_escapes_it() -> None:
    html = page("web/help.html", request(actor=WORKER), shortcuts=())
    assert "acting for:" in html
    assert "Riverside &lt;b&gt;Recovery&lt;/b&gt;, keyworker" in html
    assert "S. Okoro" in html


def test_search_is_offered_only_to_a_role_that_has_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "reverse", lambda name: f"/{name}/")
    shell.add_to_navigation(shell.NavItem("People", "people", frozenset({"keyworker"}), 20))
    assert shell.context(request(actor=WORKER))["shell"].search_url == "/people/"
    other = SimpleNamespace(**{**vars(WORKER), "role": "commissioner"})
    assert shell.context(request(actor=other))["shell"].search_url == ""


def test_bars_under_the_header_appear_when_there_is_something_to_say() -> None:
    shell.add_banner(lambda request: shell.Banner("Sweep is 12 min late", "today"))
    shell.add_banner(lambda request: None)
    html = page("web/help.html")
    assert html.count("tc-bar--today") == 1
    assert "Sweep is 12 min late" in html


def test_made_up_people_are_labelled_on_every_page_and_real_ones_are_not(settings: Any) -> None:
    assert "Made-up demonstration data" in page("web/help.html")
    settings.MADE_UP = False
    assert "Made-up" not in page("web/help.html")


def test_the_shell_asks_the_database_nothing() -> None:
    """A test without the database mark may not query: one query here would be an error."""
    shell.add_to_navigation(shell.NavItem("Help", "help", None, 10))
    assert "tc-nav__link" in page("web/help.html", request(actor=WORKER))


@pytest.mark.parametrize("kind", ["list", "board", "record", "case", "form", "document"])
def test_every_kind_of_page_has_one_heading_one_main_and_a_skip_link(kind: str) -> None:
    source = f'{{% extends "web/kinds/{kind}.html" %}}{{% block title %}}T{{% endblock %}}'
    html = Template(source).render(Context({"form": Form()}))
    assert "<title>T · Throughcare</title>" in html
    assert html.count("<h1") == 1
    assert html.count('id="main-content"') == 1
    assert 'href="#main-content"' in html


@pytest.mark.parametrize("kind", ["record", "case"])
def test_what_can_be_done_now_comes_before_the_rest(kind: str) -> None:
    html = Template(f'{{% extends "web/kinds/{kind}.html" %}}').render(Context())
    assert html.index("What can be done now") < html.index("tc-main")


def test_the_title_says_error_when_the_form_has_one() -> None:
    from django import forms

    class One(Form):
        name = forms.CharField()

    source = '{% extends "web/kinds/form.html" %}{% block title %}T{% endblock %}'
    assert "<title>Error: T · Throughcare</title>" in Template(source).render(Context({"form": One({})}))
    assert "<title>T · Throughcare</title>" in Template(source).render(Context({"form": One()}))


# Components


@pytest.mark.parametrize(
    ("tone", "colour"),
    [("risk", "red"), ("missed", "red"), ("today", "yellow"), ("done", "green"), ("", "grey"), ("sent", "grey")],
)
def test_red_is_for_risk_and_missed_alone(tone: str, colour: str) -> None:
    html = show("{% tag 'Word' tone %}", tone=tone)
    assert html == f'<strong class="govuk-tag govuk-tag--{colour}">Word</strong>'


def test_anything_but_yes_is_marked_unverified() -> None:
    assert show("{% verified answer %}", answer="yes") == ""
    for answer in ("no", "", "Yes", None):
        assert "unverified" in show("{% verified answer %}", answer=answer)


def test_dates_left_empty_show_nothing() -> None:
    assert show("{{ x|day }}{{ x|clock }}{{ x|moment }}{{ x|due_in:x }}", x=None) == ""


def test_filters_speak_as_the_wording_does() -> None:
    when = datetime(2026, 2, 4, 18, 5, tzinfo=UTC)
    assert show("{{ x|day }} {{ x|clock }}", x=when) == "Wed 4 Feb 2026 6:05pm"
    assert show("{{ x|moment }}", x=when) == "Wed 4 Feb 2026, 6:05pm"
    assert show("{{ x|due_in:x }}", x=when) == "missed just now, 6:05pm today"


def test_components_escape_what_they_are_given() -> None:
    bad = "<img src=x>"
    html = show(
        "{% tag bad %}{% empty bad %}{% summary_list rows %}{% timeline entries %}{% pager page %}",
        bad=bad,
        rows=[Row(bad, bad, bad)],
        entries=[Entry(datetime(2026, 2, 4, tzinfo=UTC), bad, bad, bad)],
        page=SimpleNamespace(previous_url='"><img src=x>', next_url=""),
    )
    assert "<img" not in html
    assert html.count("&lt;img src=x&gt;") == 9


def test_the_pager_offers_only_what_there_is() -> None:
    html = show("{% pager page %}", page=SimpleNamespace(previous_url="", next_url="?after=9"))
    assert 'href="?after=9"' in html
    assert "Previous" not in html
    assert show("{% pager page %}", page=SimpleNamespace(previous_url="", next_url="")) == ""


# Middleware


def logged(asked: HttpRequest, caplog: pytest.LogCaptureFixture) -> tuple[HttpResponseBase, dict[str, Any]]:
    with caplog.at_level(logging.INFO, logger="throughcare.web"):
        response = RequestLog(lambda request: HttpResponse("ok", status=201))(asked)
    [record] = [r for r in caplog.records if r.name == "throughcare.web"]
    return response, vars(record)


def test_a_request_is_logged_once_without_path_query_or_form(caplog: pytest.LogCaptureFixture) -> None:
    asked = request("/people/9434765919/?q=Adeyemi", WORKER, note="secret")
    asked.resolver_match = ResolverMatch(lambda r: None, (), {}, route="people/<nhs>/")
    response, line = logged(asked, caplog)
    assert line["route"] == "people/<nhs>/"
    assert (line["method"], line["status"], line["user"], line["service"]) == ("POST", 201, 3, 4)
    assert line["milliseconds"] >= 0
    assert line["request_id"] == response["X-Request-Id"] == asked.request_id  # type: ignore[attr-defined]
    for private in ("9434765919", "Adeyemi", "Okoro", "secret"):
        assert private not in repr(line)


def test_a_request_of_nobody_to_nowhere_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    asked = RequestFactory().get("/nope/")
    _, line = logged(asked, caplog)
    assert (line["route"], line["user"], line["service"]) == (None, None, None)


def test_no_page_is_kept_by_a_browser_or_a_proxy(caplog: pytest.LogCaptureFixture) -> None:
    response, _ = logged(request(), caplog)
    assert response["Cache-Control"] == "no-store"


FAULT = Fault("HO-104", "", "The receiving service has not accepted this hand-over.", "Ring them.")


def refused(exception: Exception, accept: str = "text/html") -> HttpResponse | None:
    asked = RequestFactory().get("/", headers={"accept": accept})
    asked.session = SessionStore()
    return Refusals(lambda request: HttpResponse()).process_exception(asked, exception)


def test_a_refusal_is_a_page_with_number_rule_and_mend() -> None:
    response = refused(Refused(FAULT, Fault("HO-105", "", "<b>", "")))
    assert response is not None
    html = response.content.decode()
    assert response.status_code == 409
    for words in (FAULT.number, FAULT.rule, FAULT.mend, "HO-105", "&lt;b&gt;"):
        assert words in html


def test_a_refusal_that_hides_whether_the_thing_exists_is_403() -> None:
    response = refused(NotAllowed(FAULT))
    assert response is not None
    assert response.status_code == 403


def test_a_program_gets_the_faults_as_json() -> None:
    response = refused(Refused(FAULT), "application/json")
    assert response is not None
    assert response.status_code == 409
    assert json.loads(response.content) == {
        "faults": [{"number": "HO-104", "field": "", "rule": FAULT.rule, "mend": FAULT.mend}]
    }


def test_other_exceptions_are_left_alone() -> None:
    assert refused(ValueError("x")) is None


# Pages


def test_help_lists_each_shortcut_with_its_switch() -> None:
    html = help_page(request()).content.decode()
    for key in ("/", "t", "?"):
        assert f'<kbd class="tc-key">{key}</kbd>' in html
        assert f'type="checkbox" value="{key}"' in html


def test_a_form_too_old_shows_what_was_typed_except_secrets() -> None:
    asked = request("/hand-overs/new/", note="Ring <her> first", password="hush", csrfmiddlewaretoken="tok", empty="")
    response = form_too_old(asked, "CSRF token missing.")
    html = response.content.decode()
    assert response.status_code == 403
    assert "WB-101" in html
    assert "Ring &lt;her&gt; first" in html
    assert 'href="/hand-overs/new/"' in html
    for secret in ("hush", "tok<", "Empty"):
        assert secret not in html


@pytest.mark.parametrize(("name", "number"), [("403.html", "WB-403"), ("404.html", "WB-404"), ("500.html", "WB-500")])
def test_an_error_page_needs_no_request_and_no_database(name: str, number: str) -> None:
    assert number in render_to_string(name)
