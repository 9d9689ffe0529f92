"""The person, a bare id; the grants that open a person's record to a reader; and who looked."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service


class Person(Kept):
    """A bare id. Every fact about a person belongs to a record, which is one organisation's view of them."""

    exempt = "a bare id, with no fact in it"


class Grant(Kept):
    """That a service, or one user, may ask the disclosure table about a person: who, why, from when until when.

    Opened and closed in the same transaction as the act that causes it. `source` names that act's row, such as
    "case 12". `record` is the id of the record through which the reader knows the person: its values are the ones
    shown, and no other organisation's record is so much as named. Closed by setting `until`; withdrawn (by objection,
    or because the purpose ended) by `withdrawn_at`.
    """

    OWN, HAND_OVER, CUSTODY, QUESTION = "own", "hand_over", "custody", "question"
    KINDS = (
        (OWN, "Your service's own record"),
        (HAND_OVER, "A hand-over"),
        (CUSTODY, "Held at a site that your service covers"),
        (QUESTION, "A question about prescribing"),
    )
    category: ClassVar[str] = "audit_and_sharing_decisions"

    person = models.ForeignKey(Person, models.PROTECT, related_name="grants")
    service = models.ForeignKey(Service, models.PROTECT, null=True)
    user = models.ForeignKey(User, models.PROTECT, null=True)
    record = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=20, choices=KINDS)
    basis = models.CharField(max_length=200)
    source = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(service__isnull=False, user__isnull=True) | Q(service__isnull=True, user__isnull=False),
                name="grant_names_a_service_or_a_user",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="grant_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["person", "service", "kind", "source"],
                condition=Q(until__isnull=True),
                name="grant_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["service", "person", "since"], name="grant_service_person"),
            models.Index(fields=["user", "person"], name="grant_user_person"),
            models.Index(fields=["source"], name="grant_source"),
        ]


class Look(models.Model):
    """That a reader saw a person's record, or a list. Written before the page is sent: no row, no page.

    One row for a person per reader, service and hour; a list is one row with its count. `seal` is filled once, when
    the row is sealed into the chain of events: the id of the first look under the same seal.
    """

    category: ClassVar[str] = "audit_and_sharing_decisions"

    at = models.DateTimeField()
    hour = models.DateTimeField()
    user = models.BigIntegerField()
    service = models.BigIntegerField(null=True)
    organisation = models.BigIntegerField(null=True)
    role = models.CharField(max_length=40)
    person = models.BigIntegerField(null=True)
    listed = models.CharField(max_length=60, blank=True)
    count = models.IntegerField(default=1)
    seal = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "user", "service", "hour"],
                condition=Q(person__isnull=False),
                name="look_once_an_hour",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(seal__isnull=True), name="look_unsealed"),
            models.Index(fields=["seal"], name="look_seal"),
            models.Index(fields=["organisation", "-id"], name="look_organisation"),
        ]
