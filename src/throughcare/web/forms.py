"""Forms: GOV.UK markup for every field, numbered errors that say what is wrong and how to mend it, nothing typed lost.

A form is an ordinary Django form that inherits Form. `{{ form }}` in a template renders its fields; the base template
renders the error summary of whatever the view passes as `form`. Choices shown as radios take widget=forms.RadioSelect.
"""

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.forms.renderers import TemplatesSetting
from django.forms.utils import pretty_name
from django.forms.widgets import Input

from throughcare.web import wording
from throughcare.web.faults import Fault

# Which GOV.UK class an input carries: the first kind that fits, so the more particular come first.
CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "govuk-checkboxes__input"),
    (forms.CheckboxSelectMultiple, "govuk-checkboxes__input"),
    (forms.RadioSelect, "govuk-radios__input"),
    (forms.Select, "govuk-select"),
    (forms.Textarea, "govuk-textarea"),
    (forms.FileInput, "govuk-file-upload"),
    (Input, "govuk-input"),
    (forms.MultiWidget, "govuk-input"),
)

# Django's error codes, the number each has for good, and the words. {Label} begins a sentence, {label} goes inside one.
ERRORS = {
    "required": "FM-101 {ask}",
    "invalid": "FM-102 {Label} cannot be read. Check it and type it again.",
    "invalid_choice": "FM-103 {Label} must be one of the choices shown. Choose one of them.",
    "invalid_list": "FM-103 {Label} must be one of the choices shown. Choose one of them.",
    "invalid_pk_value": "FM-103 {Label} must be one of the choices shown. Choose one of them.",
    "max_length": "FM-104 {Label} must have %(limit_value)s characters or fewer and has %(show_value)s. Shorten it.",
    "min_length": "FM-105 {Label} must have %(limit_value)s characters or more and has %(show_value)s. Add to it.",
    "min_value": "FM-106 {Label} must be %(limit_value)s or more. Change it.",
    "max_value": "FM-107 {Label} must be %(limit_value)s or less. Change it.",
    "invalid_date": "FM-108 {Label} must be a real date. Check day, month and year, for example 27 3 2026.",
    "incomplete_date": "FM-109 {Label} must have a day, a month and a year. Fill in all three boxes.",
    "invalid_time": "FM-110 {Label} must be a time of day. Type it like 2:30pm or 14:30.",
    "max_digits": "FM-111 {Label} has too many figures. Use %(max)s or fewer.",
    "max_decimal_places": "FM-112 {Label} has too many figures after the point. Use %(max)s or fewer.",
    "max_whole_digits": "FM-113 {Label} has too many figures before the point. Use %(max)s or fewer.",
    "null_characters_not_allowed": "FM-114 {Label} holds a character that cannot be kept. Type it again.",
    "empty": "FM-115 {Label} is an empty file. Choose another file.",
}
INVALID: tuple[tuple[type[forms.Field], str], ...] = (
    (forms.FloatField, "FM-102 {Label} must be a number. Type it in figures, for example 2.5."),
    (forms.DecimalField, "FM-102 {Label} must be a number. Type it in figures, for example 2.5."),
    (forms.IntegerField, "FM-102 {Label} must be a whole number. Type it in figures, for example 3."),
    (forms.EmailField, "FM-102 {Label} must be an e-mail address. Type it like name@example.org."),
)
MONTHS = {
    name.lower(): number
    for names in (calendar.month_abbr, calendar.month_name)
    for number, name in enumerate(names)
    if name
}
TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap]m)?", re.IGNORECASE)
NO_ARTICLE = {"a", "an", "any", "how", "the", "their", "what", "when", "where", "which", "who", "why", "your"}


