"""Every field carries its GOV.UK class, every error its number, and what was typed stays."""

import datetime as dt
import re
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils.datastructures import MultiValueDict
from django.utils.html import escape

from throughcare.web.faults import Fault
from throughcare.web.forms import CLASSES, ERRORS, DateInput, DayField, Form, TimeField

CHOICES = [("a", "Riverside"), ("b", "Harbour")]


class Everything(Form):
    text = forms.CharField(label="Name", max_length=5)
    telephone = forms.CharField(label="Telephone number", widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.EmailField(label="E-mail address")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    number = forms.IntegerField(label="Dose days missed", min_value=0)
    dose = forms.DecimalField(label="Dose", max_digits=5, decimal_places=1)
    url = forms.URLField(label="Address", assume_scheme="https")
    file = forms.FileField(label="File")
    select = forms.ChoiceField(label="Reason", choices=CHOICES)
    selects = forms.MultipleChoiceField(label="Reasons", choices=CHOICES)
    radios = forms.ChoiceField(label="Which service?", choices=CHOICES, widget=forms.RadioSelect)
    boxes = forms.MultipleChoiceField(label="What goes with it?", choices=CHOICES, widget=forms.CheckboxSelectMultiple)
    box = forms.BooleanField(label="I have told the person")
    area = forms.CharField(label="Note", widget=forms.Textarea)
    day = DayField(label="Release date")
    time = TimeField(label="Time of the appointment")
    hidden = forms.CharField(widget=forms.HiddenInput)


EXPECTED = {
    "text": "govuk-input",
    "telephone": "govuk-input",
    "email": "govuk-input",
    "password": "govuk-input",
    "number": "govuk-input",
    "dose": "govuk-input",
    "url": "govuk-input",
    "file": "govuk-file-upload",
    "select": "govuk-select",
    "selects": "govuk-select",
    "radios": "govuk-radios__input",
    "boxes": "govuk-checkboxes__input",
    "box": "govuk-checkboxes__input",
    "area": "govuk-textarea",
    "day_day": "govuk-input",
    "day_month": "govuk-input",
    "day_year": "govuk-input",
    "time": "govuk-input",
}


def inputs(html: str) -> list[tuple[str, list[str]]]:
    """Name and classes of every visible input, in order."""
    found = []
    for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", html):
        if 'type="hidden"' not in tag:
            name, classes = re.search(r'name="([^"]*)"', tag), re.search(r'class="([^"]*)"', tag)
            assert name
            found.append((name[1], classes[1].split() if classes else []))
    return found


@pytest.mark.parametrize("data", [None, {}], ids=["fresh", "with errors"])
def test_every_input_carries_its_gov_uk_class(data: dict[str, str] | None) -> None:
    found = inputs(str(Everything(data)))
    assert {name for name, _ in found} == set(EXPECTED)
    for name, classes in found:
        assert EXPECTED[name] in classes, name


def test_every_kind_of_widget_has_a_class() -> None:
    made_here: list[type[forms.Widget]] = [DateInput]
    shipped = [w for w in vars(forms.widgets).values() if isinstance(w, type) and issubclass(w, forms.Widget)]
    shown = [w for w in shipped + made_here if w not in (forms.Widget, forms.widgets.ChoiceWidget)]
    without = [w.__name__ for w in shown if not any(issubclass(w, kind) for kind, _ in CLASSES)]
    assert without == ["SelectDateWidget"]  # dates are typed, in DayField


def test_every_id_is_unique_and_every_reference_lands() -> None:
    form = Everything({"text": "too long"})
    html = str(form) + summary(form)
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    referred = re.findall(r'(?:for|href)="#?([^"]*)"', html)
    referred += [one for many in re.findall(r'aria-describedby="([^"]*)"', html) for one in many.split()]
    assert referred
    assert set(referred) <= set(ids)


def summary(form: Form) -> str:
    return Template('{% include "web/parts/error_summary.html" %}').render(Context({"form": form}))


def test_the_summary_links_each_error_to_its_field_in_the_same_words() -> None:
    form = Everything({})
    html, fields = summary(form), str(form)
    for name in form.fields:
        if name == "hidden":
            continue
        assert f'href="#{form[name].first_id}"' in html  # type: ignore[attr-defined]
        [words] = form[name].errors
        assert escape(words) in html
        assert escape(words) in fields


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("text", "", "FM-101 Enter the name."),
        ("text", "abcdefg", "FM-104 Name must have 5 characters or fewer and has 7. Shorten it."),
        ("text", "a\0b", "FM-114 Name holds a character that cannot be kept. Type it again."),
        ("email", "nobody", "FM-102 E-mail address must be an e-mail address. Type it like name@example.org."),
        ("number", "lots", "FM-102 Dose days missed must be a whole number. Type it in figures, for example 3."),
        ("number", "-1", "FM-106 Dose days missed must be 0 or more. Change it."),
        ("dose", "x", "FM-102 Dose must be a number. Type it in figures, for example 2.5."),
        ("dose", "1.55", "FM-112 Dose has too many figures after the point. Use 1 or fewer."),
        ("select", "", "FM-101 Choose the reason."),
        ("select", "z", "FM-103 Reason must be one of the choices shown. Choose one of them."),
        ("radios", "", "FM-101 Answer the question “Which service?”"),
        ("boxes", "z", "FM-103 What goes with it? must be one of the choices shown. Choose one of them."),
        ("box", "", "FM-101 Tick “I have told the person” to go on."),
        ("time", "25:00", "FM-110 Time of the appointment must be a time of day. Type it like 2:30pm or 14:30."),
    ],
)
def test_an_error_has_a_number_the_rule_and_the_mend(name: str, typed: str, words: str) -> None:
    assert words in Everything(MultiValueDict({name: [typed]})).errors[name]


