"""What is in the diary: when, where and how a service will see a person, and what came of it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from throughcare.accounts.models import User
from throughcare.appointments.rules import CANCELLED_BY, OUTCOMES, REASONS, WAYS
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.processes.models import Case
from throughcare.sharing.models import Person


class Appointment(Kept):
    """One appointment. Moving it adds a row and marks the old one as replaced, so that the history stays.

    `first` is the first of a row of moved ones: to the person's calendar they are one. `version` counts the changes of
    all of them. `room` is the unguessable part of a video link. `outcome` may be corrected; what it was stands in the
    event. `form` is the number of the form that booked it, so that a form sent twice books once.
    """

    category: ClassVar[str] = "appointments_attendance"

    person = models.ForeignKey(Person, models.PROTECT, related_name="appointments")
    service = models.ForeignKey(Service, models.PROTECT)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="appointments")
    starts_at = models.DateTimeField()
    way = models.CharField(max_length=10, choices=WAYS)
    place = models.CharField(max_length=200, blank=True)
    room = models.CharField(max_length=40, blank=True)
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    first = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    replaced_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=OUTCOMES, blank=True)
    cancelled_by = models.CharField(max_length=8, choices=CANCELLED_BY, blank=True)
    reason = models.CharField(max_length=16, choices=REASONS, blank=True)
    words = models.CharField(max_length=300, blank=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    version = models.IntegerField(default=1)
    form = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at=None) | (~Q(outcome="") & Q(outcome_at__isnull=False)),
                name="appointment_outcome_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(outcome="cancelled") ^ Q(cancelled_by=""), name="appointment_cancelled_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(replaces=F("id")), name="appointment_replaces_another"
            ),
        ]
        indexes = [
            models.Index(fields=["service", "starts_at"], name="appointment_service"),
            models.Index(fields=["person", "starts_at"], name="appointment_person"),
        ]
