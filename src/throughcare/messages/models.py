"""Words that must arrive, and long work that must finish: rows written with the act, carried out by the worker."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from throughcare.accounts.models import User
from throughcare.organisations.models import Service


class Message(models.Model):
    """That a service is to be told of an event of a case. Delivered at least once; its id never changes.

    Written in the transaction of the act it tells of. `channel` is how it arrived: on the page called Today, or that
    nobody signs in there to see it. It names a case by number and holds no words about the person.
    """

    exempt: ClassVar[str] = "names a case by its number; the page it leads to asks the access rule"

    service = models.ForeignKey(Service, models.PROTECT)
    verb = models.CharField(max_length=80)
    case = models.BigIntegerField()
    written_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=20, blank=True)
    put_away_at = models.DateTimeField(null=True)
    put_away_by = models.ForeignKey(User, models.PROTECT, null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(delivered_at=None), name="message_to_deliver"),
            models.Index(fields=["service", "-id"], condition=Q(put_away_at=None), name="message_unread"),
        ]


class Email(models.Model):
    """That an e-mail is to be sent: of what kind, and about which row. Sent at least once; `message_id` never changes.

    Written in the transaction of the act it tells of. Neither an address nor a word of it is stored: they are worked
    out when it is sent, so that consent and safe contact count as they are then. `held_at`: it will not be sent.
    `leased_until`: a worker is sending it.
    """

    exempt: ClassVar[str] = "names a row by its number; its words and its address are worked out anew when it is sent"

    kind = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    case = models.BigIntegerField(null=True)
    service = models.ForeignKey(Service, models.PROTECT, null=True, help_text="Whose mailbox it goes to")
    record = models.BigIntegerField(null=True, help_text="Whose person it goes to")
    message_id = models.CharField(max_length=200, unique=True)
    key = models.CharField(max_length=80, null=True, unique=True, help_text="Of what is written once, like a digest")
    written_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=200, blank=True)
    attempts = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sent_at=None) | Q(held_at=None), name="email_sent_or_held"),
            models.CheckConstraint(condition=Q(service=None) | Q(record=None), name="email_goes_to_one"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(sent_at=None, held_at=None), name="email_to_send"),
            models.Index(fields=["service", "kind", "subject_id"], name="email_of_service"),
        ]


class Job(models.Model):
    """Long work asked for by somebody, done by the worker: progress, cancel, and a lease that a dead worker loses."""

    WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
    STATES = (
        (WAITING, "Waiting"),
        (RUNNING, "Running"),
        (DONE, "Done"),
        (FAILED, "Failed"),
        (CANCELLED, "Cancelled"),
    )
    exempt: ClassVar[str] = "work over whole tables; its arguments and results name no person"

    kind = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=STATES, default=WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True)
    asked_for = models.ForeignKey(Service, models.PROTECT, null=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    words = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True)
    cancel_asked = models.BooleanField(default=False)
    worker = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(state__in=["waiting", "running"]), name="job_to_do")]
