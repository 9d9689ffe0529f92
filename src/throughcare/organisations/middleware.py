"""Sets who acts, and for which service, on every request: one user acting for one service at a time."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from throughcare.organisations.queries import actor_of, memberships_of


class ActingFor:
    """Gives the request `actor` (an Actor, or None before sign-in) and `can_switch`.

    Costs one query for a signed-in user. The choice of service is kept in the session by the id of its membership;
    a membership that has ended no longer counts, whatever the session says. Someone without a team is told so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        request.memberships = []  # type: ignore[attr-defined]
        request.can_switch = False  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            memberships = memberships_of(request.user.pk, timezone.now())
            chosen = request.session.get("membership")
            kept = next((m for m in memberships if m.pk == chosen), memberships[0] if memberships else None)
            request.actor = actor_of(kept, request.user) if kept else None  # type: ignore[attr-defined]
            request.memberships = memberships  # type: ignore[attr-defined]
            request.can_switch = len(memberships) > 1  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Without a team only what needs no sign-in is open, and signing out."""
        open_to_all = not getattr(view, "login_required", True) or request.path == reverse("sign-out")
        if request.user.is_authenticated and not request.actor and not open_to_all:  # type: ignore[attr-defined]
            return render(request, "organisations/no_team.html", status=403)
        return None
