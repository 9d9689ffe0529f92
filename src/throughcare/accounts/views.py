"""Signing in and out."""

from typing import Any

from django import forms
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator

from throughcare.accounts import actions
from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.web.forms import Form


class SignInForm(Form):
    """E-mail address and password; whether the address or the password was wrong is not said."""

    username = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        from django.contrib.auth import authenticate

        cleaned = super().clean() or {}
        if cleaned.get("username") and cleaned.get("password"):
            # By the name of the model's own field: it is what the lock after ten failures looks for.
            user = authenticate(self.request, email=cleaned["username"].lower(), password=cleaned["password"])
            if user is None:
                raise forms.ValidationError(
                    "AC-102 The e-mail address and password do not match an account. Check both and try again."
                )
            assert isinstance(user, User)
            self.user = user
        return cleaned

    def get_user(self) -> User | None:
        return self.user


@method_decorator(login_not_required, name="dispatch")
class SignIn(views.LoginView):
    """The only page, with health and help, that needs no account."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm  # type: ignore[assignment]  # Django's own form cannot carry our faults
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        actions.signed_in(by=_someone(user), at=timezone.now())
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.cleaned_data.get("password"):
            actions.sign_in_failed(by=_someone(None), at=timezone.now())
        return super().form_invalid(form)


def _someone(user: User | None) -> Actor:
    """A person at the sign-in page, acting for no service yet."""
    name = user.name if user else "unknown"
    return Actor(user=user.pk if user else None, user_name=name, role="", role_name="")


@login_not_required
def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Too many failed sign-ins for one address: wait, and nothing typed here is stored."""
    return render(request, "accounts/locked_out.html", status=429)
