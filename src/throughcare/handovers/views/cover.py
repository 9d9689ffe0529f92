"""Who prescribes: one form."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localtime

from throughcare.handovers.actions import cover as actions
from throughcare.handovers.models import PrescribingCover
from throughcare.handovers.queries.sheet import covers, moment_of
from throughcare.handovers.rules.cover import Cover
from throughcare.organisations.requests import Request
from throughcare.people.queries import records_of
from throughcare.processes.forms import answer_of, fields_of
from throughcare.processes.table import MOMENT, Fact
from throughcare.sharing import looks
from throughcare.sharing.rule import may_not_open, sight
from throughcare.web.faults import Fault, Refused
from throughcare.web.forms import Form

UNTIL = Fact("Until when is the person covered?", MOMENT, hint="The last dose of the prescription, day and time")
FROM = Fact("From when?", MOMENT, hint="The first dose by them")


class CoverForm(Form):
    """Who prescribes, until when, and who goes on."""

    prescriber = forms.CharField(label="Who prescribes now?", max_length=120, help_text="Name and service")
    telephone = forms.CharField(label="Their telephone number", max_length=40)
    next_prescriber = forms.CharField(
        label="Who prescribes next?",
        max_length=120,
        required=False,
        help_text="Name and service. Leave it empty while nobody is found: the gap is then shown in red to both sides.",
    )
    next_telephone = forms.CharField(label="Their telephone number", max_length=40, required=False)
    replaces = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, initial: dict[str, Any]) -> None:
        own = type(self).base_fields
        self.base_fields = {  # type: ignore[misc]  # the moments stand between the names
            "prescriber": own["prescriber"],
            "telephone": own["telephone"],
            **fields_of("covered_until", UNTIL, [], required=True),
            "next_prescriber": own["next_prescriber"],
            "next_telephone": own["next_telephone"],
            **fields_of("next_from", FROM, [], required=False),
            "replaces": own["replaces"],
        }
        super().__init__(data, initial=initial)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("next_from_day")) != bool(cleaned.get("next_from_time")) and not self.errors:
            missing = "time" if cleaned.get("next_from_day") else "day"
            self.add_error(f"next_from_{missing}", f"FM-116 “{FROM.label}” needs both a date and a time.")
        return cleaned

    def cover(self) -> Cover:
        cleaned = self.cleaned_data
        begins = str(answer_of(cleaned, "next_from", FROM) or "")
        return Cover(
            prescriber=cleaned["prescriber"],
            covered_until=moment_of(str(answer_of(cleaned, "covered_until", UNTIL))),
            next_prescriber=cleaned["next_prescriber"],
            next_from=moment_of(begins) if begins else None,
        )


def cover(request: Request, person: int) -> HttpResponse:
    """Say who prescribes, until when, and who goes on."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    record = records_of(person, request.actor, now).order_by("-pk").first()
    if record is None or not seen.reads("identity_core"):
        raise may_not_open(person)
    if not actions.may_keep(seen):
        raise actions.not_yours(person)
    looks.at_person(request.actor, person, now)
    standing = covers([person]).get(person)
    form = CoverForm(request.POST if request.method == "POST" else None, initial=_initial(standing))
    if form.is_valid():
        try:
            actions.keep(
                by=request.actor,
                at=now,
                record=record,
                cover=form.cover(),
                telephone=form.cleaned_data["telephone"],
                next_telephone=form.cleaned_data["next_telephone"],
                replaces=form.cleaned_data["replaces"],
            )
        except Refused as refused:
            if any(fault.number == "PC-103" for fault in refused.faults):
                latest = covers([person]).get(person)
                form.data = {**{name: form.data[name] for name in form.data}, "replaces": latest.pk if latest else 0}
            form.add_faults(
                Fault(f.number, "next_from_day" if f.field == "next_from" else f.field, f.rule, f.mend)
                for f in refused.faults
            )
        else:
            messages.success(request, "It is kept who prescribes.")
            return redirect("person", person=person)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "handovers/cover.html", {"form": form, "record": record}, status=status)


def _initial(standing: PrescribingCover | None) -> dict[str, Any]:
    """What stands now; where nothing does, a prescription is taken to last to the end of its day."""
    if standing is None:
        return {"replaces": 0, "covered_until_time": localtime().time().replace(23, 59, 0, 0)}
    until = localtime(standing.covered_until)
    found: dict[str, Any] = {
        "replaces": standing.pk,
        "prescriber": standing.prescriber,
        "telephone": standing.telephone,
        "covered_until_day": until.date(),
        "covered_until_time": until.time(),
        "next_prescriber": standing.next_prescriber,
        "next_telephone": standing.next_telephone,
    }
    if standing.next_from:
        begins = localtime(standing.next_from)
        found |= {"next_from_day": begins.date(), "next_from_time": begins.time()}
    return found
