"""Writes to organisations: who exists, who works where."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from throughcare.accounts.models import User
from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.organisations.models import PUBLIC_PAGE, AreaServed, Membership, Organisation, Service, Site
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
        _must_be_known(code, "areas")
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
def name_front_door(*, by: Actor, at: datetime, service: Service, area: str) -> AreaServed:
    """Have a service answer whoever asks for help in an area by themselves, in place of any that did so before.

    It serves the area from then on, if it did not. With the first front door the service behind the public page is set
    up. Refused for an unknown area (OR-101), and for a service that takes no hand-overs (OR-107).
    """
    _must_be_known(area, "area")
    if not service.takes_hand_overs:
        raise Refused(
            Fault(
                "OR-107",
                "service",
                "The front door of an area is a service that takes hand-overs.",
                "Name another service.",
            )
        )
    served, _ = AreaServed.objects.get_or_create(service=service, area=area)
    before = AreaServed.objects.filter(area=area, front_door=True).exclude(pk=served.pk)
    replaced = list(before.values_list("service_id", flat=True))
    before.update(front_door=False)
    served.front_door = True
    served.save(update_fields=["front_door"])
    if not Service.objects.filter(kind=PUBLIC_PAGE).exists():
        set_up(
            by=by,
            at=at,
            organisation=found(by=by, at=at, name="The public page", kind=PUBLIC_PAGE),
            name="The public page",
            kind=PUBLIC_PAGE,
            telephone="",
            takes_hand_overs=False,
        )
    say(
        "front_door.named",
        by=by,
        at=at,
        subject=f"service {service.pk}",
        detail={"area": area, "before": replaced, "after": service.pk},
    )
    return served


@action
def set_mailbox(*, by: Actor, at: datetime, service: Service, mailbox: str) -> Service:
    """Set where a service's digest goes; empty for nowhere. Refused (OR-111) for what is no e-mail address."""
    if mailbox:
        try:
            validate_email(mailbox)
        except ValidationError:
            rule = f"{mailbox!r} is not an e-mail address."
            raise Refused(Fault("OR-111", "mailbox", rule, "Type it like team@example.org.")) from None
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
    """Have a user work for a service in a role from now.

    Refused for an unknown role, or one no user can hold, and for the public page, which has no members.
    """
    if role not in roles() or role == "person":
        raise Refused(Fault("OR-102", "role", f"{role} is not a role of staff.", "Use a code from the table of roles."))
    if service.is_public_page:
        raise Refused(
            Fault("OR-108", "service", "Nobody works for the public page.", "Choose the front door of the area.")
        )
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


def _must_be_known(area: str, field: str) -> None:
    if area not in known_areas() and area not in MADE_UP_AREAS:
        raise Refused(Fault("OR-101", field, f"{area} is not one of the 153 areas.", "Use a code from the list."))
