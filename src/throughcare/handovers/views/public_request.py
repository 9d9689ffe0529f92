"""The public page: asking for help for oneself or somebody else, without an account."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from throughcare.handovers.actions import public_request as actions
from throughcare.handovers.models import PublicRequest
from throughcare.handovers.rules.public_request import (
    KNOWS,
    MESSAGES,
    OPEN_FOR,
    OTHER,
    SELF,
    Asked,
    as_typed_by_somebody,
    how_to_reach,
    is_telephone,
    network_of,
)
from throughcare.organisations.models import Service
from throughcare.organisations.queries import actor_of_public_page, front_doors, public_page
from throughcare.people.actions import faults_of
from throughcare.people.rules import key as folded
from throughcare.processes.actions import once
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.reference.areas import area_name
from throughcare.web.faults import Fault, Refused
from throughcare.web.forms import DayField, Form
from throughcare.web.shell import plain

ANSWERED = "HOV-C04"
USED_BEFORE = "PR-203"
READABLE = timedelta(days=1)
AGAIN = "Nothing you typed is lost. Press “Send” once more."
_stamps, _receipts = Signer(salt="throughcare.public-form"), Signer(salt="throughcare.public-receipt")


class AskForm(Form):
    """What is asked on the public page. `website` is seen by machines alone."""

    area = forms.ChoiceField(
        label="Where do you live, or where is help needed?",
        help_text="Not in the list? Ask your GP, or ring NHS 111: they can say who helps where you live.",
    )
    for_whom = forms.ChoiceField(
        label="Who is it for?",
        choices=((SELF, "Me"), (OTHER, "Somebody I care about")),
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label="What name should we use?",
        help_text="A first name is enough. If you ask for somebody else: theirs.",
        max_length=80,
    )
    asked_by = forms.CharField(label="If you ask for somebody else: what is your name?", required=False, max_length=80)
    knows = forms.ChoiceField(
        label="If you ask for somebody else: do they know?", choices=KNOWS, required=False, widget=forms.RadioSelect
    )
    telephone = forms.CharField(
        label="Your telephone number",
        help_text="A telephone number or an e-mail address is needed, so that somebody can answer you.",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    email = forms.EmailField(
        label="Your e-mail address",
        required=False,
        max_length=120,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    message = forms.ChoiceField(
        label="Is it safe to leave a message?",
        help_text="On the telephone, or by e-mail.",
        choices=MESSAGES,
        widget=forms.RadioSelect,
    )
    good_time = forms.CharField(
        label="When is a good time?",
        help_text="For example: mornings, or not when the children are home",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    words = forms.CharField(
        label="What would help?",
        help_text="As much or as little as you like.",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    date_of_birth = DayField(label="Date of birth", help_text="Of the person it is for", required=False)
    website = forms.CharField(
        label="Leave this box empty: it is there for machines",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    key = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, areas: list[tuple[str, str]], stamp: str) -> None:
        super().__init__(data, initial={"key": stamp, "area": areas[0][0] if len(areas) == 1 else ""})
        choices = areas if len(areas) == 1 else [("", "Choose an area"), *areas]
        self.fields["area"].choices = choices  # type: ignore[attr-defined]
        either, then = "one of the two", "only then"
        for name, words in (("telephone", either), ("email", either), ("asked_by", then), ("knows", then)):
            self.fields[name].unless_given = words  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.errors.pop("key", None)  # one that cannot be read is answered like one that is too old
        if cleaned.get("for_whom") == OTHER:
            self._need(cleaned, "asked_by", "AH-107 Say what you are called, so that we do not ask for anybody else.")
            self._need(cleaned, "knows", "AH-106 Say whether they know, so that nobody tells them behind your back.")
        wrong = {"telephone", "email"} & self.errors.keys()
        if not wrong and not cleaned.get("telephone") and not cleaned.get("email"):
            self.add_error("telephone", "AH-108 Give a telephone number or an e-mail address to answer you at.")
        if cleaned.get("telephone") and not is_telephone(cleaned["telephone"]):
            self.add_error("telephone", "AH-109 This is not a telephone number. Check each figure, or leave it empty.")
        if not wrong and cleaned.get("email") and not cleaned.get("telephone") and cleaned.get("message") == "none":
            self.add_error(
                "message",
                "AH-112 An e-mail is a message too. Say that one may be sent, or give a telephone number.",
            )
        for name in ("name", "asked_by"):
            if cleaned.get(name) and not folded(cleaned[name]):
                self.add_error(name, "AH-110 A name needs a letter. Any name that you answer to will do.")
        return cleaned

    def _need(self, cleaned: Mapping[str, Any], name: str, words: str) -> None:
        if not cleaned.get(name) and name not in self.errors:
            self.add_error(name, words)

    def asked(self) -> Asked:
        """The answers; what was said of somebody else only where it is asked for them."""
        given: dict[str, Any] = {n: value for n, value in self.cleaned_data.items() if n not in ("website", "key")}
        if given["for_whom"] == SELF:
            given |= {"asked_by": "", "knows": ""}
        return Asked(**given)

    def renew(self, stamp: str) -> None:
        """Keep what was typed, to be sent again with another stamp."""
        self.data = {**{name: self.data[name] for name in self.data}, "key": stamp}


@plain
@login_not_required
def ask_for_help(request: HttpRequest) -> HttpResponse:
    """Ask the front door of an area for help. Sending it twice, or going back to it, makes one request."""
    now, page, doors = timezone.now(), public_page(), front_doors()
    if page is None or not doors:
        return _shown(request, None, doors)
    areas = sorted(((area, area_name(area)) for area in doors), key=lambda area: area[1])
    form = AskForm(request.POST if request.method == "POST" else None, areas=areas, stamp=_stamp(now))
    if not form.is_bound:
        return _shown(request, form, doors)
    key, age = _read(request.POST.get("key", ""), now)
    if age is None or age > OPEN_FOR:
        form.renew(_stamp(now))
    status = 422
    if form.is_valid():
        asked, source = form.asked(), _source(request, now)
        try:
            _must_be_of_a_person(form, asked, key, age, source, doors[asked.area], now)
            case = once(
                key,
                lambda step: step.service_id == page.pk and _is_same(step.case, asked),
                lambda: actions.ask(by=actor_of_public_page(page), at=now, asked=asked, key=key, source=source),
            )
        except Refused as refused:
            status = 429 if isinstance(refused, TooMany) else 422
            if refused.faults[0].number == USED_BEFORE:
                form.renew(_stamp(now))
            form.add_faults(map(_at_the_person, refused.faults))
        else:
            reference = PublicRequest.objects.values_list("reference", flat=True).get(pk=case.pk)
            return redirect(f"{reverse('help-received')}?of={_receipts.sign(reference)}")
    return _shown(request, form, doors, status)


class TooMany(Refused):
    """More came within the hour than people send."""


def _must_be_of_a_person(
    form: AskForm, asked: Asked, key: str, age: timedelta | None, source: str, door: Service, now: datetime
) -> None:
    """Refuses what no person sends, before anything is written, so that machines write nothing at all."""
    if faults := faults_of(actions.identity_of(asked), localdate(now)):
        raise Refused(*faults)
    if form.cleaned_data["website"]:
        del form.fields["website"].widget.attrs["tabindex"]  # it is shown now, to be emptied
        raise Refused(_HIDDEN_BOX)
    if key and StepTaken.objects.filter(key=key).exists():
        return  # it was taken before, and is answered again
    if not as_typed_by_somebody(age):
        raise Refused(_PRESS_AGAIN)
    if number := actions.too_many(source, now):
        raise TooMany(_too_many(number, door))


@plain
@login_not_required
def help_received(request: HttpRequest) -> HttpResponse:
    """Say that it was received and by when it is answered, for a day; names no service and nothing that was said."""
    now, context = timezone.now(), {}
    try:
        reference = _receipts.unsign(request.GET.get("of", ""))
    except BadSignature:
        reference = ""
    request_ = PublicRequest.objects.filter(reference=reference).select_related("case__hand_over__receiver").first()
    if request_ and now - request_.case.opened_at < READABLE:
        due = Due.objects.filter(case=request_.pk, clock=ANSWERED).order_by("pk").first()
        telephone = request_.case.hand_over.receiver.telephone
        context = {"reference": reference, "due": due.due_at if due else None, "telephone": telephone}
    return render(request, "handovers/public/received.html", context)


def _shown(request: HttpRequest, form: AskForm | None, doors: Mapping[str, Service], status: int = 200) -> HttpResponse:
    listed = sorted(((area_name(area), door) for area, door in doors.items()), key=lambda listed: listed[0])
    return render(request, "handovers/public/ask.html", {"form": form, "doors": listed}, status=status)


def _source(request: HttpRequest, now: datetime) -> str:
    network = network_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return actions.source_of(network, now)


def _stamp(now: datetime) -> str:
    """A form's own number and when it was opened, signed: one that was made up is told from ours."""
    return _stamps.sign(f"{uuid.uuid4().hex}.{int(now.timestamp())}")


