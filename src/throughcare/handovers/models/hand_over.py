"""The two sides of a hand-over, and what was asked."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.processes.models import ENVELOPE, Case


class HandOver(Kept):
    """What the engine's case does not know of a hand-over: its two services, and what the sender wrote.

    The coordination owner is the sender until the receiver accepts; then the receiver, by the user named here, or by
    the name that somebody without an account gave. `attached` are the parts of the clinical sheet that go with it.
    `ladder` is the step of the escalation ladder that was last told, empty when nothing is owed late.
    """

    exempt: ClassVar[str] = ENVELOPE

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="hand_over")
    sender = models.ForeignKey(Service, models.PROTECT, related_name="sent")
    receiver = models.ForeignKey(Service, models.PROTECT, related_name="received")
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    asked = models.TextField(blank=True)
    basis = models.CharField(max_length=20, blank=True)
    safe_contact = models.TextField(blank=True)
    opioid_agonist_medicine = models.CharField(max_length=10, blank=True)
    urgent = models.CharField(max_length=3, blank=True)
    attached = models.JSONField(default=list)
    sent_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    owner_name = models.CharField(max_length=120, blank=True)
    ladder = models.CharField(max_length=20, blank=True)
    owed_by = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["receiver", "-sent_at"], name="hand_over_receiver"),
            models.Index(fields=["sender", "-case"], name="hand_over_sender"),
        ]
