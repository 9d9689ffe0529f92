"""Writes to accounts."""

from datetime import datetime

from throughcare.accounts.models import User
from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.web.faults import Fault, Refused


@action
def create(*, by: Actor, at: datetime, email: str, name: str, password: str, telephone: str = "") -> User:
    """Make an account. Refused (AC-101) when the address has one already."""
    if User.objects.filter(email=email.strip().lower()).exists():
        raise Refused(Fault("AC-101", "email", "This e-mail address already has an account.", "Use that account."))
    user = User(email=email, name=name, telephone=telephone)
    user.set_password(password)
    user.save()
    say("account.created", by=by, at=at, subject=f"user {user.pk}")
    return user


@action
def signed_in(*, by: Actor, at: datetime) -> None:
    """Keep the fact that someone signed in."""
    say("signed_in", by=by, at=at)


@action
def sign_in_failed(*, by: Actor, at: datetime) -> None:
    """Keep the fact that a sign-in failed. The address typed is not kept: it may be a password typed in haste."""
    say("sign_in_failed", by=by, at=at)
