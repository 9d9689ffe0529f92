"""Hand-overs: the list, and writing one."""

import re
import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.actions import hand_over as actions
from throughcare.handovers.models import CustodyStay
from throughcare.handovers.process.hand_over import BASES, ENDED, FACTS, NOT_SENT, TAKEN_ON, TO_ANSWER
from throughcare.handovers.queries.hand_over import dues_of, hand_overs, standing
from throughcare.handovers.queries.sheet import items_of, leaving_parts, offered_parts
from throughcare.handovers.room.hand_over import state_of
from throughcare.handovers.rules.sheet import PARTS, takes_opioid_medicine
from throughcare.organisations.models import Service
from throughcare.organisations.queries import receiving_services
from throughcare.organisations.requests import Request
from throughcare.people.queries import records_of
from throughcare.processes.actions import once, stranger
from throughcare.processes.models import Case
from throughcare.processes.pages import open_case
from throughcare.processes.table import SENDER
from throughcare.reference.roles import works_with_people
from throughcare.sharing import looks
from throughcare.sharing.rule import may_not_open, sight
from throughcare.web.faults import Fault, NotAllowed, Refused
from throughcare.web.forms import DayField, Form

PAGE = 25
FILTERS = {
    "answer": "To answer",
    "ours": "Taken on",
    "sent": "Sent by us",
    "all": "All open",
    "ended": "Ended",
}


