"""A release: which stay it ends, how the person left, and what is ready for leaving."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.handovers.models.custody import CustodyStay
from throughcare.organisations.models import Service
from throughcare.processes.models import Case


class Release(Kept):
    """What the engine's case does not know of a release. The stay is the latest one: a case goes with the person.

    could_leave: "yes" when no date protects the person from leaving tomorrow: on remand, or no date known.
    left_at:     None while the person is held.
    """

    category: ClassVar[str] = "release_details"

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="release")
    stay = models.ForeignKey(CustodyStay, models.PROTECT, related_name="releases")
    legal_status = models.CharField(max_length=20)
    could_leave = models.CharField(max_length=3)
    left_at = models.DateTimeField(null=True)
    unplanned = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["stay"], name="release_stay"),
            models.Index(fields=["left_at"], name="release_left"),
        ]


class Readiness(Kept):
    """That one thing for leaving is ready, is missing or is not needed. Rows are only added: the latest counts.

    code: naloxone, first_night, identity_document, medicines, transport or gate; each has a category of its own, which
    `rules.release.CHECKS` names and every page asks before it shows the row.
    """

    category: ClassVar[str] = "release_details"

    case = models.ForeignKey(Case, models.CASCADE, related_name="readiness")
    code = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    words = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    key = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        indexes = [models.Index(fields=["case", "code", "-id"], name="readiness_case")]
