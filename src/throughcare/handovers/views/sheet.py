"""The clinical hand-over sheet: read, printed, answered part by part, and as it went with a hand-over."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localtime

from throughcare.handovers.actions import sheet as actions
from throughcare.handovers.actions.sheet import Provenance, writes
from throughcare.handovers.models import Sheet
from throughcare.handovers.queries import sheet as queries
from throughcare.handovers.rules.sheet import PART_OF, PARTS, QUESTIONS, SOURCES
from throughcare.handovers.views.reader import reader_of
from throughcare.organisations.requests import Request
from throughcare.people.rules import age_on
from throughcare.processes.forms import answer_of, fields_of, initial_of
from throughcare.processes.pages import name_for, open_case
from throughcare.processes.table import MOMENT, Fact
from throughcare.sharing import looks
from throughcare.web.faults import Fault, NotAllowed, Refused
from throughcare.web.forms import Form

AS_AT = Fact("When was it so?", MOMENT, hint="Now, unless what you write is older")


class PartForm(Form):
    """The questions of one part that the reader may write, and where the answers come from."""

    source = forms.ChoiceField(label="Where do these answers come from?", choices=SOURCES, widget=forms.RadioSelect)
    confirmed_by = forms.CharField(
        label="Who confirmed them?",
        required=False,
        max_length=120,
        help_text="Name and role, for example R. Patel, pharmacist. Leave it empty when nobody has: it is shown so.",
    )
    checked_again = forms.BooleanField(label="The answers that I did not change were checked again too", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, codes: list[str], initial: dict[str, Any]) -> None:
        self.codes = codes
        asked: dict[str, forms.Field] = {}
        for code in codes:
            fact = QUESTIONS[code]
            choices = [("", "No answer"), *fact.choices] if fact.choices else []
            asked |= fields_of(code, fact, choices, required=False)
        rest = {name: field for name, field in type(self).base_fields.items() if name != "checked_again"}
        self.base_fields = {  # type: ignore[misc]  # this form has its own questions
            **asked,
            **fields_of("as_at", AS_AT, [], required=True),
            **rest,
            "checked_again": type(self).base_fields["checked_again"],
        }
        super().__init__(data, initial=initial)

    def answers(self) -> dict[str, str]:
        return {code: str(answer_of(self.cleaned_data, code, QUESTIONS[code]) or "") for code in self.codes}

    def provenance(self) -> Provenance:
        cleaned = self.cleaned_data
        return Provenance(
            as_at=queries.moment_of(str(answer_of(cleaned, "as_at", AS_AT))),
            source=cleaned["source"],
            confirmed_by=cleaned["confirmed_by"],
        )

    def show(self, refused: Refused) -> None:
        """Put each fault at its field: a moment is asked in two."""
        self.add_faults(
            Fault(f.number, f"{f.field}_day" if f"{f.field}_day" in self.fields else f.field, f.rule, f.mend)
            for f in refused.faults
        )


def sheet(request: Request, person: int, *, paper: bool = False) -> HttpResponse:
    """The whole sheet as the reader may see it, with who prescribes above it."""
    record, seen = reader_of(request, person)
    now = timezone.now()
    items = queries.readable_items(queries.items_of(person), seen, queries.open_parts(seen))
    names = queries.names_of(items)
    standing = queries.covers([person]).get(person)
    own = {code for code in QUESTIONS if writes(seen, code)}
    context = {
        "record": record,
        "sight": seen,
        "born": record.date_of_birth if seen.reads("identity_core", "date_of_birth") else None,
        "parts": [
            (part, title, queries.said_once(rows) if paper else rows, any(PART_OF[code] == part for code in own))
            for part, title, rows in queries.by_part(items, names)
            if rows or any(PART_OF[code] == part for code in own)
        ],
        "cover": queries.cover_rows(
            vars(standing), standing.covered_until, standing.next_from, seen, standing.record.organisation_id
        )
        if standing
        else [],
        "now": now,
    }
    if context["born"]:
        context["age"] = age_on(record.date_of_birth, localtime(now).date())  # type: ignore[arg-type]
    return render(request, "handovers/sheet_print.html" if paper else "handovers/sheet.html", context)


def printed(request: Request, person: int) -> HttpResponse:
    """The same on one page, for paper."""
    return sheet(request, person, paper=True)


def part(request: Request, person: int, part: str) -> HttpResponse:
    """Answer one part of the sheet, in the view of the reader's own organisation."""
    if part not in PARTS:
        raise Http404
    record, seen = reader_of(request, person)
    codes = [code for code in QUESTIONS if PART_OF[code] == part and writes(seen, code)]
    if not codes:
        raise actions.not_yours(person)
    now = timezone.now()
    standing = Sheet.objects.filter(person=person, organisation=request.actor.organisation).first()
    form = PartForm(
        request.POST if request.method == "POST" else None,
        codes=codes,
        initial=_initial(standing, codes) | {"version": standing.version if standing else 0} | _now(),
    )
    if form.is_valid():
        try:
            actions.answer(
                by=request.actor,
                at=now,
                record=record,
                answers=form.answers(),
                where=form.provenance(),
                checked_again=form.cleaned_data["checked_again"],
                version=form.cleaned_data["version"],
            )
        except Refused as refused:
            if refused.status == 403:
                raise
            if any(fault.number == "CS-106" for fault in refused.faults):
                latest = Sheet.objects.filter(person=person, organisation=request.actor.organisation).first()
                form.data = {
                    **{name: form.data[name] for name in form.data},
                    "version": latest.version if latest else 0,
                }
            form.show(refused)
        else:
            messages.success(request, "The sheet is kept.")
            return redirect("sheet", person=person)
    context = {"form": form, "record": record, "part": PARTS[part]}
    return render(request, "handovers/sheet_part.html", context, status=422 if form.is_bound and form.errors else 200)


