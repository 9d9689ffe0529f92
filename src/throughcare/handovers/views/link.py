"""The sender's side of an answer link: a new one, the code to read out, and the end of it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from throughcare.handovers.actions import link as actions
from throughcare.organisations.requests import Request
from throughcare.processes.pages import open_case


@require_POST
def new(request: Request, case: int) -> HttpResponse:
    """A new link goes out; the former one stops."""
    now = timezone.now()
    open_case(case, request.actor, now)
    actions.issue(by=request.actor, at=now, case=case)
    messages.success(
        request, "A new answer link goes to the registered mailbox. A link made before it opens nothing any more."
    )
    return redirect("case", case=case)


@require_POST
def stop(request: Request, case: int) -> HttpResponse:
    """The link opens nothing any more."""
    now = timezone.now()
    open_case(case, request.actor, now)
    actions.stop(by=request.actor, at=now, case=case)
    messages.success(request, "The answer link is stopped.")
    return redirect("case", case=case)


@require_POST
def code(request: Request, case: int) -> HttpResponse:
    """The code to read out on the telephone: shown on this page alone, and kept that it was shown."""
    now = timezone.now()
    found, room, _, _ = open_case(case, request.actor, now)
    figures = actions.show_code(by=request.actor, at=now, case=case)
    context = {"case": found, "title": room.title(found), "code": f"{figures[:3]} {figures[3:]}"}
    return render(request, "handovers/answer_code.html", context)