def hand_over_list(request: Request) -> HttpResponse:
    """The service's hand-overs, newest first, 25 at a time; the filter stands in the address."""
    now, actor = timezone.now(), request.actor
    show = request.GET.get("show", "all")
    rows = hand_overs(actor, now).order_by("-case")
    match show:
        case "answer":
            rows = rows.filter(receiver=actor.service, state__in=TO_ANSWER)
        case "ours":
            rows = rows.filter(receiver=actor.service, state__in=TAKEN_ON)
        case "sent":
            rows = rows.filter(sender=actor.service).exclude(state__in=ENDED)
        case "ended":
            rows = rows.filter(state__in=ENDED)
        case _:
            show, rows = "all", rows.exclude(state__in=ENDED)
    before = request.GET.get("before", "")
    if re.fullmatch(r"[0-9]{1,18}", before):  # what a column can hold
        rows = rows.filter(case__lt=int(before))
    found = list(rows[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    dues = dues_of(h.case_id for h in found)
    looks.at_list(actor, f"hand-overs, {show}", len(found), now)
    context = {
        "rows": [(h, standing(h, dues.get(h.case_id), actor, now), dues.get(h.case_id)) for h in found],
        "filters": FILTERS,
        "show_words": FILTERS[show],
        "show": show,
        "page": {
            "next_url": f"?show={show}&before={found[-1].case_id}" if more else "",
            "previous_url": f"?show={show}" if before else "",
        },
        "now": now,
    }
    return render(request, "handovers/list.html", context)


class DraftForm(Form):
    """What the sender writes. Everything but the receiver and the reason may be left for later."""

    receiver = forms.ModelChoiceField(label="Which service are you handing over to?", queryset=Service.objects.none())
    reason = forms.CharField(
        label="Why, and what matters most",
        help_text=FACTS["reason"].hint,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "FM-101 Say why, and what matters most."},
    )
    asked = forms.CharField(
        label="What do you ask for?",
        help_text="For example: a first appointment on the day of release, by video before it",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    release_date = DayField(
        label="Release date", required=False, help_text="The latest date known, for example 27 3 2026"
    )
    opioid_agonist_medicine = forms.ChoiceField(
        label=FACTS["opioid_agonist_medicine"].label,
        choices=FACTS["opioid_agonist_medicine"].choices,
        required=False,
        widget=forms.RadioSelect,
    )
    urgent = forms.ChoiceField(
        label=FACTS["urgent"].label,
        help_text=FACTS["urgent"].hint,
        choices=FACTS["urgent"].choices,
        required=False,
        widget=forms.RadioSelect,
    )
    safe_contact = forms.CharField(
        label=FACTS["safe_contact"].label,
        help_text=FACTS["safe_contact"].hint,
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    attached = forms.MultipleChoiceField(
        label="Which parts of the clinical sheet go with it?",
        help_text="They are kept as they stand when you send it. The receiving service reads what its roles may read.",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    basis = forms.ChoiceField(label=FACTS["basis"].label, choices=BASES, required=False, widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, actor: Actor, held: bool, initial: dict[str, Any]) -> None:
        super().__init__(data, initial={"key": uuid.uuid4().hex, **initial})
        receiver = self.fields["receiver"]
        assert isinstance(receiver, forms.ModelChoiceField)
        receiver.queryset = receiving_services(other_than=actor.service)
        receiver.empty_label = "Choose a service"
        self.offer(list(PARTS.items()))
        if not held:
            del self.fields["release_date"]
        for name in ("opioid_agonist_medicine", "urgent", "safe_contact", "basis"):
            self.fields[name].unless_given = "needed before it is sent"  # type: ignore[attr-defined]

    def offer(self, parts: list[tuple[str, str]]) -> None:
        """Which parts of the sheet are asked about. An answer may name any: one without anything in it adds nothing."""
        attached = self.fields["attached"]
        assert isinstance(attached, forms.MultipleChoiceField)
        attached.choices = parts
        if not parts:
            del self.fields["attached"]

    def draft(self) -> actions.Draft:
        answers = {name: value for name, value in self.cleaned_data.items() if name not in ("version", "key")}
        return actions.Draft(**answers | {"attached": tuple(answers.get("attached", ()))})


def new_hand_over(request: Request, person: int) -> HttpResponse:
    """Write a hand-over about one person. It is kept as a draft at once, and sent after it has been checked."""
    now, actor = timezone.now(), request.actor
    record = records_of(person, actor, now).order_by("-pk").first()
    if record is None:
        raise may_not_open(person)
    may_write(actor)
    actions.must_know(record, actor, now)
    looks.at_person(actor, person, now)
    stay = None
    if request.method == "GET":
        stay = CustodyStay.objects.filter(person=person, until=None, site__service=actor.service).first()
    held = stay is not None or "release_date_day" in request.POST
    initial = {
        "safe_contact": record.safe_contact,
        "release_date": stay.release_date if stay else None,
        "receiver": request.GET.get("to", ""),
    }
    if request.method == "GET":
        initial |= _from_the_sheet(person, actor, now)
    form = DraftForm(request.POST if request.method == "POST" else None, actor=actor, held=held, initial=initial)
    if form.is_valid():
        try:
            draft = form.draft()
            case = once(
                form.cleaned_data["key"],
                lambda step: (
                    (step.user_id, step.service_id, step.case.person_id, step.facts.get("reason"))
                    == (actor.user, actor.service, person, draft.reason.strip())
                ),
                lambda: actions.draft(by=actor, at=now, record=record, draft=draft, key=form.cleaned_data["key"]).case,
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            return redirect("act", case=case.pk, verb="send")
    return _draft_page(request, form, record.person_id, record.full_name, None)


def edit_hand_over(request: Request, case: int) -> HttpResponse:
    """Change a hand-over that has not been sent."""
    now, actor = timezone.now(), request.actor
    found, _, _, sides = open_case(case, actor, now)
    if SENDER not in sides:
        raise stranger(case)
    if state_of(found) not in NOT_SENT:
        raise Refused(actions.sent_already(), person=found.person_id, case=case)
    looks.at_person(actor, found.person_id, now)
    hand_over = found.hand_over
    stay = CustodyStay.objects.filter(person=found.person_id, until=None, site__service=actor.service).first()
    names = ("receiver", "reason", "asked", "opioid_agonist_medicine", "urgent", "safe_contact", "basis", "attached")
    initial = {name: getattr(hand_over, name) for name in names} | {
        "version": found.version,
        "release_date": stay.release_date if stay else None,
    }
    form = DraftForm(
        request.POST if request.method == "POST" else None,
        actor=actor,
        held=stay is not None,
        initial=initial,
    )
    if form.is_valid():
        try:
            actions.rewrite(
                by=actor,
                at=now,
                hand_over=hand_over,
                draft=form.draft(),
                version=form.cleaned_data["version"] or 0,
            )
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            messages.success(request, "The draft is kept. It has not been sent.")
            return redirect("act", case=case, verb="send")
    return _draft_page(request, form, found.person_id, found.record.full_name, found)


def _from_the_sheet(person: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """What the clinical sheet says already need not be typed again."""
    seen, items = sight(actor, person, now), items_of(person)
    found: dict[str, Any] = {"attached": leaving_parts(items, localdate(now))}
    if seen.reads("overdose_safety_summary", "opioid_agonist_present"):
        found["opioid_agonist_medicine"] = takes_opioid_medicine(items)
    return found


def may_write(actor: Actor) -> None:
    """Refuses (HO-103) roles that hold no records, or that only oversee them."""
    if not works_with_people(actor.role):
        raise NotAllowed(Fault("HO-103", "role", "Your role writes no hand-overs.", "Ask the person’s keyworker."))


def _draft_page(request: Request, form: DraftForm, person: int, name: str, case: Case | None) -> HttpResponse:
    now = timezone.now()
    form.offer(offered_parts(items_of(person), sight(request.actor, person, now)))
    context = {"form": form, "person": person, "name": name, "case": case, "open": ()}
    if case is None and request.method == "GET":
        standing = hand_overs(request.actor, now).filter(case__person=person).exclude(state__in=ENDED)
        context["open"] = standing.order_by("-case")[:10]
    return render(request, "handovers/draft.html", context, status=422 if form.is_bound and form.errors else 200)
