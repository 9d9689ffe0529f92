"""Pages of what happens to a person: report it, say that a pause has ended, undo a report, close what was an error."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from throughcare.organisations.requests import Request
from throughcare.people.happened import KINDS
from throughcare.people.models import PersonEvent, Record
from throughcare.people.queries import records_of
from throughcare.processes import universal
from throughcare.processes import universal_rules as anywhere
from throughcare.processes.models import Case
from throughcare.processes.pages import name_for, open_case
from throughcare.processes.registry import rooms
from throughcare.processes.universal_forms import EventForm
from throughcare.processes.universal_panel import readable
from throughcare.sharing import looks
from throughcare.sharing.rule import Sight, may_not_open, sight
from throughcare.web.faults import Fault, Refused

ENDS_CASES = (anywhere.DIED,)


def happened(request: Request, person: int) -> HttpResponse:
    """What the reader's role may report about this person, each with what will follow."""
    record, _ = _person(request, person, timezone.now())
    events = [(event, anywhere.EVENTS[event]) for event in anywhere.reportable_by(request.actor.role, rooms())]
    if not events:
        raise Refused(_not_for_the_role(), person=person)
    return render(request, "processes/happened.html", {"record": record, "events": events})


def report_event(request: Request, person: int, event: str) -> HttpResponse:
    """One event: its questions. What ends things is asked once more, in words, before it is kept."""
    now = timezone.now()
    record, seen = _person(request, person, now)
    if event not in anywhere.reportable_by(request.actor.role, rooms()):
        raise Refused(_not_for_the_role(), person=person)
    rows = tuple(anywhere.rows_of(event, rooms()).values())
    form = EventForm(
        request.POST if request.method == "POST" else None,
        asked=anywhere.asked(event, rows),
        optional=anywhere.ALSO_ASKED.get(event, ()),
        reported=True,
        actor=request.actor,
    )
    check = False
    if form.is_valid():
        check = event in ENDS_CASES and "checked" not in request.POST
        if not check:
            try:
                kept = universal.report(
                    by=request.actor,
                    at=now,
                    person=person,
                    event=event,
                    facts=form.facts(),
                    key=form.cleaned_data["key"],
                )
            except Refused as refused:
                if refused.status == 403:
                    raise
                form.show(refused.faults)
            else:
                messages.success(request, f"It is kept: {KINDS[event].words.lower()}.")
                for number, _, rule, mend in kept.flags:
                    messages.warning(request, f"{number} {rule} {mend}")
                known = records_of(
                    person, request.actor, timezone.now()
                ).exists()  # a move may end what opened the page
                return redirect("person", person=person) if known else redirect("today")
    words = anywhere.EVENTS[event]
    context = {
        "form": form,
        "record": record,
        "show_born": seen.reads("identity_core", "date_of_birth"),
        "heading": words.asks,
        "follows": words.follows,
        "check": check,
        "submit": "Yes, record the death" if check else "Go on" if event in ENDS_CASES else "Record it",
    }
    return render(request, "processes/event.html", context, status=422 if form.is_bound and form.errors else 200)


def resume_event(request: Request, person: int, event: int) -> HttpResponse:
    """Say that what paused the deadlines has ended."""
    now = timezone.now()
    record, seen = _person(request, person, now)
    paused = universal.outstanding(person).filter(pk=event).first()
    if paused is None and request.method == "GET":
        raise Refused(
            Fault("UE-110", "", "That pauses nothing now.", "Look at the person’s page: it may have ended already."),
            person=person,
        )
    rows = tuple(anywhere.rows_of(anywhere.RESUMED, rooms()).values())
    form = EventForm(
        request.POST if request.method == "POST" else None,
        asked=anywhere.asked(anywhere.RESUMED, rows),
        optional=(),
        reported=False,
        actor=request.actor,
        resumed_date=localdate(now),
    )
    if form.is_valid():
        try:
            universal.resume(
                by=request.actor,
                at=now,
                person=person,
                event=event,
                facts=form.facts(),
                key=form.cleaned_data["key"],
            )
        except Refused as refused:
            if refused.status == 403:
                raise
            form.show(refused.faults)
        else:
            if universal.outstanding(person).exists():
                messages.warning(request, "It is kept. Something else still pauses the deadlines.")
            else:
                messages.success(request, "It is kept. The deadlines run again, with the time that was left.")
            return redirect("person", person=person)
    words = anywhere.EVENTS[anywhere.RESUMED]
    ended = KINDS[paused.kind].words.lower() if paused and readable(paused, seen) else "what paused the deadlines"
    context = {
        "form": form,
        "record": record,
        "heading": f"Say that it has ended: {ended}",
        "follows": words.follows,
        "submit": "Let the deadlines run again",
    }
    return render(request, "processes/event.html", context, status=422 if form.is_bound and form.errors else 200)


