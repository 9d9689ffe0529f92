"""What the diary puts on a person's page: booking, where the reader's service holds a record of the person."""

from django.urls import reverse

from throughcare.people.panels import Panel, Reader
from throughcare.reference.roles import works_with_people
from throughcare.sharing.models import Grant


def panel(reader: Reader) -> Panel:
    """The act alone: which appointments there are is shown by the room that knows where the person is."""
    own = any(grant.kind == Grant.OWN and grant.service_id == reader.actor.service for grant in reader.sight.grants)
    may = works_with_people(reader.actor.role) and reader.sight.reads("appointments_attendance")
    if reader.dead or not (own and may):
        return Panel()
    return Panel(acts=[("New appointment", reverse("new-appointment", args=[reader.person]))])
