"""Which service of an area has somebody in a role: whom a release tells."""

from django.db.models import QuerySet

from throughcare.organisations.models import Service

TREATMENT = "keyworker"
"""Whoever employs keyworkers treats."""


def in_role(area: str, role: str) -> int | None:
    """The first service that serves the area and has somebody in the role; None without one."""
    return _of(area, role).values_list("pk", flat=True).first() if area else None


def home_area_service(area: str) -> int | None:
    """The front door of the area, else the one treatment service that serves it; None where there is none or a choice.

    Only a service that takes hand-overs is asked.
    """
    if not area:
        return None
    # In one filter: a service may serve this area, and be the front door of another.
    doors = Service.objects.filter(takes_hand_overs=True, areas__area=area, areas__front_door=True)
    door = doors.values_list("pk", flat=True).first()
    found = list(_of(area, TREATMENT).filter(takes_hand_overs=True).values_list("pk", flat=True)[:2])
    return door or (found[0] if len(found) == 1 else None)


def _of(area: str, role: str) -> QuerySet[Service]:
    has = Service.objects.filter(areas__area=area, membership__role=role, membership__until=None)
    return has.order_by("pk").distinct()
