"""Pages that belong to no area of the trade."""

from django.contrib.auth.decorators import login_not_required
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from throughcare.web.shell import is_plain

SHORTCUTS = (
    ("/", "search for a person"),
    ("t", "go to Today"),
    ("?", "open this page"),
)
UNTOLD = {"csrfmiddlewaretoken", "idempotency_key", "version", "password", "code", "key"}


@login_not_required
def help_page(request: HttpRequest) -> HttpResponse:
    """How to get about, and the switches of the keyboard shortcuts."""
    return render(request, "web/help.html", {"shortcuts": SHORTCUTS})


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer to a form whose safety code no longer fits, usually after signing in again in another tab.

    Nothing is stored. What was typed is shown, so that it can be copied into a fresh form; it is not sent again from
    here, since the form may have come from another site. Passwords and codes are not shown.
    """
    typed = [
        (pretty_name(name), value)
        for name, values in request.POST.lists()
        for value in values
        if value and name not in UNTOLD
    ]
    shell = "web/plain.html" if is_plain(request) else "web/base.html"
    return render(request, "web/form_too_old.html", {"typed": typed, "around": shell}, status=403)
