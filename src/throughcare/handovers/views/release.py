"""Releases: the boards of the prison and of the community, lines for coordinators, and saying what is ready."""

import re
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from throughcare.handovers.actions import release as actions
from throughcare.handovers.process.release import BOARD_ROLES
from throughcare.handovers.queries.release import arrivals_board, lines_without_names, prison_board
from throughcare.handovers.rules.release import CHECKS
from throughcare.organisations.models import Service
from throughcare.organisations.requests import Request
from throughcare.processes.pages import name_for, open_case
from throughcare.sharing import looks
from throughcare.web.faults import Fault, NotAllowed, Refused
from throughcare.web.forms import Form

OF_THE_PRISON = ("prison_drug_worker", "prison_healthcare", "prison_operations")


def releases(request: Request) -> HttpResponse:
    """The board of whoever asks: the prison's, the community's arrivals, or lines without names."""
    now, actor = timezone.now(), request.actor
    if actor.role not in BOARD_ROLES:
        raise NotAllowed(
            Fault("RL-111", "", "Your role has no board of releases.", "Ask the person’s keyworker or the prison team.")
        )
    if actor.role == "hjpc":
        lines = lines_without_names(actor, now)
        looks.at_list(actor, "releases, lines without names", len(lines), now)
        return render(request, "handovers/lines.html", {"lines": lines})
    number = request.GET.get("page", "1")
    page = int(number) if re.fullmatch(r"[1-9][0-9]{0,3}", number) else 1
    inside = actor.role in OF_THE_PRISON or (
        actor.role == "service_manager" and Service.objects.filter(Q(pk=actor.service), sites__kind="prison").exists()
    )
    groups = prison_board(actor, now, page) if inside else arrivals_board(actor, now, page)
    looks.at_list(actor, f"releases, page {page}", sum(len(group.rows) for group in groups), now)
    context = {"groups": groups, "inside": inside, "now": now}
    return render(request, "handovers/releases.html", context)


class ReadyForm(Form):
    """One thing for leaving, and how it stands."""

    code = forms.ChoiceField(label="What", widget=forms.RadioSelect)
    state = forms.ChoiceField(label="How does it stand?", choices=actions.SAID, widget=forms.RadioSelect)
    words = forms.CharField(
        label="Anything that matters",
        required=False,
        max_length=200,
        help_text="For example: hostel, Weir Street, from 2pm",
    )
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, choices: list[tuple[str, str]], initial: dict[str, Any]) -> None:
        super().__init__(data, initial={"key": uuid.uuid4().hex, **initial})
        code = self.fields["code"]
        assert isinstance(code, forms.ChoiceField)
        code.choices = choices


def ready(request: Request, case: int) -> HttpResponse:
    """Say that one thing for leaving is ready, missing or not needed."""
    now, actor = timezone.now(), request.actor
    found, room, seen, _ = open_case(case, actor, now)
    if room.process.name != "release":
        raise Refused(Fault("RL-101", "", "There is no release to prepare here.", "Open the person’s page."))
    looks.at_person(actor, found.person_id, now)
    choices = [
        (check.code, check.name)
        for check in CHECKS.values()
        if check.by_hand and seen.reads(check.category, check.field)
    ]
    form = ReadyForm(
        request.POST if request.method == "POST" else None,
        choices=choices,
        initial={"code": request.GET.get("code", "")},
    )
    if form.is_valid():
        answers = form.cleaned_data
        try:
            actions.ready(
                by=actor,
                at=now,
                release=found.release,
                code=answers["code"],
                state=answers["state"],
                words=answers["words"],
                key=answers["key"],
            )
        except Refused as refused:
            if refused.status == 403:
                raise
            form.add_faults(refused.faults)
        else:
            messages.success(request, f"{CHECKS[answers['code']].name}: kept.")
            return redirect("releases") if actor.role in BOARD_ROLES else redirect("case", case=case)
    board = actor.role in BOARD_ROLES
    context = {"form": form, "case": found, "name": name_for(found, seen), "title": room.title(found), "board": board}
    return render(request, "handovers/ready.html", context, status=422 if form.is_bound and form.errors else 200)
