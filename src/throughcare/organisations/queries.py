"""Reads of organisations."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.organisations.models import PUBLIC_PAGE, AreaServed, Membership, Service
from throughcare.reference.roles import roles

PUBLIC_ROLE = "public_page"


def memberships_of(user: int, now: datetime) -> list[Membership]:
    """The memberships a user has in force, first come first."""
    return list(
        Membership.objects.filter(Q(until__isnull=True) | Q(until__gt=now), user=user, since__lte=now)
        .select_related("service__organisation")
        .order_by("pk")
    )


def actor_of(membership: Membership, user: User) -> Actor:
    """A user acting for the service of one membership."""
    return Actor(
        user=user.pk,
        user_name=user.name,
        role=membership.role,
        role_name=roles()[membership.role].name,
        service=membership.service_id,
        service_name=membership.service.name,
        organisation=membership.service.organisation_id,
    )


def actor_of_public_page(page: Service) -> Actor:
    """Whoever asks for help by themselves: no user, in a role that is in no table, so that it reads nothing."""
    return Actor(
        user=None,
        user_name=page.name,
        role=PUBLIC_ROLE,
        role_name=page.name,
        service=page.pk,
        service_name=page.name,
        organisation=page.organisation_id,
    )


def receiving_services(*, other_than: int | None) -> QuerySet[Service]:
    """The services that take hand-overs, by name, without the asker's own."""
    return (
        Service.objects.filter(takes_hand_overs=True)
        .exclude(Q(pk=other_than))
        .select_related("organisation")
        .order_by("name", "pk")
    )


def answering_services(roles: Collection[str], *, other_than: int | None) -> QuerySet[Service]:
    """Those of the receiving services in which somebody works in one of these roles, and so can answer."""
    there = Membership.objects.filter(service=OuterRef("pk"), role__in=roles, until=None)
    return receiving_services(other_than=other_than).filter(Exists(there))


def roles_at(service: int, now: datetime) -> frozenset[str]:
    """The roles in which somebody works for a service at this moment; empty where nobody signs in for it."""
    open_ones = Membership.objects.filter(Q(until__isnull=True) | Q(until__gt=now), service=service, since__lte=now)
    return frozenset(open_ones.values_list("role", flat=True))


def front_doors() -> dict[str, Service]:
    """The service that answers whoever asks by themselves, by the code of its area."""
    doors = AreaServed.objects.filter(front_door=True).select_related("service__organisation")
    return {door.area: door.service for door in doors.order_by("area")}


def public_page() -> Service | None:
    """The service that stands for those who ask without an account: None before the first front door was named."""
    return Service.objects.filter(kind=PUBLIC_PAGE).first()
