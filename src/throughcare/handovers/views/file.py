"""The files of a hand-over: attached, taken off, and fetched."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from throughcare.handovers.actions import file as actions
from throughcare.handovers.actions.hand_over import sent_already
from throughcare.handovers.process.hand_over import NOT_SENT
from throughcare.handovers.queries.file import files_of, reads_files
from throughcare.handovers.room.hand_over import state_of
from throughcare.handovers.rules import file as rules
from throughcare.organisations.requests import Request
from throughcare.processes.actions import stranger
from throughcare.processes.pages import name_for, open_case
from throughcare.processes.table import SENDER
from throughcare.sharing import looks
from throughcare.web.faults import Refused
from throughcare.web.forms import Form


class FileForm(Form):
    """A file, and what it is."""

    title = forms.CharField(label="What is it?", max_length=120, help_text="For example: discharge letter, 20 November")
    file = forms.FileField(
        label="File",
        help_text=f"PDF, JPEG or PNG, no more than {rules.LARGEST // 1024 // 1024} MB",
        widget=forms.FileInput(attrs={"accept": ",".join(rules.SIGNATURES)}),
    )


def attach(request: Request, case: int) -> HttpResponse:
    """Attach a file to a hand-over that is not sent; a refusal keeps its title."""
    now = timezone.now()
    found, room, seen, sides = open_case(case, request.actor, now)
    if room.process.name != "hand_over" or SENDER not in sides:
        raise stranger(case)
    if state_of(found) not in NOT_SENT:
        raise Refused(sent_already(), person=found.person_id, case=case)
    looks.at_person(request.actor, found.person_id, now)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if "file" not in request.FILES and int(request.META.get("CONTENT_LENGTH") or 0) > rules.LARGEST:
        form.add_faults([rules.too_large()])
    elif form.is_valid():
        content = form.cleaned_data["file"].read(rules.LARGEST + 1)
        try:
            actions.attach(by=request.actor, at=now, case=case, title=form.cleaned_data["title"], content=content)
        except Refused as refused:
            form.add_faults(refused.faults)
        else:
            messages.success(request, "The file is attached. It has not been sent.")
            return redirect("case", case=case)
    context = {"form": form, "case": found, "title": room.title(found), "name": name_for(found, seen)}
    return render(request, "handovers/attach.html", context, status=422 if form.is_bound and form.errors else 200)


@require_POST
def take_off(request: Request, case: int, file: int) -> HttpResponse:
    """Take a file off a hand-over that is not sent."""
    now = timezone.now()
    open_case(case, request.actor, now)
    actions.take_off(by=request.actor, at=now, case=case, file=file)
    messages.success(request, "The file is taken off.")
    return redirect("case", case=case)


def fetch(request: Request, case: int, file: int) -> HttpResponse:
    """Hand a file over, for a party who may read it; it is never shown as a page of ours."""
    now = timezone.now()
    found, room, seen, sides = open_case(case, request.actor, now)
    if room.process.name != "hand_over" or room.hides(found, sides) or not reads_files(found.hand_over, seen):
        raise stranger(case)
    one = files_of(found).defer(None).filter(pk=file).first()
    if one is None:
        raise stranger(case)
    looks.at_person(request.actor, found.person_id, now)
    ending = rules.SIGNATURES[one.kind][2]
    name = f"{slugify(one.title) or 'file'}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(bytes(one.content), content_type=one.kind, headers=headers)
