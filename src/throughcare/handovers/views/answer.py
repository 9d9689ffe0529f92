"""Answering a hand-over by link, without an account: the code, the hand-over, the answer, and what happens next.

Mail scanners follow links and send forms. Opening a page without the code changes nothing and names nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from throughcare.events.actor import Actor
from throughcare.handovers.actions import link as actions
from throughcare.handovers.models import AnswerLink
from throughcare.handovers.process.hand_over import TO_ANSWER
from throughcare.handovers.queries import link as queries
from throughcare.handovers.queries.sheet import by_part, names_of, sent_with
from throughcare.handovers.room.hand_over import state_of
from throughcare.handovers.rules import link as rules
from throughcare.handovers.rules.public_request import is_telephone, network_of
from throughcare.processes.actions import Conflict, taken_already
from throughcare.processes.forms import ActForm
from throughcare.processes.models import Case
from throughcare.processes.pages import page_of
from throughcare.processes.registry import room_of
from throughcare.processes.rules import Act, acts, judge
from throughcare.processes.table import START
from throughcare.web.faults import Fault, Refused
from throughcare.web.forms import Form

HERE = "answering"
"""Where the session keeps which link was opened by code, by whom, and until when."""
ANSWERED = "answered"
PREFIX = "entry"
PROMISES = ("accept", "decline", "ask_question")
WORDS = {"accept": "Accept and give a time", "decline": "We cannot: say why"}
"""Buttons in words for somebody who has never seen Throughcare; the others are as on the page of a hand-over."""


class EntryForm(Form):
    """Who answers, and the code. Its names are its own, so that an answer can wait beside it."""

    prefix = PREFIX

    name = forms.CharField(label="Your name", max_length=100)  # a step keeps 120, and says "(by link)" after it
    number = forms.CharField(
        label="Number to call you back on",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "class": "govuk-input--width-20"}),
    )
    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-10"},
        ),
    )

    def __init__(self, data: Any, *, ring: str) -> None:
        super().__init__(data)
        self.fields["code"].help_text = f"Six figures. {ring} and we read it out to you."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not any(letter.isalpha() for letter in name):
            raise forms.ValidationError("LK-107 A name has letters. Write the name that the sender can ask for.")
        return name

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if not is_telephone(number):
            raise forms.ValidationError(
                "LK-114 A telephone number has 7 to 15 figures. Type it with the area code, and an extension as x12."
            )
        return number

    def clean_code(self) -> str:
        typed = rules.figures(self.cleaned_data["code"])
        if not (len(typed) == 6 and typed.isascii() and typed.isdecimal()):
            raise forms.ValidationError("LK-109 The code has six figures. Type it as it was read out.")
        return typed


@dataclass(frozen=True)
class Answerer:
    """Who gave the code in this browser, and how to ring them."""

    actor: Actor
    number: str


Page = Callable[..., HttpResponse]


def by_link(page: Page) -> Page:
    """A page behind a link: no account, no search engine. A token that was guessed gets one and the same page."""

    @login_not_required
    @wraps(page)
    def opened(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
        link = queries.link_of(token)
        if link is None:
            fault = Fault("LK-101", "", "This link opens nothing.", "Copy the whole link from the e-mail, or ring.")
            answer = render(request, "handovers/answer_closed.html", {"faults": [fault]}, status=404)
        else:
            answer = page(request, link, **more)
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return opened


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def entry(request: HttpRequest, link: AnswerLink) -> HttpResponse:
    """Who asks whom, by when, and the code. Names nobody; only the right code goes on."""
    now = timezone.now()
    if faults := actions.why_not(link, now):
        return _closed(request, faults)
    if request.method != "POST":
        return redirect(_to("answer-hand-over", link)) if _answerer(request, link, now) else _ask(request, link, now)
    return _enter(request, link, now) or redirect(_to("answer-hand-over", link))


@by_link
@require_http_methods(["GET", "HEAD"])
def hand_over(request: HttpRequest, link: AnswerLink) -> HttpResponse:
    """What is asked and known, as far as the table lets somebody there read it; each reading is kept before it."""
    now = timezone.now()
    if faults := actions.why_not(link, now):
        return _closed(request, faults)
    who = _answerer(request, link, now)
    if who is None:
        return redirect(_to("answer", link))
    case, room = link.case, room_of(link.case)
    roles = room.roles_of(case, who.actor)
    if not roles:
        return _closed(request, [_not_yours(link)])
    seen = queries.seen_by(link, who.actor, now)
    actions.read(by=who.actor, at=now, link=link, number=who.number)
    page = page_of(case, room, seen, roles, now)
    sent = None if page.hidden else sent_with(case.pk, seen)
    items = sent.shown if sent else []  # type: ignore[attr-defined]  # read with it by sent_with
    context = {
        "link": link,
        "who": who,
        "page": page,
        "initials": _initials(link),
        "buttons": [
            replace(button, words=WORDS.get(button.act.verb, button.words))
            for button in page.buttons
            if queries.can_answer(room, case, button.act, who.actor, now)
        ],
        "sent": sent,
        "parts": [(title, rows) for _, title, rows in by_part(items, names_of(items)) if rows],
        "to_answer": state_of(case) in TO_ANSWER,
        "now": now,
    }
    return render(request, "handovers/answer_hand_over.html", context)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, link: AnswerLink, verb: str) -> HttpResponse:
    """One answer. When the half hour is over, the code is asked again and what was typed waits beside it."""
    now = timezone.now()
    who = _answerer(request, link, now)
    key = request.POST.get("key", "")
    already = who is not None and bool(key) and taken_already(by=who.actor, case=link.case_id, verb=verb, key=key)
    if faults := actions.why_not(link, now):
        return _done(request, link, verb) if already else _closed(request, faults)
    again = who is None
    if who is None:
        if request.method != "POST":
            return redirect(_to("answer", link))
        if f"{PREFIX}-code" not in request.POST:
            return _ask(request, link, now, kept=True)
        if asked := _enter(request, link, now):
            return asked
        who = _answerer(request, link, now)
        assert who is not None, "the code has just been given"
    room, case = room_of(link.case), _as_it_is(link)
    roles = room.roles_of(case, who.actor)
    if not roles:
        return _done(request, link, verb) if already else _closed(request, [_not_yours(link)])
    seen = queries.seen_by(link, who.actor, now)
    states = {strand.name: strand.state for strand in case.strands.all()}
    possible = acts(room.process, states, roles, localdate(now))
    chosen = next((one for one in possible if one.mine and one.verb == verb), None)
    impossible: tuple[Fault, ...] = ()
    if chosen is None:
        rows = tuple(step for step in room.process.steps if step.verb == verb)
        strand = rows[0].strand if rows else "main"
        impossible = judge(
            room.process,
            strand=strand,
            state=states.get(strand, START),
            verb=verb,
            roles=roles,
            facts={},
            on=localdate(now),
        ).faults
        if not rows or request.method != "POST":
            return _closed(request, impossible)
        chosen = Act(strand, verb, rows, mine=False)  # sent from an old page: what was typed is shown again
    elif not queries.can_answer(room, case, chosen, who.actor, now):
        return _closed(request, [_not_by_link(link)])
    form = ActForm(
        request.POST if request.method == "POST" else None,
        room=room,
        case=case,
        act=chosen,
        actor=who.actor,
        now=now,
        version=case.version,
    )
    form.initial["call_back_number"] = who.number
    status, conflict = (422 if request.method == "POST" else 200), False
    if again:
        form.renew(case.version)
        form.show(impossible)
    elif form.is_valid():
        try:
            actions.answer(
                by=who.actor,
                at=now,
                link=link.pk,
                verb=verb,
                facts=form.facts(),
                version=form.cleaned_data["version"],
                key=form.cleaned_data["key"],
            )
        except Refused as refused:
            conflict = isinstance(refused, Conflict)
            if conflict:
                status = 409
                form.renew(Case.objects.get(pk=case.pk).version)
            form.show(refused.faults)
        else:
            return _done(request, link, verb)
    elif already:
        return _done(request, link, verb)
    elif form.is_bound:
        form.show(impossible)
    if conflict:
        actions.read(by=who.actor, at=now, link=link, number=who.number)
    words, consequence = room.words(case, verb)
    words = WORDS.get(verb, words)
    context = {
        "form": form,
        "link": link,
        "words": words,
        "consequence": consequence,
        "initials": _initials(link),
        "again": again,
        "page": page_of(_as_it_is(link), room, seen, roles, now) if conflict else None,
    }
    return render(request, "handovers/answer_act.html", context, status=status)


@by_link
@require_http_methods(["GET", "HEAD"])
def done(request: HttpRequest, link: AnswerLink) -> HttpResponse:
    """What happens next, in plain words; for the browser that answered, also when the answer ended the link."""
    answered = request.session.get(ANSWERED, {})
    if answered.get("link") != link.pk:
        return redirect(_to("answer", link))
    context = {
        "link": link,
        "verb": answered["verb"],
        "number": answered["number"],
        "words": room_of(link.case).process.done_words(answered["verb"]),
        "goes_on": not actions.why_not(link, timezone.now()),
        "promised": answered["verb"] in PROMISES,
    }
    return render(request, "handovers/answer_done.html", context)


def _enter(request: HttpRequest, link: AnswerLink, now: datetime) -> HttpResponse | None:
    """Look at the code that was given. None when it is right, and this browser may go on; else the page to show."""
    form = EntryForm(request.POST, ring=_ring(link))
    if form.is_valid():
        typed = form.cleaned_data
        actor = actions.outsider(link, typed["name"])
        address = network_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
        try:
            left = actions.enter(
                by=actor, at=now, link=link.pk, code=typed["code"], number=typed["number"], address=address
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            if left is None:
                request.session.cycle_key()
                request.session[HERE] = {
                    "link": link.pk,
                    "name": actor.user_name,
                    "number": typed["number"],
                    "until": (now + rules.OPEN_FOR).isoformat(),
                }
                return None
            form.add_faults([actions.wrong_code(left, link.case.hand_over.sender)])
    return _ask(request, link, now, form=form, kept=True)


def _ask(
    request: HttpRequest, link: AnswerLink, now: datetime, *, form: EntryForm | None = None, kept: bool = False
) -> HttpResponse:
    """The page that asks for the code. `kept`: what was typed into an answer goes with it, and comes back."""
    locked = actions.why_not(link, now, entering=True) if form is None else ()
    if locked:
        return _closed(request, locked)
    waiting = [(name, value) for name in (_typed(request) if kept else ()) for value in request.POST.getlist(name)]
    context = {
        "form": form or EntryForm(None, ring=_ring(link)),
        "link": link,
        "answer_by": queries.answer_by(link.case_id),
        "to_answer": state_of(link.case) in TO_ANSWER,
        "ended": link.case.closed_at is not None,
        "waiting": waiting,
        "expired": bool(waiting) and form is None,
        "now": now,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "handovers/answer_entry.html", context, status=status)


def _closed(request: HttpRequest, faults: Any) -> HttpResponse:
    typed = [
        value for name in _typed(request) if name not in ("version", "key") for value in request.POST.getlist(name)
    ]
    context = {"faults": faults, "typed": [value for value in typed if value.strip()]}
    return render(request, "handovers/answer_closed.html", context, status=410)


def _typed(request: HttpRequest) -> list[str]:
    """The names of what was sent with an answer, beside who gave it."""
    return [name for name in request.POST if name != "csrfmiddlewaretoken" and not name.startswith(f"{PREFIX}-")]


def _done(request: HttpRequest, link: AnswerLink, verb: str) -> HttpResponse:
    request.session[ANSWERED] = {"link": link.pk, "verb": verb, "number": request.session[HERE]["number"]}
    return redirect(_to("answer-done", link))


def _answerer(request: HttpRequest, link: AnswerLink, now: datetime) -> Answerer | None:
    """Who gave the code of this very link in this browser, not longer than half an hour ago."""
    here = request.session.get(HERE)
    if not here or here["link"] != link.pk:
        return None
    until = parse_datetime(here["until"])
    if until is None or now >= until:
        return None
    return Answerer(actions.outsider(link, here["name"]), here["number"])


def _as_it_is(link: AnswerLink) -> Case:
    return room_of(link.case).with_parties(Case.objects.filter(pk=link.case_id)).get()


def _initials(link: AnswerLink) -> str:
    return rules.initials(link.case.record.given_name, link.case.record.family_name)


def _ring(link: AnswerLink) -> str:
    sender = link.case.hand_over.sender
    return f"Ring {sender.name} on {sender.telephone}"


def _not_yours(link: AnswerLink) -> Fault:
    return Fault("LK-103", "", "This hand-over is no longer with your service.", f"{_ring(link)} if that is wrong.")


def _not_by_link(link: AnswerLink) -> Fault:
    return Fault("LK-108", "", "This cannot be done by link: it needs a colleague with an account.", f"{_ring(link)}.")


def _to(name: str, link: AnswerLink) -> str:
    return reverse(name, args=[link.key.token])
