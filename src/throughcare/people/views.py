"""The people a service knows: the list, the search, one person, and a person new to the service."""

import uuid
from datetime import date, datetime
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.organisations.requests import Request
from throughcare.people import actions
from throughcare.people.forms import AreaField
from throughcare.people.happened import DIED
from throughcare.people.models import PersonEvent, Record
from throughcare.people.panels import Reader, first_page, panels
from throughcare.people.queries import Asked, page_by_name, reads_field, records_of, search, with_happened
from throughcare.people.rules import age_on
from throughcare.reference.areas import area_name
from throughcare.reference.roles import works_with_people
from throughcare.sharing import looks
from throughcare.sharing.rule import Sight, may_not_open, sight
from throughcare.web.faults import Refused
from throughcare.web.forms import DayField, Form
from throughcare.web.parts import Entry, Row
from throughcare.web.wording import moment

LISTED = "people"


class SearchForm(Form):
    """What to look for: names, a whole number, a date of birth."""

    q = forms.CharField(
        label="Name, NHS number or prison number",
        required=False,
        max_length=100,
        help_text="The beginning of a name is enough",
    )
    born = DayField(label="Date of birth", required=False)


def people(request: Request) -> HttpResponse:
    """The people that the reader may know of, 25 at a time by name; narrowed by what was typed."""
    now = timezone.now()
    form = SearchForm(request.GET if {"q", "born_day"} & request.GET.keys() else None)
    asked = Asked()
    if form.is_bound and form.is_valid():
        asked = Asked(words=form.cleaned_data["q"], born=form.cleaned_data["born"])
    page = page_by_name(search(request.actor, now, asked), request.GET.get("after", ""))
    looks.at_list(request.actor, LISTED, len(page.rows), now)
    typed = {name: value for name, value in request.GET.items() if name != "after" and value}
    context = {
        "form": form,
        "rows": [(record, _banner(record, request)) for record in page.rows],
        "asked": form.is_bound,
        "page": {
            "next_url": f"?{urlencode({**typed, 'after': page.after})}" if page.after else "",
            "previous_url": f"?{urlencode(typed)}" if request.GET.get("after") else "",
        },
        "may_add": works_with_people(request.actor.role),
    }
    return render(request, "people/people.html", context)


def person(request: Request, person: int) -> HttpResponse:
    """One person, as the reader may see them: who, what is urgent, what is open, what happened, and why it is shown."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    if not seen.reads("identity_core"):
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    records, happened = with_happened(records_of(person, request.actor, now))
    if not records:
        raise may_not_open(person)
    shown = records[-1]
    death = next((event for event in happened if event.kind == DIED and event.undone_by_id is None), None)
    reader = Reader(actor=request.actor, person=person, sight=seen, now=now, happened=happened, dead=death is not None)
    parts = panels(reader)
    safe = [Row("Safe contact", shown.safe_contact or "Not recorded: ask before you call or write")]
    if may_change_contact(records, request.actor, seen) is not None:
        parts.acts.append(("Safe contact", reverse("safe-contact", args=[person])))
    if may_change_area(records, request.actor, seen) is not None:
        parts.acts.append(("Home area", reverse("home-area", args=[person])))
    context = {
        "person": person,
        "record": shown,
        "records": records,
        "name": shown.full_name,
        "banner": _banner(shown, request),
        "sight": seen,
        "death": death,
        "death_words": _death_words(death, records, seen) if death else "",
        "parts": parts,
        "safety": [*parts.safety, *(safe if seen.reads("safe_contact") else [])],
        "facts": [*_identity(shown, seen), *parts.facts],
        "entries": [*parts.entries, *_opened(records)],
        "now": now,
    }
    return render(request, "people/person.html", context)


class ContactForm(Form):
    """How a person is reached, and what they agreed to."""

    telephone = forms.CharField(label="Telephone", required=False, max_length=40)
    email = forms.EmailField(label="E-mail address", required=False, max_length=254)
    safe_contact = forms.CharField(
        label="How, when and where it is safe to reach the person",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    may_email = forms.BooleanField(
        label="The person said that e-mail to this address is safe: Throughcare writes to them about appointments",
        required=False,
    )
    may_name_service = forms.BooleanField(
        label="The person agreed that messages name this service. If not, they hold date, time and your number alone",
        required=False,
    )


def safe_contact(request: Request, person: int) -> HttpResponse:
    """Change how a person is reached, in the service's own record."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    records = list(records_of(person, request.actor, now).order_by("pk"))
    record = may_change_contact(records, request.actor, seen)
    if record is None:
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    initial = {name: getattr(record, name) for name in ContactForm.base_fields}
    form = ContactForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            actions.set_contact(by=request.actor, at=now, record=record, contact=actions.Contact(**form.cleaned_data))
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            messages.success(request, "It is kept. Messages that wait already follow it too.")
            return redirect("person", person=person)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "people/safe_contact.html", {"form": form, "record": record}, status=status)


def may_change_contact(records: list[Record], actor: Actor, seen: Sight) -> Record | None:
    """The service's own record, where the reader may read and so change how its person is reached."""
    return _own(records, actor) if seen.reads("safe_contact") else None


class AreaForm(Form):
    """Where a person lives or returns to."""

    area = AreaField(required=True)


