"""The diary: a day or a week of the service, what came of each appointment, and booking, moving, calling off."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.timezone import localdate

from throughcare.appointments import actions
from throughcare.appointments.actions import Cancellation, Slot, not_yours
from throughcare.appointments.calendar import calendar
from throughcare.appointments.models import Appointment
from throughcare.appointments.queries import Follow, follow_of, join_link, names, on_days, one, unrecorded
from throughcare.appointments.rules import (
    CAME,
    CANCELLED,
    CANCELLED_BY,
    DID_NOT_ATTEND,
    OUTCOMES,
    REASONS,
    VIDEO,
    WAYS,
    flags,
    where,
)
from throughcare.messages import email
from throughcare.organisations.requests import Request
from throughcare.people.models import Record
from throughcare.people.queries import records_of
from throughcare.reference.roles import works_with_people
from throughcare.sharing import looks
from throughcare.sharing.rule import may_not_open, sight
from throughcare.web.faults import Refused
from throughcare.web.forms import DayField, Form, TimeField
from throughcare.web.parts import Entry, Row
from throughcare.web.wording import LONDON, clock, day, moment

UNRECORDED_SHOWN = 10
ONE_DAY, WEEK = timedelta(days=1), 7
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class SlotForm(Form):
    """When, how and where."""

    day = DayField(label="Date")
    time = TimeField(label="Time", help_text="For example 2:30pm")
    way = forms.ChoiceField(label="How?", choices=WAYS, widget=forms.RadioSelect)
    place = forms.CharField(
        label="Place",
        required=False,
        max_length=200,
        help_text="Where to come. By telephone or video it may stay empty.",
    )

    def slot(self) -> Slot:
        starts_at = datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], LONDON)
        return Slot(starts_at, self.cleaned_data["way"], self.cleaned_data["place"])


class BookForm(SlotForm):
    """A new appointment."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput)


