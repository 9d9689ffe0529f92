"""Choosing which service to act for."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from throughcare.organisations.requests import Request
from throughcare.reference.roles import roles
from throughcare.web.forms import Form


def acting_for(request: Request) -> HttpResponse:
    """One user acts for one service at a time; here they change it."""
    names = [
        (m.pk, f"{m.service.name}, {m.service.organisation.name}: {roles()[m.role].name}") for m in request.memberships
    ]

    class Choice(Form):
        membership = forms.TypedChoiceField(
            label="Which service are you acting for?", choices=names, coerce=int, widget=forms.RadioSelect
        )

    form = Choice(request.POST or None, initial={"membership": request.session.get("membership")})
    if form.is_valid():
        request.session["membership"] = form.cleaned_data["membership"]
        return redirect("today")
    return render(request, "organisations/acting_for.html", {"form": form})
