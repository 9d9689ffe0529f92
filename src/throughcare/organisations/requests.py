"""A request as views receive it: the middleware has said who acts, or answered in their place."""

from django.http import HttpRequest

from throughcare.events.actor import Actor
from throughcare.organisations.models import Membership


class Request(HttpRequest):
    """actor: who acts for which service (never absent in a view that needs sign-in)."""

    actor: Actor
    memberships: list[Membership]
    can_switch: bool
