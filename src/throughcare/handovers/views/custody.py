"""Where a person is held: that they came, when they leave, that they left. For services that cover the site."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from throughcare.handovers.actions import custody, happened
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay
from throughcare.handovers.process.release import LEGAL_STATUS
from throughcare.handovers.queries.release import reads_dates
from throughcare.organisations.models import Site
from throughcare.organisations.requests import Request
from throughcare.people.forms import AreaField
from throughcare.people.models import Record
from throughcare.people.queries import records_of
from throughcare.processes.table import NOT_KNOWN
from throughcare.reference.roles import works_with_people
from throughcare.sharing import looks
from throughcare.sharing.rule import may_not_open
from throughcare.web.faults import Fault, NotAllowed, Refused
from throughcare.web.forms import DayField, Form, TimeField
from throughcare.web.wording import LONDON


class MomentForm(Form):
    """A day and a time, now unless changed."""

    day = DayField(label="Date")
    time = TimeField(label="Time", help_text="For example 2:30pm")

    def moment(self) -> datetime:
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], LONDON)


class CameForm(MomentForm):
    """Where a person came to, and when."""

    site = forms.ModelChoiceField(label="Where are they held?", queryset=Site.objects.none(), empty_label=None)
    legal_status = forms.ChoiceField(
        label="Why are they held?",
        help_text="Somebody on remand could leave any day: what they need is prepared from today.",
        choices=LEGAL_STATUS,
        initial=NOT_KNOWN,
        required=False,
        widget=forms.RadioSelect,
    )
    field_order = ("site", "legal_status", "day", "time")

    def __init__(self, data: Any, *, sites: Any, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)
        site.queryset = sites


class ReleaseDateForm(Form):
    """The latest release date known."""

    release_date = DayField(
        label="Release date",
        required=False,
        help_text="The latest date known. Leave it empty when none is known any more: that cancels the date.",
    )
    reason = forms.CharField(
        label="Why is it set or changed?",
        help_text="For example: Friday rule, adjourned, told by the offender management unit",
        required=False,
        max_length=200,
    )


STILL_HELD = (
    ("transferred", "Moved to another prison or place of custody"),
    ("hospital", "To hospital"),
    ("other", "Another reason: not released"),
)


class LeftForm(MomentForm):
    """When somebody left, and why. Released, their days in the community are counted from here."""

    why = forms.ChoiceField(
        label="Why did they leave?",
        choices=(
            ("released", "Released as planned"),
            ("court", "Released from court"),
            ("bail", "Bailed"),
            ("immediate", "Released at once, not planned"),
            *STILL_HELD,
        ),
        widget=forms.RadioSelect,
    )
    area = AreaField(required=False)
    field_order = ("why", "day", "time", "area")

    def __init__(self, data: Any, *, initial: dict[str, Any], asks_area: bool) -> None:
        super().__init__(data, initial=initial)
        if not asks_area:
            del self.fields["area"]


def came(request: Request, person: int) -> HttpResponse:
    """Record that a person came to a site of this service."""
    record, now = _record(request, person, own=True), timezone.now()
    sites = Site.objects.filter(service=request.actor.service).order_by("name")
    if not sites:
        raise NotAllowed(
            Fault("CU-104", "", "Your service covers no site where people are held.", "Ask one that does.")
        )
    form = CameForm(request.POST if request.method == "POST" else None, sites=sites, initial=_now(now))
    if form.is_valid():
        try:
            stay = custody.receive(
                by=request.actor,
                at=now,
                record=record,
                site=form.cleaned_data["site"],
                since=form.moment(),
                legal_status=form.cleaned_data["legal_status"],
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            messages.success(request, "It is recorded that they came.")
            if stay.until:
                messages.warning(request, "They are held elsewhere since then: this stay ends as that one begins.")
            elif CustodyStay.objects.filter(person=person, until=stay.since).exclude(pk=stay.pk).exists():
                messages.warning(request, "They were still recorded as held elsewhere: that stay was ended.")
            return redirect("person", person=person)
    return _page(request, form, record, "Came into custody", "Record that they came")


def release_date(request: Request, person: int) -> HttpResponse:
    """Set or move the release date; the form shows the one that stands, so for roles that may read it alone."""
    record, now = _record(request, person), timezone.now()
    if not reads_dates(request.actor.role, now):
        raise may_not_open(person)
    stay = _stay(request, person)
    form = ReleaseDateForm(
        request.POST if request.method == "POST" else None, initial={"release_date": stay.release_date}
    )
    if form.is_valid():
        try:
            taken = releases.date_known(
                by=request.actor,
                at=now,
                stay=stay,
                release_date=form.cleaned_data["release_date"],
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            flags = taken.flags if taken else ()
            for number, _, words in flags:
                messages.warning(request, f"{number} {words} What was told is kept, and the date stands as it was.")
            if not flags:
                messages.success(request, "The release date is kept. Everybody with a hand-over reads the same one.")
            return redirect("person", person=person)
    return _page(request, form, record, f"Release date · {stay.site.name}", "Keep this date")


def left(request: Request, person: int) -> HttpResponse:
    """Record that a person left the site, and why: this service's access through it ends at that minute."""
    record, now = _record(request, person), timezone.now()
    stay = _stay(request, person)
    prepared = releases.of_stay(stay)
    form = LeftForm(
        request.POST if request.method == "POST" else None,
        initial=_now(now),
        asks_area=prepared is not None and not prepared.case.record.area,
    )
    if form.is_valid():
        why, until = form.cleaned_data["why"], form.moment()
        taken = None
        try:
            if why in dict(STILL_HELD) or prepared is None:
                happened.left(by=request.actor, at=now, stay=stay, until=until)
            else:
                route, area = "" if why == "released" else why, form.cleaned_data.get("area", "")
                taken = releases.left(by=request.actor, at=now, stay=stay, until=until, route=route, area=area)
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            flags = taken.flags if taken else ()
            for number, _, words in flags:
                messages.warning(request, f"{number} {words} What was told is kept. They are still recorded as held.")
            if flags:
                return redirect("person", person=person)
            messages.success(request, "It is recorded that they left.")
            return redirect("today")
    return _page(request, form, record, f"Left {stay.site.name}", "Record that they left")


def _record(request: Request, person: int, *, own: bool = False) -> Record:
    """The record through which the reader knows the person; the look is kept.

    own: their service's own will do. Custody healthcare reads nobody before they are held, and must be able to say so.
    """
    now = timezone.now()
    record = records_of(person, request.actor, now).order_by("-pk").first()
    if record is None and own:
        record = Record.objects.filter(person=person, service=request.actor.service).order_by("-pk").first()
    if record is None or not works_with_people(request.actor.role):
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    return record


def _stay(request: Request, person: int) -> CustodyStay:
    stay = CustodyStay.objects.filter(person=person, until=None, site__service=request.actor.service).first()
    if stay is None:
        raise NotAllowed(
            Fault("CU-105", "", "This person is not held at a site of your service.", "Record first that they came."),
            person=person,
        )
    return stay


def _now(now: datetime) -> dict[str, Any]:
    local = localtime(now)
    return {"day": local.date(), "time": local.time().replace(second=0, microsecond=0)}


def _page(request: Request, form: Form, record: Record, heading: str, submit: str) -> HttpResponse:
    may_open = records_of(record.person_id, request.actor, timezone.now()).exists()
    back = reverse("person", args=[record.person_id]) if may_open else reverse("people")
    context = {"form": form, "record": record, "heading": heading, "submit": submit, "back_url": back}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "handovers/custody.html", context, status=status)