def undo_event(request: Request, person: int, event: int) -> HttpResponse:
    """Undo a report: it was about the wrong person, or was not so."""
    now = timezone.now()
    record, seen = _person(request, person, now)
    if not may_undo(request.actor.role):
        raise Refused(_not_for_the_role(), person=person)
    wrong = PersonEvent.objects.filter(pk=event, person=person).first()
    rows = tuple(anywhere.rows_of(anywhere.CORRECTED, rooms()).values())
    form = EventForm(
        request.POST if request.method == "POST" else None,
        asked=anywhere.asked(anywhere.CORRECTED, rows),
        optional=(),
        reported=False,
        actor=request.actor,
    )
    if form.is_valid():
        try:
            universal.undo(
                by=request.actor,
                at=now,
                person=person,
                event=event,
                facts=form.facts(),
                key=form.cleaned_data["key"],
            )
        except Refused as refused:
            if refused.status == 403:
                raise
            form.show(refused.faults)
        else:
            messages.success(request, "The report is undone. Both reports stay on the history.")
            return redirect("person", person=person)
    named = KINDS[wrong.kind].words.lower() if wrong and readable(wrong, seen) else "what was reported"
    context = {
        "form": form,
        "record": record,
        "heading": f"Undo: {named}",
        "follows": anywhere.EVENTS[anywhere.CORRECTED].follows,
        "submit": "Undo this report",
    }
    return render(request, "processes/event.html", context, status=422 if form.is_bound and form.errors else 200)


def void_case(request: Request, case: int) -> HttpResponse:
    """Close a case that was opened in error; asked once more before it is done."""
    now = timezone.now()
    found, room, seen, _ = open_case(case, request.actor, now)
    looks.at_person(request.actor, found.person_id, now)
    row = anywhere.rows_of(anywhere.VOID, [found.process])[found.process]
    if request.actor.role not in row.roles:
        raise Refused(_not_for_the_role(), person=found.person_id, case=case)
    form = EventForm(
        request.POST if request.method == "POST" else None,
        asked=anywhere.asked(anywhere.VOID, (row,)),
        optional=(),
        reported=False,
        actor=request.actor,
    )
    check = False
    if form.is_valid():
        check = "checked" not in request.POST
        if not check:
            try:
                universal.void(by=request.actor, at=now, case=case, facts=form.facts())
            except Refused as refused:
                if refused.status == 403:
                    raise
                form.show(refused.faults)
            else:
                messages.success(request, "It is closed as opened in error.")
                left = room.roles_of(room.with_parties(Case.objects.filter(pk=case)).get(), request.actor)
                return redirect("case", case=case) if left else redirect("today")
    context = {
        "form": form,
        "case": found,
        "person_name": name_for(found, seen),
        "title": room.title(found),
        "heading": anywhere.EVENTS[anywhere.VOID].asks,
        "follows": anywhere.EVENTS[anywhere.VOID].follows,
        "check": check,
        "submit": "Yes, close it as an error" if check else "Go on",
    }
    return render(request, "processes/event.html", context, status=422 if form.is_bound and form.errors else 200)


def may_undo(role: str) -> bool:
    """May this role undo a report?"""
    return any(role in row.roles for row in anywhere.rows_of(anywhere.CORRECTED, rooms()).values())


def _person(request: Request, person: int, now: datetime) -> tuple[Record, Sight]:
    """The record through which the reader knows the person, and what they may see; the look is kept."""
    seen = sight(request.actor, person, now)
    record = records_of(person, request.actor, now).order_by("-pk").first()
    if record is None or not seen.reads("identity_core"):
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    return record, seen


def _not_for_the_role() -> Fault:
    return Fault(
        "UE-102", "", "This is not for the role you are acting in.", "Ask the person’s keyworker or a service manager."
    )