class OutcomeForm(Form):
    """What came of it."""

    outcome = forms.ChoiceField(
        label="What came of it?",
        choices=[(code, words) for code, words in OUTCOMES if code != CANCELLED],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(label="In a few words", required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput)


class CancelForm(Form):
    """Who called it off, and why."""

    cancelled_by = forms.ChoiceField(label="Who cancelled?", choices=CANCELLED_BY, widget=forms.RadioSelect)
    reason = forms.ChoiceField(label="Why?", choices=REASONS, widget=forms.RadioSelect)
    words = forms.CharField(label="In a few words", required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def cancellation(self) -> Cancellation:
        typed = self.cleaned_data
        return Cancellation(typed["cancelled_by"], typed["reason"], typed["words"])


class MoveForm(SlotForm, CancelForm):
    """A new time, and who asked for it."""

    field_order = ("day", "time", "way", "place", "cancelled_by", "reason", "words")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cancelled_by"].label = "Who asked for another time?"


@dataclass(frozen=True)
class Line:
    """One appointment as the diary shows it."""

    booked: Appointment
    name: str
    where: str
    link: str
    flags: list[str]
    can_record: bool
    follow: Follow | None
    tone: str


def diary(request: Request) -> HttpResponse:
    """A day, or the seven days from one, with what came of earlier ones still to be recorded above today's."""
    if not works_with_people(request.actor.role):
        raise may_not_open()
    now = timezone.now()
    today = localdate(now)
    first = _day_of(request.GET.get("day", ""), today)
    days = WEEK if request.GET.get("view") == "week" else 1
    shown = list(on_days(request.actor, now, first, days))
    late = list(unrecorded(request.actor, now, today)[: UNRECORDED_SHOWN + 1]) if first == today else []
    named = names(request.actor, [*shown, *late], now)
    looks.at_list(request.actor, "diary", len(shown) + len(late), now)

    def lines(rows: Iterable[Appointment]) -> list[Line]:
        return [_line(booked, named.get(booked.person_id, f"Person {booked.person_id}"), now) for booked in rows]

    dates = [first + ONE_DAY * n for n in range(days)]
    step, view = ONE_DAY * days, "&view=week" if days == WEEK else ""
    context = {
        "first": first,
        "today": today,
        "week": days == WEEK,
        "late": lines(late[:UNRECORDED_SHOWN]),
        "more_late": len(late) > UNRECORDED_SHOWN,
        "days": [(date, lines(b for b in shown if localdate(b.starts_at) == date)) for date in dates],
        "earlier": f"?day={max(first - step, FIRST_DAY)}{view}",
        "later": f"?day={min(first + step, LAST_DAY)}{view}",
    }
    return render(request, "appointments/diary.html", context)


def appointment(request: Request, appointment: int) -> HttpResponse:
    """One appointment: how it stands, what can be done, and what it was before it was moved."""
    now = timezone.now()
    booked, name = _read(request, appointment, now)
    line = _line(booked, name, now)
    root = booked.first_id or booked.pk
    chain = Appointment.objects.filter(Q(pk=root) | Q(first=root), pk__lt=booked.pk)
    earlier = list(chain.select_related("booked_by").order_by("-pk"))
    context = {
        "line": line,
        "booked": booked,
        "rows": _rows(booked),
        "now": now,
        "replaced_by": getattr(booked, "replaced_by", None),
        "follow": line.follow,
        "entries": [_entry(one) for one in (booked, *earlier)],
    }
    return render(request, "appointments/appointment.html", context)


def book(request: Request, person: int) -> HttpResponse:
    """Book an appointment of the service with a person of whom it holds a record."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    record = records_of(person, request.actor, now).filter(service=request.actor.service).order_by("-pk").first()
    if record is None or not works_with_people(request.actor.role) or not seen.reads("appointments_attendance"):
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    form = BookForm(request.POST if request.method == "POST" else None, initial={"key": uuid.uuid4().hex})
    if form.is_valid():
        try:
            new = _book(form.cleaned_data["key"], request, record, form.slot(), now)
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            return _done(request, new, now, "The appointment is booked.")
    told = _told(record)
    context = {"name": record.full_name, "back": reverse("person", args=[person]), "told": told}
    return _form(request, form, "New appointment", "Book it", **context)


def _book(form: str, request: Request, record: Record, slot: Slot, now: datetime) -> Appointment:
    """A new appointment, or the one that the same form booked before, be it at this very moment."""
    earlier = actions.booked_by_form(form, request.actor, record, slot)
    if earlier:
        return earlier
    try:
        return actions.book_for(by=request.actor, at=now, record=record, slot=slot, form=form)
    except IntegrityError:
        earlier = actions.booked_by_form(form, request.actor, record, slot)
        if earlier is None:
            raise
        return earlier


def outcome(request: Request, appointment: int) -> HttpResponse:
    """Record whether the person came; from the row of the diary, or with words from its own page."""
    now = timezone.now()
    booked, name = _read(request, appointment, now)
    initial = {"version": booked.version, "outcome": booked.outcome, "words": booked.words}
    form = OutcomeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            done = actions.record_outcome(by=request.actor, at=now, appointment=booked.pk, **form.cleaned_data)
        except Refused as refused:
            _refuse(form, refused, booked)
        else:
            return _done(request, done, now, "It is recorded.")
    return _form(request, form, "What came of the appointment", "Record it", **_about(booked, name, now))


def cancel(request: Request, appointment: int) -> HttpResponse:
    """Call an appointment off."""
    now = timezone.now()
    booked, name = _read(request, appointment, now)
    form = CancelForm(request.POST if request.method == "POST" else None, initial={"version": booked.version})
    if form.is_valid():
        try:
            done = actions.cancel(
                by=request.actor,
                at=now,
                appointment=booked.pk,
                cancellation=form.cancellation(),
                version=form.cleaned_data["version"],
            )
        except Refused as refused:
            _refuse(form, refused, booked)
        else:
            return _done(request, done, now, "It is cancelled.")
    return _form(request, form, "Cancel the appointment", "Cancel it", **_about(booked, name, now))


def move(request: Request, appointment: int) -> HttpResponse:
    """Call an appointment off and book another in its place."""
    now = timezone.now()
    booked, name = _read(request, appointment, now)
    initial = {"version": booked.version, "way": booked.way, "place": booked.place}
    form = MoveForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            done = actions.rebook(
                by=request.actor,
                at=now,
                appointment=booked.pk,
                cancellation=form.cancellation(),
                slot=form.slot(),
                version=form.cleaned_data["version"],
            )
        except Refused as refused:
            _refuse(form, refused, booked)
        else:
            return _done(request, done, now, "It is moved.")
    return _form(request, form, "Move the appointment", "Move it", **_about(booked, name, now))


def calendar_file(request: Request, appointment: int) -> HttpResponse:
    """The appointment for the worker's own calendar. It does not name the person: calendars are shared."""
    now = timezone.now()
    booked, _ = _read(request, appointment, now)
    gone = booked.outcome == CANCELLED or booked.replaced_at is not None
    file = calendar(booked, now, named=True, cancelled=gone)
    headers = {"Content-Disposition": f'attachment; filename="appointment-{booked.pk}.ics"'}
    return HttpResponse(file, content_type="text/calendar; charset=utf-8", headers=headers)


def _read(request: Request, appointment: int, now: datetime) -> tuple[Appointment, str]:
    """An appointment of the reader's service, and whose it is; the look is kept."""
    booked = one(request.actor, now, appointment) if works_with_people(request.actor.role) else None
    if booked is None:
        raise not_yours()
    looks.at_person(request.actor, booked.person_id, now)
    record = records_of(booked.person_id, request.actor, now).order_by("-pk").first()
    return booked, record.full_name if record else f"Person {booked.person_id}"


def _refuse(form: Form, refused: Refused, booked: Appointment) -> None:
    """Show the faults; where somebody else was first, sending it again goes on from how it stands now."""
    form.add_faults(refused.faults)
    if any(fault.number == "AP-103" for fault in refused.faults):
        typed = {name: form.data[name] for name in form.data}
        form.data = {**typed, "version": str(booked.version)}


def _done(request: Request, booked: Appointment, now: datetime, words: str) -> HttpResponse:
    messages.success(request, words)
    for flag in _flags(booked):
        messages.warning(request, flag)
    if follow_of(one(request.actor, now, booked.pk) or booked) is not None:
        return redirect("appointment", appointment=booked.pk)
    return redirect(f"{reverse('diary')}?day={localdate(booked.starts_at)}")


def _about(booked: Appointment, name: str, now: datetime) -> dict[str, Any]:
    back = reverse("appointment", args=[booked.pk])
    return {"name": name, "back": back, "rows": _rows(booked), "told": ""}


def _form(request: Request, form: Form, heading: str, submit: str, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request,
        "appointments/form.html",
        {"form": form, "heading": heading, "submit": submit, **context},
        status=status,
    )


def _told(record: Record) -> str:
    """Whether Throughcare tells the person of a new appointment."""
    if not (record.may_email and record.email):
        return "Throughcare does not tell the person: no e-mail is agreed to. Tell them yourself, safely."
    if not email.is_set_up():
        return "E-mail is not set up here, so the person is not told. Tell them yourself, safely."
    named = "names your service" if record.may_name_service else "names neither your service nor the place"
    return f"The person is told by e-mail, and reminded the day before. It {named}."


def _flags(booked: Appointment) -> list[str]:
    known_since = booked.case.opened_at if booked.case else None
    return flags(booked.starts_at, booked.booked_at, known_since, booked.outcome, booked.outcome_at)


def _line(booked: Appointment, name: str, now: datetime) -> Line:
    tones = {"": "today" if localdate(booked.starts_at) == localdate(now) else "", DID_NOT_ATTEND: "today"}
    return Line(
        booked=booked,
        name=name,
        where=where(booked.way, booked.place),
        link=join_link(booked) if not booked.outcome and booked.replaced_at is None else "",
        flags=_flags(booked),
        can_record=not booked.outcome and booked.starts_at <= now and booked.replaced_at is None,
        follow=follow_of(booked),
        tone=tones.get(booked.outcome, "done" if booked.outcome in CAME else ""),
    )


def _rows(booked: Appointment) -> list[Row]:
    rows = [
        Row("When", moment(booked.starts_at)),
        Row("How and where", where(booked.way, booked.place) or "Not said"),
        Row("Booked", moment(booked.booked_at), note=booked.booked_by.name if booked.booked_by else ""),
    ]
    if booked.way == VIDEO and not join_link(booked):
        rows.append(Row("Joining", "The service sends the link: Throughcare makes none here"))
    if booked.outcome:
        by = booked.outcome_by.name if booked.outcome_by else "Throughcare"
        noted = f"{by}, {moment(booked.outcome_at)}" if booked.outcome_at else by
        rows.append(Row("What came of it", booked.get_outcome_display(), note=noted))
    if booked.outcome == CANCELLED:
        rows.append(Row("Cancelled by", booked.get_cancelled_by_display()))
        rows.append(Row("Reason", booked.get_reason_display()))
    if booked.words:
        rows.append(Row("In words", booked.words))
    return rows


def _entry(booked: Appointment) -> Entry:
    title = f"{'Moved to' if booked.replaces_id else 'Booked for'} {day(booked.starts_at)}, {clock(booked.starts_at)}"
    by = booked.booked_by.name if booked.booked_by else "Throughcare"
    return Entry(when=booked.booked_at, title=title, by=by, text=where(booked.way, booked.place))


def _day_of(typed: str, today: date) -> date:
    """The day that an address names, within what calendars can show; today where it names none."""
    try:
        named = parse_date(typed)
    except ValueError:
        named = None
    return min(max(named, FIRST_DAY), LAST_DAY) if named else today
