"""Pages that serve every process: a case, an act, and how a process works."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from throughcare.organisations.requests import Request
from throughcare.processes import actions, documents
from throughcare.processes.forms import ActForm
from throughcare.processes.models import Case
from throughcare.processes.pages import case_page, name_for, open_case
from throughcare.processes.registry import forbidden, room_of, rooms
from throughcare.processes.rules import Act, acts, judge, reportable
from throughcare.processes.table import START, Step
from throughcare.sharing import looks
from throughcare.web.faults import Fault, NotAllowed, Refused


def case_view(request: Request, case: int) -> HttpResponse:
    """Where a case stands, what can be done now and by whom, deadlines, facts, history, why the reader sees it."""
    now = timezone.now()
    page = case_page(case, request.actor, now)
    looks.at_person(request.actor, page.case.person_id, now)
    return render(request, "processes/case.html", {"page": page, "now": now})


@require_http_methods(["GET", "POST"])
def act_view(request: Request, case: int, verb: str) -> HttpResponse:
    """One act on a case: its questions, then the act itself. A refusal is shown at its field; nothing typed is lost."""
    now = timezone.now()
    key = request.POST.get("key", "")
    already = bool(key) and actions.taken_already(by=request.actor, case=case, verb=verb, key=key)
    try:
        found, room, seen, roles = open_case(case, request.actor, now)
    except NotAllowed:
        if already:  # the act itself ended the reader's part
            return _done(request, case, verb)
        raise
    looks.at_person(request.actor, found.person_id, now)
    states = {strand.name: strand.state for strand in found.strands.all()}
    on = localdate(now)
    act = next((act for act in acts(room.process, states, roles, on) if act.verb == verb and act.mine), None)
    act = act or next((act for act in reportable(room.process, states, roles, on) if act.verb == verb), None)
    impossible: tuple[Fault, ...] = ()
    if guarded := forbidden(found, verb):
        raise Refused(guarded, person=found.person_id, case=case)
    if act is None:
        act = _any(room.process.steps, verb)
        strand = act.strand if act else next(iter(states))
        impossible = judge(
            room.process, strand=strand, state=states.get(strand, START), verb=verb, roles=roles, facts={}, on=on
        ).faults
    if act is None or (impossible and request.method == "GET"):
        raise Refused(*impossible, person=found.person_id, case=case)
    form = ActForm(
        request.POST if request.method == "POST" else None,
        room=room,
        case=found,
        act=act,
        actor=request.actor,
        now=now,
        version=found.version,
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.take(
                    by=request.actor,
                    at=now,
                    case=case,
                    verb=verb,
                    facts=form.facts(),
                    version=form.cleaned_data["version"],
                    key=form.cleaned_data["key"],
                )
            except Refused as refused:
                if refused.status == 403:
                    raise
                status = 422
                if isinstance(refused, actions.Conflict):
                    status = 409
                    form.renew(Case.objects.get(pk=case).version)
                form.show(refused.faults)
            else:
                return _done(request, case, verb)
        elif already:
            return _done(request, case, verb)
        else:
            form.show(impossible)
    words, consequence = room.words(found, verb)
    context = {
        "form": form,
        "case": found,
        "title": room.title(found),
        "person_name": name_for(found, seen),
        "words": words,
        "consequence": consequence,
        "page": case_page(case, request.actor, now) if verb in room.checked_before or status == 409 else None,
        "conflict": status == 409,
        "now": now,
    }
    return render(request, "processes/act.html", context, status=status)


def _done(request: Request, case: int, verb: str) -> HttpResponse:
    """Say that it was done, on the page of the case; on Today where the act ended the reader's part in it."""
    found = Case.objects.get(pk=case)
    room = room_of(found)
    messages.success(request, f"{room.process.done_words(verb)}.")
    party = room.roles_of(room.with_parties(Case.objects.filter(pk=case)).get(), request.actor)
    return redirect("case", case=case) if party else redirect("today")


@login_not_required
def process_view(request: HttpRequest, name: str) -> HttpResponse:
    """How a process works: the table that runs, its deadlines and limits, in words."""
    if name not in rooms():
        raise Http404
    return render(request, "processes/process.html", {"page": documents.page(rooms()[name].process)})


def _any(steps: Iterable[Step], verb: str) -> Act | None:
    """An act that does not fit the state: opened from an old page, it is answered by the rules, in words."""
    rows = tuple(step for step in steps if step.verb == verb)
    return Act(rows[0].strand, verb, rows, mine=False) if rows else None
