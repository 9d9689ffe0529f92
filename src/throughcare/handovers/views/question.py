"""Asking who prescribes; and what a caller may be told, and was."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from throughcare.handovers.actions import question as actions
from throughcare.handovers.queries.question import questions
from throughcare.handovers.rules.question import CALLERS, MAY_BE_ASKED, TOLD, may_tell
from throughcare.handovers.views.reader import reader_of
from throughcare.organisations.models import Service
from throughcare.organisations.queries import answering_services
from throughcare.organisations.requests import Request
from throughcare.people.models import Record
from throughcare.processes.actions import once
from throughcare.reference.sharing import rule
from throughcare.web.faults import Refused
from throughcare.web.forms import Form


class AskForm(Form):
    """Whom to ask, why, and where to ring back."""

    asked = forms.ModelChoiceField(
        label="Which service do you ask?",
        help_text="Every service that treats people is listed, those of the person’s home area first. "
        "The list does not show who knows the person.",
        queryset=Service.objects.none(),
        empty_label="Choose a service",
    )
    reason = forms.CharField(
        label="Why do you need to know, and by when?",
        help_text="For example: in custody since 3pm, says methadone this morning, withdrawing",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    call_back_number = forms.CharField(label="Number to call you back on", max_length=40)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, record: Record, own: int | None) -> None:
        super().__init__(data, initial={"key": uuid.uuid4().hex})
        asked = self.fields["asked"]
        assert isinstance(asked, forms.ModelChoiceField)
        asked.queryset = answering_services(MAY_BE_ASKED, other_than=own)
        near = set(Service.objects.filter(areas__area=record.area or None).values_list("pk", flat=True))
        first = sorted(asked.queryset, key=lambda service: service.pk not in near)
        asked.choices = [("", "Choose a service"), *((service.pk, str(service)) for service in first)]


def ask(request: Request, person: int) -> HttpResponse:
    """Ask a service who prescribes for somebody, what dose, last taken when, confirmed by whom."""
    record, _ = reader_of(request, person)
    now = timezone.now()
    actions.must_hear(record, request.actor, now)
    form = AskForm(request.POST if request.method == "POST" else None, record=record, own=request.actor.service)
    if form.is_valid():
        typed = dict(form.cleaned_data)
        key = typed.pop("key")
        try:
            case = once(
                key,
                lambda step: (
                    (step.user_id, step.service_id, step.case.person_id, step.facts.get("reason"))
                    == (request.actor.user, request.actor.service, person, typed["reason"].strip())
                ),
                lambda: actions.ask(by=request.actor, at=now, record=record, key=key, **typed).case,
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            messages.success(request, "The question is asked. You are told as soon as it is answered.")
            return redirect("case", case=case.pk)
    status = 422 if form.is_bound and form.errors else 200
    waiting = questions(request.actor, now).filter(asker=request.actor.service, case__person=person)
    context = {"form": form, "record": record, "waiting": waiting if request.method == "GET" else ()}
    return render(request, "handovers/ask.html", context, status=status)


class ToldForm(Form):
    """Who rang, where they were rung back, and what they were told."""

    caller = forms.ChoiceField(label="Who asked?", choices=list(CALLERS.items()), widget=forms.RadioSelect)
    name = forms.CharField(label="Their name", max_length=120)
    number = forms.CharField(
        label="Number you rang them back on", max_length=40, help_text="The number listed for them, not one they gave"
    )
    told = forms.MultipleChoiceField(
        label="What did you tell them?",
        choices=[(code, words[:1].upper() + words[1:]) for code, words in TOLD.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick nothing when you told them nothing",
    )
    key = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)


def tell(request: Request, person: int) -> HttpResponse:
    """May I tell this caller? The disclosure table in words, and a form that keeps what was told."""
    record, seen = reader_of(request, person)
    if not seen.reads("prescribing_medicines"):
        raise actions.tells_nobody(person)
    now = timezone.now()
    form = ToldForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4().hex})
    if form.is_valid():
        typed = dict(form.cleaned_data)
        kept = actions.told_caller(by=request.actor, at=now, record=record, form=typed.pop("key") or None, **typed)
        messages.success(request, "It is kept whom you told what.")
        if kept.beyond:
            messages.warning(
                request,
                "The sharing table does not let this caller be told all of that. It is kept and flagged: "
                "tell your data-protection lead.",
            )
        return redirect("person", person=person)
    context = {
        "form": form,
        "record": record,
        "now": now,
        "callers": [may_tell(rule("prescribing_medicines", role, localdate(now)), role) for role in CALLERS],
    }
    return render(request, "handovers/tell.html", context, status=422 if form.is_bound and form.errors else 200)
