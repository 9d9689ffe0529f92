"""Writes to organisations: who exists, who works where."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from throughcare.accounts.models import User
from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.organisations.models import AreaServed, Membership, Organisation, Service, Site
from throughcare.reference.areas import MADE_UP_AREAS
from throughcare.reference.areas import areas as known_areas
from throughcare.reference.roles import roles
from throughcare.web.faults import Fault, Refused


@action
def found(
    *, by: Actor, at: datetime, name: str, kind: str, lead_name: str = "", lead_telephone: str = ""
) -> Organisation:
    """Enter an organisation. Its lead is the last step of the escalation ladder."""
    organisation = Organisation(name=name, kind=kind, lead_name=lead_name, lead_telephone=lead_telephone)
    organisation.save()
    say("organisation.entered", by=by, at=at, subject=f"organisation {organisation.pk}", detail={"name": name})
    return organisation


@action
def enter_site(*, by: Actor, at: datetime, organisation: Organisation, name: str, kind: str) -> Site:
    """Enter a site where people are held or live."""
    site = Site(organisation=organisation, name=name, kind=kind)
    site.save()
    say("site.entered", by=by, at=at, subject=f"site {site.pk}", detail={"name": name, "kind": kind})
    return site


@action
def set_up(
    *,
    by: Actor,
    at: datetime,
    organisation: Organisation,
    name: str,
    kind: str,
    telephone: str,
    mailbox: str = "",
    manager_name: str = "",
    manager_telephone: str = "",
    takes_hand_overs: bool = True,
    areas: Iterable[str] = (),
    sites: Iterable[Site] = (),
) -> Service:
    """Set up a service: the areas it serves, by code, and the sites it covers. Refused (OR-101) for an unknown area."""
    codes = list(areas)
    for code in codes:
        if code not in known_areas() and code not in MADE_UP_AREAS:
            raise Refused(Fault("OR-101", "areas", f"{code} is not one of the 153 areas.", "Use a code from the list."))
    service = Service(
        organisation=organisation,
        name=name,
        kind=kind,
        telephone=telephone,
        mailbox=mailbox,
        manager_name=manager_name,
        manager_telephone=manager_telephone,
        takes_hand_overs=takes_hand_overs,
    )
    service.save()
    AreaServed.objects.bulk_create(AreaServed(service=service, area=code) for code in codes)
    service.sites.set(list(sites))
    say(
        "service.set_up",
        by=by,
        at=at,
        subject=f"service {service.pk}",
        detail={"name": name, "kind": kind, "areas": codes, "telephone": telephone},
    )
    return service


@action
def set_mailbox(*, by: Actor, at: datetime, service: Service, mailbox: str) -> Service:
    """Set where a service's digest goes; empty for nowhere. Refused (OR-107) for what is no e-mail address."""
    if mailbox:
        try:
            validate_email(mailbox)
        except ValidationError:
            rule = f"{mailbox!r} is not an e-mail address."
            raise Refused(Fault("OR-107", "mailbox", rule, "Type it like team@example.org.")) from None
    before, service.mailbox = service.mailbox, mailbox
    service.save(update_fields=["mailbox"])
    say(
        "service.mailbox_set",
        by=by,
        at=at,
        subject=f"service {service.pk}",
        detail={"before": before, "after": mailbox},
    )
    return service


@action
def join(*, by: Actor, at: datetime, user: User, service: Service, role: str) -> Membership:
    """Have a user work for a service in a role from now. Refused for an unknown role, or one no user can hold."""
    if role not in roles() or role == "person":
        raise Refused(Fault("OR-102", "role", f"{role} is not a role of staff.", "Use a code from the table of roles."))
    if Membership.objects.filter(user=user, service=service, role=role, until__isnull=True).exists():
        raise Refused(Fault("OR-103", "role", "This person already has this role here.", "Nothing needs doing."))
    membership = Membership(user=user, service=service, role=role, since=at)
    membership.save()
    say("membership.began", by=by, at=at, subject=f"membership {membership.pk}", detail={"user": user.pk, "role": role})
    return membership


@action
def leave(*, by: Actor, at: datetime, membership: Membership) -> Membership:
    """End a membership. Its row stays; access through it ends at once."""
    if membership.until is not None:
        raise Refused(Fault("OR-104", "", "This membership has already ended.", "Nothing needs doing."))
    membership.until = at
    membership.save(update_fields=["until"])
    say("membership.ended", by=by, at=at, subject=f"membership {membership.pk}", detail={"user": membership.user_id})
    return membership