class BoundField(forms.BoundField):
    """A field on the page: its widget with the GOV.UK class, and where a link from the error summary lands."""

    @property
    def block(self) -> str:
        """The GOV.UK block that holds the options, or "" for a field that is not made of options."""
        if isinstance(self.field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
            return "govuk-checkboxes"
        return "govuk-radios" if isinstance(self.field.widget, forms.RadioSelect) else ""

    @property
    def first_id(self) -> str:
        """The id of the first input of the field."""
        if isinstance(self.field.widget, DateInput):
            return f"{self.auto_id}_day"
        return f"{self.auto_id}_0" if isinstance(self.field.widget, forms.RadioSelect) else self.id_for_label

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if widget.is_hidden:
            return attrs
        name = next(name for kind, name in CLASSES if isinstance(widget, kind))
        names = [name, widget.attrs.get("class", "")]
        if self.block:
            attrs.pop("aria-invalid", None)  # means nothing on one option; the group is described by the error
        elif self.errors:
            names.append(f"{name}--error")
        attrs["class"] = " ".join(filter(None, names))
        return attrs


class Renderer(TemplatesSetting):
    """Django's own widgets inside GOV.UK form groups."""

    form_template_name = "web/parts/form.html"
    field_template_name = "web/parts/field.html"
    bound_field_class = BoundField


class Form(forms.Form):
    """The base of every form. Messages given to a single field by its author are kept as they are."""

    use_required_attribute = False  # the browser's own bubbles have no number and cannot be read again

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _number_errors(field, str(field.label or pretty_name(name)))
            if isinstance(field.widget, forms.NumberInput):
                # A number box drops what it cannot read; a text box keeps it, beside the error.
                field.widget.input_type = "text"
                field.widget.attrs = {"inputmode": "decimal", "class": "govuk-input--width-5"} | field.widget.attrs

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Show each fault at the field it names, or at the top if the form has no such field."""
        self.is_valid()  # checks the form, if nobody has yet
        for fault in faults:
            self.add_error(
                fault.field if fault.field in self.fields else None, ValidationError(str(fault), code=fault.number)
            )


class DateInput(forms.MultiWidget):
    """Three boxes: day, month, year, named NAME_day, NAME_month and NAME_year."""

    template_name = "web/parts/date.html"
    parts = (("day", "Day", 2), ("month", "Month", 2), ("year", "Year", 4))

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            part: forms.TextInput(attrs={"inputmode": "numeric"}) for part, _, _ in self.parts
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[Any]:
        return [value.day, value.month, value.year] if isinstance(value, dt.date) else [None, None, None]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        for box, (part, label, width) in zip(context["widget"]["subwidgets"], self.parts, strict=True):
            box["label"] = label
            box["attrs"]["class"] += f" govuk-date-input__input govuk-input--width-{width}"
            if attrs and attrs.get("id"):
                box["attrs"]["id"] = f"{attrs['id']}_{part}"
        return context


class DayField(forms.Field):
    """A date typed in three boxes. Gives a date, or None when left empty and not required. Months may be words."""

    widget = DateInput

    def to_python(self, value: Any) -> dt.date | None:
        if value in EMPTY_VALUES or isinstance(value, dt.date):
            return value or None
        day, month, year = (str(part or "").strip() for part in value)
        if not (day or month or year):
            return None
        if not (day and month and year):
            raise ValidationError(self.error_messages["incomplete_date"], code="incomplete_date")
        try:
            if not re.fullmatch(r"(19|20)[0-9]{2}", year):
                raise ValueError("four figures: 26 could be a birth or a review")
            if not re.fullmatch(r"[0-9]{1,2}", day) or not (month.isalpha() or re.fullmatch(r"[0-9]{1,2}", month)):
                raise ValueError("plain figures")
            return dt.date(int(year), MONTHS.get(month.lower()) or int(month), int(day))
        except ValueError:
            raise ValidationError(self.error_messages["invalid_date"], code="invalid_date") from None


class TimeField(forms.CharField):
    """A time of day in one box: 14:30, 2:30pm, 2.30pm, 2pm, midday, midnight. Gives a time, or None when left empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"class": "govuk-input--width-5"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return self.read(typed) if typed else None

    def prepare_value(self, value: Any) -> Any:
        return wording.clock(value) if isinstance(value, dt.time) else value

    def read(self, typed: str) -> dt.time:
        named = {"midday": dt.time(12), "noon": dt.time(12), "midnight": dt.time(0)}.get(typed.lower())
        if named is not None:
            return named
        found = TIME.fullmatch(typed)
        if found:
            hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
            fits = 1 <= hour <= 12 if half else hour <= 23 and found[2]
            if fits and minute <= 59:
                return dt.time(hour % 12 + (12 if half == "pm" else 0) if half else hour, minute)
        raise ValidationError(self.error_messages["invalid_time"], code="invalid_time")


def _number_errors(field: forms.Field, label: str) -> None:
    """Give the field our numbered messages, except where its author gave it one of its own."""
    usual: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        usual.update(getattr(kind, "default_error_messages", {}))
    invalid = next((words for kind, words in INVALID if isinstance(field, kind)), ERRORS["invalid"])
    # A bare % would be read as a place for a value when the message is made.
    label = re.sub(r"\s*%\s*", " per cent ", label).strip()
    for code, words in {**ERRORS, "invalid": invalid}.items():
        if field.error_messages.get(code) == usual.get(code):
            field.error_messages[code] = words.format(Label=label, ask=_ask(field, label))


def _ask(field: forms.Field, label: str) -> str:
    """What to do about an empty field, from its label."""
    if isinstance(field.widget, forms.CheckboxInput):
        return f"Tick “{label}” to go on."
    if label.endswith("?"):
        return f"Answer the question “{label}”"
    words = label if label[1:2].isupper() else label[:1].lower() + label[1:]
    article = "" if words.split(" ")[0] in NO_ARTICLE else "the "
    return f"{'Choose' if isinstance(field, forms.ChoiceField) else 'Enter'} {article}{words}."
