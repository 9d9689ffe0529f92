"""`./run outside`: enter a service for which nobody signs in, with the mailbox its answer links go to."""

from typing import Annotated

import typer
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from rich.console import Console

from throughcare.events.acting import acting
from throughcare.events.actor import SYSTEM
from throughcare.organisations import actions
from throughcare.organisations.models import Organisation, Service
from throughcare.web.faults import Fault, Refused

app = typer.Typer(help="Services that answer by link.")
out = Console(soft_wrap=True, highlight=False, markup=False)


@app.callback(invoke_without_command=True)
def outside(
    organisation: Annotated[str, typer.Option(help="The organisation, by name; entered if it is new")],
    service: Annotated[str, typer.Option(help="The service (team), by name")],
    kind: Annotated[str, typer.Option(help="What it is, such as general practice")],
    telephone: Annotated[str, typer.Option(help="Its telephone, which senders are told to ring")],
    mailbox: Annotated[str, typer.Option(help="Its shared mailbox: answer links go there and nowhere else")],
    area: Annotated[list[str] | None, typer.Option(help="Code of an area that it serves; repeat")] = None,
) -> None:
    """Enter a service that takes hand-overs and has no accounts. The mailbox stands as it is entered here."""
    now = timezone.now()
    try:
        validate_email(mailbox)
    except ValidationError:
        raise Refused(
            Fault("OR-110", "mailbox", f"{mailbox!r} is not an e-mail address.", "Type it like duty@example.org.")
        ) from None
    with acting(SYSTEM, now):
        where = Organisation.objects.filter(name=organisation).first() or actions.found(
            by=SYSTEM, at=now, name=organisation, kind=kind
        )
        if Service.objects.filter(organisation=where, name=service).exists():
            raise Refused(
                Fault("OR-111", "service", f"{organisation} has a service called {service}.", "Choose another name.")
            )
        actions.set_up(
            by=SYSTEM,
            at=now,
            organisation=where,
            name=service,
            kind=kind,
            telephone=telephone,
            mailbox=mailbox,
            areas=area or [],
        )
    out.print(f"{service}, {organisation}, takes hand-overs and answers by link to {mailbox}.")