def _read(stamp: str, now: datetime) -> tuple[str, timedelta | None]:
    """The number of a form and for how long it has been open; "" and None for a stamp that is not ours."""
    try:
        key, _, opened = _stamps.unsign(stamp).partition(".")
    except BadSignature:
        return "", None
    return key, now - datetime.fromtimestamp(int(opened), UTC)


def _is_same(case: Case, asked: Asked) -> bool:
    """Did these very answers open the case?"""
    record, hand_over = case.record, case.hand_over
    words = hand_over.asked or case.public_request.words
    given = (record.given_name, record.date_of_birth, record.area, hand_over.safe_contact, words)
    return given == (asked.name, asked.date_of_birth, asked.area, how_to_reach(asked), asked.words)


def _at_the_person(fault: Fault) -> Fault:
    field = {"given_name": "name", "family_name": "name"}.get(fault.field, fault.field)
    return Fault(fault.number, field, fault.rule, fault.mend)


_HIDDEN_BOX = Fault(
    "AH-101",
    "website",
    "A box that is there for machines was filled in, perhaps by your browser.",
    f"Empty it. {AGAIN}",
)
_PRESS_AGAIN = Fault(
    "AH-102", "", "The form was sent faster than anybody types, or was open for more than a day.", AGAIN
)


def _too_many(number: str, door: Service) -> Fault:
    where = "from your connection" if number == "AH-103" else "here"
    return Fault(
        number,
        "",
        f"More was sent {where} in one hour than people send, so nothing more is taken for now.",
        f"Ring {door.telephone}, or send it again in an hour: what you typed is still below.",
    )
