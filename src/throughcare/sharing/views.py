"""The sharing table in words, and the audit trail for those who oversee it."""

import re

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST

from throughcare.accounts.models import User
from throughcare.events.models import Event
from throughcare.messages import jobs
from throughcare.organisations.models import Service
from throughcare.organisations.requests import Request
from throughcare.reference.roles import roles
from throughcare.reference.sharing import Access, categories, conditions, rules_for
from throughcare.sharing import looks
from throughcare.sharing.models import Look
from throughcare.sharing.rule import not_built
from throughcare.web.faults import Fault, NotAllowed

PAGE = 50


def table(request: Request) -> HttpResponse:
    """What one role may read of each category of data, on what conditions, and how far the basis was checked."""
    role = request.GET.get("role", request.actor.role)
    if role not in roles():
        role = request.actor.role
    rows = [
        (categories()[code], row, [conditions()[c].name for c in row.conditions])
        for code, row in rules_for(role, localdate()).items()
    ]
    context = {"role": roles()[role], "roles": roles().values(), "rows": rows, "not_built": not_built()}
    return render(request, "sharing/table.html", context)


def audit(request: Request) -> HttpResponse:
    """What was done and who looked, in the reader's own organisation, by number only, newest first."""
    _must_oversee(request.actor.role)
    show = request.GET.get("show", "looks")
    organisation = request.actor.organisation
    before = request.GET.get("before", "")
    before = before if re.fullmatch(r"[0-9]{1,18}", before) else ""  # what a column can hold
    if show == "looks":
        seen = Look.objects.filter(organisation=organisation).order_by("-pk")
        rows: list[Look] | list[Event] = list((seen.filter(pk__lt=int(before)) if before else seen)[: PAGE + 1])
    else:
        events = Event.objects.filter(organisation=organisation).order_by("-seq")
        if show == "refusals":
            events = events.filter(verb="refused")
        rows = list((events.filter(seq__lt=int(before)) if before else events)[: PAGE + 1])
    last = rows[PAGE - 1].pk if len(rows) > PAGE else None
    looks.at_list(request.actor, f"audit trail, {show}"[:60], len(rows), timezone.now())
    staff = dict(User.objects.filter(pk__in={row.user for row in rows if row.user}).values_list("pk", "name"))
    teams = dict(Service.objects.filter(pk__in={row.service for row in rows if row.service}).values_list("pk", "name"))
    context = {
        "show": show,
        "rows": [(row, staff.get(row.user or 0, ""), teams.get(row.service or 0, "")) for row in rows[:PAGE]],
        "page": {"next_url": f"?show={show}&before={last}" if last else "", "previous_url": ""},
        "now": timezone.now(),
    }
    return render(request, "sharing/audit.html", context)


@require_POST
def check(request: Request) -> HttpResponse:
    """Ask the worker to verify the whole chain of events."""
    _must_oversee(request.actor.role)
    job = jobs.ask(by=request.actor, at=timezone.now(), kind="verify", arguments={})
    return redirect("job", job=job.pk)


def oversees(role: str) -> bool:
    """May this role read the audit trail of its organisation? The table says so; no grant to a person is needed."""
    row = rules_for(role, localdate()).get("audit_and_sharing_decisions")
    return row is not None and row.access is Access.SEE and row.conditions == ("own_organisation_record",)


def _must_oversee(role: str) -> None:
    if not oversees(role):
        raise NotAllowed(
            Fault(
                "SH-102",
                "",
                "The audit trail is for the data-protection lead of your organisation.",
                "Ask them what you want to know.",
            )
        )
