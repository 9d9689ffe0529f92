"""The form of an event: its questions come from the table; "not known" answers those about what is reported."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings

from throughcare.events.actor import Actor
from throughcare.organisations.models import Site
from throughcare.organisations.queries import receiving_services
from throughcare.processes.table import AREA, CHOICE, DAY, LONG_TEXT, MOMENT, NOT_KNOWN, SERVICE, USER, Fact
from throughcare.processes.universal import reviewers
from throughcare.processes.universal_rules import FACTS, SITE
from throughcare.reference.areas import area_choices
from throughcare.web.faults import Fault
from throughcare.web.forms import DayField, Form, TimeField
from throughcare.web.wording import LONDON

CHOSEN = (AREA, SERVICE, SITE, USER)


class EventForm(Form):
    """The questions of one event. Carries a number of its own, so that a form sent twice reports once."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, asked: Iterable[str], optional: Iterable[str], reported: bool, actor: Actor, **initial: Any
    ) -> None:
        self.asked = tuple(asked)
        self.reported = reported
        fields: dict[str, forms.Field] = {}
        for code in self.asked:
            fact, required = FACTS[code], code not in tuple(optional)
            fields |= _fields(code, fact, choices_of(fact, actor), required)
            if reported and required and fact.kind != CHOICE:
                fields[f"{code}__not_known"] = forms.BooleanField(label="Not known", required=False)
        self.base_fields = {**type(self).base_fields, **fields}  # type: ignore[misc]  # this form has its own questions
        super().__init__(data, initial={"key": uuid.uuid4().hex, **initial})
        for name, field in self.fields.items():
            if not field.required and not name.endswith("__not_known"):
                field.unless_given = "if known"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Drop the error of a question that was answered with "not known"."""
        cleaned = super().clean() or {}
        for code in self.asked:
            if cleaned.get(f"{code}__not_known"):
                for name in (code, f"{code}_day", f"{code}_time"):
                    self.errors.pop(name, None)
        return cleaned

    def facts(self) -> dict[str, object]:
        """What was answered, as plain values that can be stored."""
        answers: dict[str, object] = {}
        for code in self.asked:
            value = self.cleaned_data.get(code)
            if FACTS[code].kind == MOMENT:
                day, time = self.cleaned_data.get(f"{code}_day"), self.cleaned_data.get(f"{code}_time")
                value = datetime.combine(day, time, LONDON).isoformat() if day and time else ""
            elif FACTS[code].kind == DAY:
                value = value.isoformat() if value else ""
            if not value and self.cleaned_data.get(f"{code}__not_known"):
                value = NOT_KNOWN
            answers[code] = value.strip() if isinstance(value, str) else value
        return answers

    def show(self, faults: Iterable[Fault]) -> None:
        """Put each fault at the field it is about."""
        self.add_faults(replace(f, field=f"{f.field}_day") if f"{f.field}_day" in self.fields else f for f in faults)


def choices_of(fact: Fact, actor: Actor) -> list[tuple[str, str]]:
    """What a question may be answered with, where it is chosen from a list."""
    match fact.kind:
        case "area":
            return area_choices(made_up=settings.MADE_UP)
        case "service":
            return [(str(s.pk), str(s)) for s in receiving_services(other_than=actor.service)]
        case "site":
            return [(str(pk), name) for pk, name in Site.objects.order_by("name").values_list("pk", "name")]
        case "user":
            return reviewers(actor)
    return list(fact.choices)


def _fields(code: str, fact: Fact, choices: list[tuple[str, str]], required: bool) -> dict[str, forms.Field]:
    common: dict[str, Any] = {"label": fact.label, "help_text": fact.hint, "required": required}
    if fact.kind == MOMENT:
        time = TimeField(label="Time", help_text="For example 2:30pm", required=required)
        return {f"{code}_day": DayField(**common), f"{code}_time": time}
    if fact.kind == DAY:
        return {code: DayField(**common)}
    if fact.kind == LONG_TEXT:
        return {code: forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=2000, **common)}
    if fact.kind == CHOICE:
        return {code: forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)}
    if fact.kind in CHOSEN:
        return {code: forms.ChoiceField(choices=[("", "Choose one"), *choices], **common)}
    return {code: forms.CharField(max_length=200, **common)}
