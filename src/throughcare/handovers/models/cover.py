"""Who prescribes, until when, and who is next."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.sharing.models import Person


class PrescribingCover(Kept):
    """Prescribing responsibility for a person: a named prescriber, covered until a moment, and who covers next.

    One row stands for each person; the next replaces it, and the history stays. next_prescriber is empty, and
    next_from null, where nobody is named.
    """

    category: ClassVar[str] = "prescribing_medicines"

    person = models.ForeignKey(Person, models.PROTECT, related_name="covers")
    record = models.ForeignKey(Record, models.PROTECT)
    prescriber = models.CharField(max_length=120)
    telephone = models.CharField(max_length=40)
    covered_until = models.DateTimeField()
    next_prescriber = models.CharField(max_length=120, blank=True)
    next_telephone = models.CharField(max_length=40, blank=True)
    next_from = models.DateTimeField(null=True)
    at = models.DateTimeField()
    user = models.ForeignKey(User, models.PROTECT, null=True)
    service = models.ForeignKey(Service, models.PROTECT, null=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(replaced_at__isnull=True), name="one_prescribing_cover"
            ),
        ]
        indexes = [
            models.Index(fields=["covered_until"], condition=Q(replaced_at=None), name="cover_ends"),
            models.Index(fields=["person", "-id"], name="cover_person"),
        ]