def home_area(request: Request, person: int) -> HttpResponse:
    """Change the area that a person lives in or returns to, in the service's own record."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    record = may_change_area(list(records_of(person, request.actor, now).order_by("pk")), request.actor, seen)
    if record is None:
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    form = AreaForm(request.POST if request.method == "POST" else None, initial={"area": record.area})
    if form.is_valid():
        actions.set_area(by=request.actor, at=now, record=record, area=form.cleaned_data["area"])
        messages.success(request, "The area is kept.")
        return redirect("person", person=person)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "people/home_area.html", {"form": form, "record": record}, status=status)


def may_change_area(records: list[Record], actor: Actor, seen: Sight) -> Record | None:
    """The service's own record, where the reader may read where the person lives."""
    return _own(records, actor) if seen.reads("identity_core", "address") else None


def _own(records: list[Record], actor: Actor) -> Record | None:
    """The record that the actor's service holds, for a role that keeps records."""
    own = (record for record in records if record.service_id == actor.service)
    return next(own, None) if works_with_people(actor.role) else None


class NewPersonForm(ContactForm):
    """What a service knows of somebody new to it. Only a name is needed."""

    given_name = forms.CharField(label="Given name", required=False, max_length=80)
    family_name = forms.CharField(label="Family name", required=False, max_length=80)
    preferred_name = forms.CharField(label="Preferred name", required=False, max_length=80)
    date_of_birth = DayField(label="Date of birth", required=False)
    nhs_number = forms.CharField(label="NHS number", required=False, max_length=20, help_text="Ten digits")
    prison_number = forms.CharField(
        label="Prison number", required=False, max_length=20, help_text="For example A1234BC"
    )
    address = forms.CharField(label="Address", required=False, max_length=200)
    area = AreaField(required=False)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)
    field_order = (
        "given_name",
        "family_name",
        "preferred_name",
        "date_of_birth",
        "nhs_number",
        "prison_number",
        "address",
        "area",
    )


def new_person(request: Request) -> HttpResponse:
    """Open a record for somebody new to the service. People whom it already knows by that name are shown first."""
    now = timezone.now()
    if not works_with_people(request.actor.role):
        raise may_not_open()
    form = NewPersonForm(request.POST or None, initial={"key": uuid.uuid4().hex})
    alike: list[Record] = []
    if form.is_valid():
        number = form.cleaned_data.pop("key")
        identity = actions.Identity(**form.cleaned_data)
        if "checked" not in request.POST:
            # By name alone: the record they have may lack the date of birth, or have another.
            asked = Asked(words=f"{identity.given_name} {identity.family_name}")
            alike = list(search(request.actor, now, asked).select_related("organisation")[:10])
        try:
            record = actions.opened_by_form(number, request.actor, identity)  # after the search, which may find it
            if record is None and not alike:
                record = _register(number, request.actor, identity, now)
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            if record is not None:
                messages.success(request, "The record is open.")
                first = first_page(request.actor, record.person_id, now)
                return redirect(first) if first else redirect("person", person=record.person_id)
    status = 422 if form.is_bound and form.errors else 200
    context = {"form": form, "alike": [(record, _banner(record, request)) for record in alike]}
    if alike:
        looks.at_list(request.actor, "people alike", len(alike), now)
    return render(request, "people/new.html", context, status=status)


def _register(form: str, by: Actor, identity: actions.Identity, now: datetime) -> Record:
    """A new record, or the one that the same form opened at this very moment."""
    try:
        return actions.register(by=by, at=now, identity=identity, made_up=settings.MADE_UP, form=form)
    except IntegrityError:
        earlier = actions.opened_by_form(form, by, identity)
        if earlier is None:
            raise
        return earlier


def _banner(record: Record, request: Request) -> dict[str, object]:
    """Date of birth and age, where the reader's role may read them."""
    if not reads_field(request.actor, timezone.now(), "date_of_birth"):
        return {}
    born: date | None = record.date_of_birth
    return {"born": born, "age": age_on(born, localdate()) if born else None}


def _death_words(death: PersonEvent, records: list[Record], seen: Sight) -> str:
    """Who reported a death and how they know, as far as the reader may know them."""
    known = {seen.actor.organisation, *(record.organisation_id for record in records)}
    who = death.service.name if death.service and death.service.organisation_id in known else "another service"
    source = death.facts.get("source_of_fact", "") if seen.reads("identity_core", "source_of_fact") else ""
    told = "" if source in ("", "not_known") else f"; source: {source}"
    return f"reported by {who}, {moment(death.at)}{told}"


def _identity(record: Record, seen: Sight) -> list[Row]:
    note = f"as {record.organisation.name} has it"
    rows = []
    if record.preferred_name and seen.reads("identity_core", "preferred_name"):
        rows.append(Row("Preferred name", record.preferred_name, note=note))
    if seen.reads("identity_core", "address") and record.address:
        rows.append(Row("Address", record.address, note=note))
    if seen.reads("identity_core", "address") and record.area:
        rows.append(Row("Home area", area_name(record.area), note=note))
    if seen.reads("safe_contact") and record.telephone:
        rows.append(Row("Telephone", record.telephone, note=note))
    if seen.reads("safe_contact") and record.email:
        safe = "safe to write to" if record.may_email else "not said to be safe: do not write"
        named = "messages may name the service" if record.may_name_service else "messages may not name the service"
        rows.append(Row("E-mail", record.email, note=f"{note}; {safe}; {named}"))
    return rows


def _opened(records: list[Record]) -> list[Entry]:
    return [Entry(when=r.opened_at, title="Record opened", by=r.organisation.name) for r in reversed(records)]
