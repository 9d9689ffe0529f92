"""One lock for whatever is done about one person."""

from typing import TypeVar

from django.db.models import Model, QuerySet

from throughcare.sharing.models import Person

Row = TypeVar("Row", bound=Model)


def hold(person: int) -> Person:
    """Have nobody else act about this person until the action is over. Every action that locks does this first.

    There is no second lock to take in another order, so no two actions wait for each other. Rows that only point to
    the person are added meanwhile without waiting. What was read before must be read again.
    """
    return Person.objects.select_for_update(no_key=True).get(pk=person)


def hold_person_of(rows: QuerySet[Row], person: str = "person") -> Row | None:
    """The same for the person of the first of these rows. Gives that row as it was before; None where there is none.

    person: the way from a row to its person; what lies on it is read with the row.
    """
    locked = rows.select_related(person).select_for_update(of=(person,), no_key=True)
    return locked.order_by("pk").first()
