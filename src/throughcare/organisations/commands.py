"""`./run account`: make somebody's account, and enter where they work. `./run front-door`: who answers an area."""

import sys
from typing import Annotated

import typer
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from rich.console import Console

from throughcare.accounts import actions as accounts
from throughcare.accounts.models import User
from throughcare.events.acting import acting
from throughcare.events.actor import SYSTEM
from throughcare.organisations import actions
from throughcare.organisations.models import Organisation, Service, Site
from throughcare.organisations.queries import front_doors
from throughcare.reference.areas import area_name
from throughcare.reference.roles import roles, works_with_people
from throughcare.web.faults import Fault, Refused

app = typer.Typer(help="Accounts of staff.")
front_door_app = typer.Typer(help="Who answers those who ask for help by themselves.")
out = Console(soft_wrap=True, highlight=False, markup=False)


@app.callback(invoke_without_command=True)
def account(
    email: Annotated[str, typer.Option(help="The address they sign in with")],
    name: Annotated[str, typer.Option(help="Their name")],
    role: Annotated[str, typer.Option(help="A code from the table of roles, such as keyworker")],
    organisation: Annotated[str, typer.Option(help="The organisation, by name; entered if it is new")],
    service: Annotated[str, typer.Option(help="The service (team), by name; set up if it is new")],
    telephone: Annotated[str, typer.Option(help="Telephone of the service; needed when it is new")] = "",
    area: Annotated[list[str] | None, typer.Option(help="Code of an area that a new service serves; repeat")] = None,
    site: Annotated[list[str] | None, typer.Option(help="A site that a new service covers, by name; repeat")] = None,
    site_kind: Annotated[str, typer.Option(help="What a new site is")] = "prison",
    manager: Annotated[str, typer.Option(help="Who manages a new service: the second step of the ladder")] = "",
    manager_telephone: Annotated[str, typer.Option(help="Their telephone")] = "",
    lead: Annotated[str, typer.Option(help="Who leads a new organisation: the last step of the ladder")] = "",
    lead_telephone: Annotated[str, typer.Option(help="Their telephone")] = "",
) -> None:
    """Make an account and enter the service. Someone who has an account gets one more service.

    The password is asked for, or read from standard input when that is not a terminal.
    """
    now = timezone.now()
    _check(email, role)
    with acting(SYSTEM, now):
        where = Organisation.objects.filter(name=organisation).first() or actions.found(
            by=SYSTEM,
            at=now,
            name=organisation,
            kind=roles()[role].kind_of_organisation,
            lead_name=lead,
            lead_telephone=lead_telephone,
        )
        team = Service.objects.filter(organisation=where, name=service).first()
        if team is None:
            if not telephone:
                raise Refused(
                    Fault("OR-106", "telephone", "A new service needs a telephone number.", "Give it: --telephone.")
                )
            team = actions.set_up(
                by=SYSTEM,
                at=now,
                organisation=where,
                name=service,
                kind=roles()[role].kind_of_organisation,
                telephone=telephone,
                manager_name=manager,
                manager_telephone=manager_telephone,
                takes_hand_overs=works_with_people(role),
                areas=area or [],
                sites=[
                    Site.objects.filter(name=name).first()
                    or actions.enter_site(by=SYSTEM, at=now, organisation=where, name=name, kind=site_kind)
                    for name in site or []
                ],
            )
        user = User.objects.filter(email=email.strip().lower()).first() or accounts.create(
            by=SYSTEM, at=now, email=email, name=name, password=_password()
        )
        actions.join(by=SYSTEM, at=now, user=user, service=team, role=role)
    out.print(f"{user.email} signs in as {roles()[role].name}, {service}, {organisation}.")


@front_door_app.callback(invoke_without_command=True)
def front_door(
    area: Annotated[str, typer.Option(help="Code of the area; without it, who answers where is listed")] = "",
    organisation: Annotated[str, typer.Option(help="The organisation, by name")] = "",
    service: Annotated[str, typer.Option(help="The service (team), by name")] = "",
) -> None:
    """Have a service answer those who ask for help in an area on the public page. One service of an area does."""
    if area:
        team = Service.objects.filter(organisation__name=organisation, name=service).first()
        if team is None:
            raise Refused(
                Fault(
                    "OR-109",
                    "service",
                    f"There is no service {service!r} of an organisation {organisation!r}.",
                    "Check both names, or set it up with its first account: ./run account.",
                )
            )
        actions.name_front_door(by=SYSTEM, at=timezone.now(), service=team, area=area)
    for code, answers in front_doors().items():
        out.print(f"{code}  {area_name(code)}: {answers}")


def _check(email: str, role: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(
            Fault("AC-104", "email", f"{email!r} is not an e-mail address.", "Type it like name@example.org.")
        ) from None
    if role not in roles() or role == "person":
        known = ", ".join(code for code in roles() if code != "person")
        raise Refused(Fault("OR-102", "role", f"{role!r} is not a role of staff.", f"There are: {known}."))


def _password() -> str:
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        validate_password(password)
    except ValidationError as wrong:
        raise Refused(Fault("AC-105", "password", " ".join(wrong.messages), "Choose a longer, rarer one.")) from None
    return str(password)
