"""`./run mailbox`: where the daily digest of a service goes."""

from typing import Annotated

import typer
from django.utils import timezone
from rich.console import Console

from throughcare.events.actor import SYSTEM
from throughcare.organisations import actions
from throughcare.organisations.models import Service
from throughcare.web.faults import Fault, Refused

app = typer.Typer(help="Where the e-mail to a service goes.")
out = Console(soft_wrap=True, highlight=False, markup=False)


@app.callback(invoke_without_command=True)
def mailbox(
    organisation: Annotated[str, typer.Option(help="The organisation, by name")],
    service: Annotated[str, typer.Option(help="The service (team), by name")],
    email: Annotated[str, typer.Option(help="The address; without it the service gets no e-mail any more")] = "",
) -> None:
    """Set the mailbox of a service: a digest each day at 8am, and at once what concerns somebody's safety."""
    team = Service.objects.filter(organisation__name=organisation, name=service).first()
    if team is None:
        raise Refused(
            Fault("OR-108", "service", f"There is no service {service!r} of {organisation!r}.", "Check both names.")
        )
    actions.set_mailbox(by=SYSTEM, at=timezone.now(), service=team, mailbox=email.strip())
    out.print(f"E-mail to {team} goes to {team.mailbox}." if team.mailbox else f"{team} gets no e-mail any more.")
