"""Every model with a path to a person says how the disclosure table governs it, or the build fails here."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from throughcare.people.models import Record
from throughcare.sharing.governed import faults
from throughcare.sharing.models import Person

ABOUT = (Person, Record)
EXEMPT = {
    "sharing.Person",
    "processes.Case",
    "processes.Strand",
    "processes.StepTaken",
    "processes.Due",
    "handovers.AnswerLink",
    "handovers.CustodyQuestion",
    "processes.Effect",
    "people.PersonEvent",
    "handovers.HandOver",
    "handovers.Sheet",
    "handovers.SheetSent",
    "handovers.WrongCode",
    "messages.Message",
    "messages.Email",
}
"""Written out again, so that a model cannot exempt itself without somebody adding it here too."""


def test_every_model_that_leads_to_a_person_names_its_category_or_why_it_is_exempt() -> None:
    assert faults(apps.get_models(include_auto_created=True), ABOUT) == []


def test_nobody_is_exempt_who_is_not_on_the_list() -> None:
    found = {m._meta.label for m in apps.get_models() if getattr(m, "exempt", "") and m.__name__ != "Job"}
    assert {label.replace("outbox.", "messages.") for label in found} == EXEMPT


@pytest.fixture(autouse=True)
def planted() -> Iterator[None]:
    """Models declared in a test are in no registry but their own."""
    with isolate_apps("throughcare.people"):
        yield


def planted_model(**body: Any) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": "people"})
    return type("Planted", (models.Model,), {"__module__": __name__, "Meta": meta, **body})


PATHS = {
    "a foreign key to a person": lambda: models.ForeignKey(Person, models.PROTECT, related_name="+"),
    "a foreign key to a record": lambda: models.ForeignKey(Record, models.PROTECT, related_name="+"),
    "a one-to-one relation": lambda: models.OneToOneField(Record, models.PROTECT, related_name="+"),
    "a many-to-many relation": lambda: models.ManyToManyField(Person, related_name="+"),
    "a foreign key to what leads there": lambda: models.ForeignKey(
        apps.get_model("processes", "StepTaken"), models.PROTECT, related_name="+"
    ),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_planted_model_without_a_category_is_reported(path: str) -> None:
    model = planted_model(leads=PATHS[path]())
    known = apps.get_models(include_auto_created=True)
    assert faults([*known, model], ABOUT) == [
        "people.Planted leads to a person and names neither its category nor why it is exempt"
    ]


@pytest.mark.parametrize("name", ["person", "record", "case", "person_id"])
@pytest.mark.parametrize("kind", [models.IntegerField, models.BigIntegerField, models.PositiveIntegerField])
def test_a_planted_number_of_a_person_is_reported_without_a_foreign_key(name: str, kind: type[models.Field]) -> None:  # type: ignore[type-arg]
    assert len(faults([planted_model(**{name: kind()})], ABOUT)) == 1


def test_a_model_that_points_to_a_planted_one_is_reported_as_well() -> None:
    near = planted_model(person=models.BigIntegerField(), exempt="a planted model of this test, which holds nothing")
    far = type(
        "Far",
        (models.Model,),
        {
            "__module__": __name__,
            "Meta": type("Meta", (), {"app_label": "people"}),
            "near": models.ForeignKey(near, models.PROTECT),
        },
    )
    assert [fault.split()[0] for fault in faults([far, near], ABOUT)] == ["people.Far"]


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ({"category": "identity_core"}, None),
        ({"exempt": "an envelope whose facts each name their own category"}, None),
        ({"category": "gossip"}, "not a category of the disclosure table"),
        ({"exempt": "fine"}, "without a reason in words"),
        ({"exempt": " " * 40}, "without a reason in words"),
        ({"category": "identity_core", "exempt": "an envelope of other facts"}, "both"),
        ({"category": "", "exempt": ""}, "neither"),
    ],
)
def test_a_category_is_a_code_of_the_table_and_a_reason_has_words(says: dict[str, str], fault: str | None) -> None:
    found = faults([planted_model(person=models.BigIntegerField(), **says)], ABOUT)
    assert [fault is not None and fault in one for one in found] == ([True] if fault else [])


def test_a_model_that_leads_to_nobody_need_say_nothing() -> None:
    assert faults([planted_model(words=models.TextField(), persons=models.IntegerField())], ABOUT) == []