def test_a_code_keeps_one_number() -> None:
    numbers = [words.split(" ")[0] for words in ERRORS.values()]
    assert all(re.fullmatch(r"FM-\d{3}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers) - 2  # the three codes for a wrong choice share FM-103


def test_a_field_may_have_words_of_its_own() -> None:
    class Own(Form):
        why = forms.CharField(label="Why", error_messages={"required": "HO-131 Say why. One line is enough."})

    assert Own({}).errors["why"] == ["HO-131 Say why. One line is enough."]


def test_a_label_with_a_per_cent_sign_does_not_break_its_errors() -> None:
    class Share(Form):
        share = forms.CharField(label="% of days", max_length=2)

    assert Share({"share": "100"}).errors["share"] == [
        "FM-104 per cent of days must have 2 characters or fewer and has 3. Shorten it."
    ]


def test_what_was_typed_stays_even_where_it_cannot_be_read() -> None:
    form = Everything(
        {"number": "lots", "day_day": "31", "day_month": "Febtember", "day_year": "26", "time": "teatime"}
    )
    html = str(form)
    for typed in ("lots", "31", "Febtember", "26", "teatime"):
        assert f'value="{typed}"' in html
    assert 'type="number"' not in html


def test_what_was_typed_is_escaped() -> None:
    html = str(Everything({"text": "<script>x</script>", "area": "</textarea><b>"}))
    assert "<script>" not in html
    assert "<b>" not in html


def test_faults_are_shown_at_their_field_and_the_others_at_the_top() -> None:
    form = Everything({"text": "Jay"})
    form.add_faults(
        [
            Fault("HO-104", "text", "The receiver has not accepted.", "Ring them."),
            Fault("HO-105", "", "The service has closed.", "Choose another."),
            Fault("HO-106", "no_such_field", "The case moved on.", "Open it again."),
        ]
    )
    assert form["text"].errors == ["HO-104 The receiver has not accepted. Ring them."]
    assert form.non_field_errors() == [
        "HO-105 The service has closed. Choose another.",
        "HO-106 The case moved on. Open it again.",
    ]
    assert not form.is_valid()
    assert "HO-104 The receiver has not accepted. Ring them." in str(form)
    assert "HO-105 The service has closed. Choose another." in summary(form)
    assert 'value="Jay"' in str(form)


class Day(Form):
    day = DayField(label="Release date", required=False)


def day(*parts: str) -> Day:
    return Day(dict(zip(("day_day", "day_month", "day_year"), parts, strict=True)))


@pytest.mark.parametrize("month", ["2", "02", "feb", "February", " 2 "])
def test_a_date_may_be_typed_with_figures_or_the_name_of_the_month(month: str) -> None:
    form = day("5", month, "2026")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["day"] == dt.date(2026, 2, 5)


@pytest.mark.parametrize(
    "parts",
    [
        ("31", "2", "2026"),
        ("29", "2", "2025"),
        ("5", "13", "2026"),
        ("5", "2", "26"),
        ("x", "2", "2026"),
        ("0", "2", "2026"),
    ],
)
def test_what_is_no_real_date_is_refused_by_number(parts: tuple[str, str, str]) -> None:
    [words] = day(*parts).errors["day"]
    assert str(words).startswith("FM-108 Release date must be a real date.")


def test_half_a_date_is_refused_by_number() -> None:
    [words] = day("5", "", "2026").errors["day"]
    assert str(words).startswith("FM-109 ")


def test_an_empty_date_that_is_not_required_is_none() -> None:
    form = day("", "", "")
    assert form.is_valid()
    assert form.cleaned_data["day"] is None


def test_a_known_date_fills_its_boxes() -> None:
    html = str(Day(initial={"day": dt.date(2026, 2, 5)}))
    assert re.findall(r'value="(\d+)"', html) == ["5", "2", "2026"]


def test_a_date_that_did_not_change_has_not_changed() -> None:
    data = {"day_day": "5", "day_month": "2", "day_year": "2026"}
    assert not Day(data, initial={"day": dt.date(2026, 2, 5)}).has_changed()
    assert Day(data, initial={"day": dt.date(2026, 2, 6)}).has_changed()


class Time(Form):
    time = TimeField(label="Time", required=False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("14:30", dt.time(14, 30)),
        ("14.30", dt.time(14, 30)),
        ("2:30pm", dt.time(14, 30)),
        ("2.30pm", dt.time(14, 30)),
        ("2pm", dt.time(14)),
        ("2 PM", dt.time(14)),
        ("12am", dt.time(0)),
        ("12:15pm", dt.time(12, 15)),
        ("00:05", dt.time(0, 5)),
        ("midday", dt.time(12)),
        ("Midnight", dt.time(0)),
        ("", None),
    ],
)
def test_a_time_may_be_typed_as_people_write_it(typed: str, meant: dt.time | None) -> None:
    form = Time({"time": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["time"] == meant


@pytest.mark.parametrize("typed", ["14", "24:00", "14:30pm", "0pm", "2:60pm", "2:3pm", "soon"])
def test_what_is_no_time_is_refused_by_number(typed: str) -> None:
    [words] = Time({"time": typed}).errors["time"]
    assert str(words).startswith("FM-110 ")


def test_a_known_time_is_shown_as_people_write_it() -> None:
    assert 'value="2:30pm"' in str(Time(initial={"time": dt.time(14, 30)}))


def test_an_optional_question_says_so() -> None:
    assert "Time (optional)" in str(Time())
    assert "(optional)" not in str(Everything())


def test_errors_are_numbered_in_a_form_built_on_djangos_own() -> None:
    class Given(forms.Form):
        name = forms.CharField()

    class Ours(Form, Given):
        pass

    ours: Any = Ours({})
    assert ours.errors["name"] == ["FM-101 Enter the name."]
