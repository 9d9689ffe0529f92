"""What is in the diary: when and where a service will see a person."""

from typing import ClassVar

from django.db import models

from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.processes.models import Case
from throughcare.sharing.models import Person


class Appointment(Kept):
    """One appointment. Moving it adds a row and marks the old one as replaced, so that the history stays."""

    category: ClassVar[str] = "appointments_attendance"

    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments")
    service = models.ForeignKey(Service, models.PROTECT)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="appointments")
    starts_at = models.DateTimeField()
    place = models.CharField(max_length=200)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["service", "starts_at"], name="appointment_service"),
            models.Index(fields=["person", "starts_at"], name="appointment_person"),
        ]