def sent(request: Request, case: int) -> HttpResponse:
    """The sheet as it went with a hand-over; what the reader's role may not see is not on it."""
    now = timezone.now()
    found, room, seen, roles = open_case(case, request.actor, now)
    if hidden := room.hides(found, roles):
        raise NotAllowed(Fault("CS-107", "", hidden, "Open it on the page of the hand-over."), case=case)
    as_sent = queries.sent_with(case, seen)
    if as_sent is None:
        raise NotAllowed(
            Fault("CS-108", "", "No clinical sheet went with this hand-over.", "Ring the sender."), case=case
        )
    looks.at_person(request.actor, found.person_id, now)
    items = as_sent.shown  # type: ignore[attr-defined]
    current = queries.readable_items(
        queries.items_of(found.person_id), seen, queries.open_parts(seen, found.hand_over.attached)
    )
    stood = {(item.code, item.organisation): item for item in items}
    changed = [item for item in current if stood.get((item.code, item.organisation)) != item]
    names = queries.names_of([*items, *changed])
    context = {
        "case": found,
        "title": room.title(found),
        "name": name_for(found, seen),
        "born": found.record.date_of_birth if seen.reads("identity_core", "date_of_birth") else None,
        "sent": as_sent,
        "parts": [(title, rows) for _, title, rows in queries.by_part(items, names) if rows],
        "changed": queries.rows(changed, names),
    }
    return render(request, "handovers/sheet_sent.html", context)


def _initial(standing: Sheet | None, codes: list[str]) -> dict[str, Any]:
    """What the organisation's own sheet says now."""
    found: dict[str, Any] = {}
    for code, one in (standing.items if standing else {}).items():
        if code in codes:
            found |= initial_of(code, QUESTIONS[code], one["value"])
    return found


def _now() -> dict[str, Any]:
    local = localtime().replace(second=0, microsecond=0)
    return {"as_at_day": local.date(), "as_at_time": local.time()}
