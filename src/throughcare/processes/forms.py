"""A form for any act of any process, made from the facts that the table says it needs."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localtime

from throughcare.events.actor import Actor
from throughcare.processes.models import Case
from throughcare.processes.registry import Room
from throughcare.processes.rules import Act
from throughcare.processes.table import (
    AREA,
    CHOICE,
    DAY,
    LONG_TEXT,
    MOMENT,
    NOT_KNOWN,
    OF_THE_ROOM,
    REPORTED,
    Fact,
)
from throughcare.reference.areas import area_choices
from throughcare.web.faults import Fault
from throughcare.web.forms import DayField, Form, TimeField
from throughcare.web.wording import LONDON

MOST_RADIOS = 15


class ActForm(Form):
    """The questions of one act. Carries the version of the case it was opened on, and a number of its own."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, room: Room, case: Case, act: Act, actor: Actor, now: datetime, version: int
    ) -> None:
        self.act, self.process = act, room.process
        self.asked = questions(room, case, act, actor, now)
        initial: dict[str, Any] = {"version": version, "key": uuid.uuid4().hex}
        fields: dict[str, forms.Field] = {}
        for code, (fact, required) in self.asked.items():
            choices = room.choices(case, code, actor) if fact.kind in OF_THE_ROOM else _choices(fact)
            fields |= fields_of(code, fact, choices, required)
            if act.kind == REPORTED and fact.kind != CHOICE:
                fields[f"{code}__not_known"] = forms.BooleanField(label="Not known", required=False)
            offered = room.offered(case, code, actor)
            if offered is not None:
                initial |= initial_of(code, fact, str(offered))
        self.base_fields = {**type(self).base_fields, **fields}  # type: ignore[misc]  # this form has its own questions
        super().__init__(data, initial=initial)
        for name, field in self.fields.items():
            if name != "version" and not field.required and not name.endswith("__not_known"):
                field.unless_given = "this or the other"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Drop the error of a question that was answered with "not known"."""
        cleaned = super().clean() or {}
        for code in self.asked:
            if cleaned.get(f"{code}__not_known"):
                for name in (code, f"{code}_day", f"{code}_time"):
                    self.errors.pop(name, None)
        for code, (fact, _) in self.asked.items():
            day, time = cleaned.get(f"{code}_day"), cleaned.get(f"{code}_time")
            if fact.kind == MOMENT and bool(day) != bool(time) and not self.errors:
                self.add_error(
                    f"{code}_{'time' if day else 'day'}",
                    f"FM-116 “{fact.label}” needs both a date and a time. Fill in the other one.",
                )
        return cleaned

    def facts(self) -> dict[str, object]:
        """What was answered, as plain values that can be stored."""
        answers: dict[str, object] = {}
        for code, (fact, _) in self.asked.items():
            value = answer_of(self.cleaned_data, code, fact)
            if not value and self.cleaned_data.get(f"{code}__not_known"):
                value = NOT_KNOWN
            answers[code] = value
        return answers

    def renew(self, version: int) -> None:
        """Keep what was typed, to be sent again as an answer to the case as it now is."""
        names = {"version": str(version), "key": uuid.uuid4().hex}
        self.data = {**{name: self.data[name] for name in self.data}, **names}

    def show(self, faults: Iterable[Fault]) -> None:
        """Put each fault at the field it is about."""
        self.add_faults(replace(fault, field=self._field_of(fault.field)) for fault in faults)

    def _field_of(self, code: str) -> str:
        for name in (code, *self.process.fact(code).made_of):
            for field in (name, f"{name}_day"):
                if field in self.fields:
                    return field
        return ""


def questions(room: Room, case: Case, act: Act, actor: Actor, now: datetime) -> dict[str, tuple[Fact, bool]]:
    """What must be asked for an act: each fact with whether it is required. What can be derived is not asked."""
    asked: dict[str, tuple[Fact, bool]] = {}
    for code in act.asked:
        if room.derived(case, code, {}, actor, now) is not None:
            continue
        fact = room.process.fact(code)
        if fact.made_of:
            asked |= {part: (room.process.fact(part), False) for part in fact.made_of}
        else:
            asked[code] = (fact, True)
    return asked


def _choices(fact: Fact) -> list[tuple[str, str]]:
    if fact.kind != AREA:
        return list(fact.choices)
    return area_choices(made_up=settings.MADE_UP)


def answer_of(cleaned: Mapping[str, Any], code: str, fact: Fact) -> object:
    """What was answered to one question, as a plain value that can be stored."""
    value = cleaned.get(code)
    if fact.kind == MOMENT:
        day, time = cleaned.get(f"{code}_day"), cleaned.get(f"{code}_time")
        return datetime.combine(day, time, LONDON).isoformat() if day and time else ""
    if fact.kind == DAY:
        return value.isoformat() if value else ""
    return value.strip() if isinstance(value, str) else value


def initial_of(code: str, fact: Fact, value: str) -> dict[str, Any]:
    """A stored answer as the fields that ask for it begin with it."""
    if fact.kind == MOMENT and (when := parse_datetime(value)):
        local = localtime(when)
        return {f"{code}_day": local.date(), f"{code}_time": local.time()}
    return {code: parse_date(value) if fact.kind == DAY else value}


def fields_of(code: str, fact: Fact, choices: list[tuple[str, str]], required: bool) -> dict[str, forms.Field]:
    """The form fields that ask one question: a moment is a day and a time."""
    common: dict[str, Any] = {"label": fact.label, "help_text": fact.hint, "required": required}
    if fact.kind == MOMENT:
        time = TimeField(label="Time", help_text="For example 2:30pm", required=required)
        return {f"{code}_day": DayField(**common), f"{code}_time": time}
    if fact.kind == DAY:
        return {code: DayField(**common)}
    if fact.kind == LONG_TEXT:
        return {code: forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=2000, **common)}
    if fact.kind == CHOICE and len(choices) <= MOST_RADIOS:
        return {code: forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **common)}
    if fact.kind in (CHOICE, AREA, *OF_THE_ROOM):
        return {code: forms.ChoiceField(choices=[("", "Choose one"), *choices], **common)}
    return {code: forms.CharField(max_length=200, **common)}
