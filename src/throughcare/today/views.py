"""Today: what waits for the reader, acted on from the list."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from throughcare.organisations.requests import Request
from throughcare.sharing import looks
from throughcare.today.queries import groups, total


def today(request: Request) -> HttpResponse:
    """The groups of Today, gravest first."""
    now = timezone.now()
    found = groups(request.actor, now)
    looks.at_list(request.actor, "today", total(found), now)
    return render(request, "today/today.html", {"groups": found, "now": now})
