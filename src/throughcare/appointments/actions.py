"""Writes to the diary."""

from datetime import datetime

from throughcare.appointments.models import Appointment
from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.processes.models import Case


@action
def book(*, by: Actor, at: datetime, case: Case, service: int, starts_at: datetime, place: str) -> Appointment:
    """Book an appointment for a case in place of any earlier one for it. One in the past is a fact too, and is kept."""
    Appointment.objects.filter(case=case, replaced_at=None).update(replaced_at=at)
    appointment = Appointment(
        person_id=case.person_id, service_id=service, case=case, starts_at=starts_at, place=place[:200]
    )
    appointment.save()
    say(
        "appointment.booked",
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        subject=f"appointment {appointment.pk}",
        detail={"starts_at": starts_at, "place": place},
    )
    return appointment
