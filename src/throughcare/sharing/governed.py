"""Which models hold something about a person, and whether each says how the disclosure table governs it."""

from collections.abc import Iterable

from django.db.models import Field, IntegerField, Model

from throughcare.reference.sharing import categories

NUMBERS = frozenset({"person", "record", "case"})
"""Columns that hold the id of a person, a record or a case without a foreign key."""
SHORTEST_REASON = 20


def faults(models: Iterable[type[Model]], about: Iterable[type[Model]]) -> list[str]:
    """What is wrong, in words, with each model that leads to one of `about` (Person and Record), by any chain.

    Such a model names its `category`, a code of the table, or `exempt`, the reason why none applies; never both. Of a
    model that leads to nobody, or of which nothing is wrong, nothing is said.
    """
    found = []
    leading = _leading_to(list(models), set(about))
    for model in sorted(leading, key=lambda model: model._meta.label):
        category, exempt = getattr(model, "category", ""), getattr(model, "exempt", "")
        name = model._meta.label
        if not category and not exempt:
            found.append(f"{name} leads to a person and names neither its category nor why it is exempt")
        elif category and exempt:
            found.append(f"{name} names both a category and why it is exempt: one of them is not so")
        elif category and category not in categories():
            found.append(f"{name} names {category!r}, which is not a category of the disclosure table")
        elif exempt and len(exempt.strip()) < SHORTEST_REASON:
            found.append(f"{name} is exempt without a reason in words: {exempt!r}")
    return found


def _leading_to(models: list[type[Model]], about: set[type[Model]]) -> set[type[Model]]:
    """The models among these that are one of `about`, or that point to one that leads there, however far."""
    leading = {model for model in models if model in about or any(map(_is_number, model._meta.get_fields()))}
    grew = True
    while grew:
        further = {model for model in models if model not in leading and _points_to(model) & (leading | about)}
        leading |= further
        grew = bool(further)
    return leading


def _is_number(field: object) -> bool:
    return isinstance(field, IntegerField) and field.name.removesuffix("_id") in NUMBERS


def _points_to(model: type[Model]) -> set[type[Model]]:
    """The models that the columns and many-to-many fields of this one point to."""
    fields: list[Field[object, object]] = [*model._meta.fields, *model._meta.many_to_many]
    return {field.related_model for field in fields if isinstance(field.related_model, type)}
