"""Where a person is held, and until when."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from throughcare.events.models import Kept
from throughcare.organisations.models import Site
from throughcare.people.models import PersonEvent, Record
from throughcare.sharing.models import Person


class CustodyStay(Kept):
    """That a person is held at a site, from and until, and the latest release date known. It opens its own grants.

    event: what was reported about the person that began it, where it began so.
    """

    category: ClassVar[str] = "release_details"

    person = models.ForeignKey(Person, models.PROTECT, related_name="stays")
    record = models.ForeignKey(Record, models.PROTECT)
    site = models.ForeignKey(Site, models.PROTECT)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    release_date = models.DateField(null=True)
    event = models.ForeignKey(PersonEvent, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="stay_ends_after_it_begins"
            ),
            models.UniqueConstraint(fields=["person"], condition=Q(until__isnull=True), name="held_in_one_place"),
        ]
        indexes = [
            models.Index(fields=["site", "release_date"], condition=Q(until=None), name="stay_release"),
            models.Index(fields=["person", "release_date"], name="stay_person"),
        ]
