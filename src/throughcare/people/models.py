"""The record: one organisation's view of a person, with its own values; and the pointer that links it to a person."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Organisation, Service
from throughcare.sharing.models import Person


class Record(Kept):
    """What one service wrote about a person. Records are linked, never merged: each keeps its own values.

    Telephone, e-mail, `safe_contact` and the two answers are read as the category safe_contact. `may_email`: the person
    said that e-mail is safe. `may_name_service`: they agreed that messages say which service writes, and why.
    `person` is the current pointer and changes only together with a Link row. The keys are the names folded for
    search and order. `made_up` marks demonstration people. `form` is the number of the form that opened it, so that a
    form sent twice opens one.
    """

    category: ClassVar[str] = "identity_core"

    person = models.ForeignKey(Person, models.PROTECT, related_name="records")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    service = models.ForeignKey(Service, models.PROTECT)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    preferred_name = models.CharField(max_length=80, blank=True)
    date_of_birth = models.DateField(null=True)
    address = models.CharField(max_length=200, blank=True)
    area = models.CharField(max_length=9, blank=True)
    telephone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    safe_contact = models.CharField(max_length=300, blank=True)
    may_email = models.BooleanField(default=False)
    may_name_service = models.BooleanField(default=False)
    given_key = models.CharField(max_length=80)
    family_key = models.CharField(max_length=80)
    made_up = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    form = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "service"], name="record_person"),
            models.Index(fields=["family_key", "given_key", "id"], name="record_name"),
            models.Index(fields=["date_of_birth", "family_key"], name="record_birth"),
        ]

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def listed_name(self) -> str:
        """The name as lists show it: family name first."""
        return ", ".join(filter(None, (self.family_name, self.given_name)))


class Identifier(Kept):
    """A number some body knows the person by, as this record has it, in the one form it is compared in."""

    NHS, PRISON, PNC, CRO = "nhs_number", "prison_number", "pnc_id", "cro_number"
    KINDS = ((NHS, "NHS number"), (PRISON, "Prison number"), (PNC, "PNC ID"), (CRO, "CRO number"))
    category: ClassVar[str] = "identity_core"

    record = models.ForeignKey(Record, models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=20, choices=KINDS)
    value = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "kind"], name="identifier_once")]
        indexes = [models.Index(fields=["value", "kind"], name="identifier_value")]


class Link(Kept):
    """That a record's pointer was set: from which person, to which, why, by whom, and how sure. Rows are only added."""

    category: ClassVar[str] = "audit_and_sharing_decisions"

    record = models.ForeignKey(Record, models.PROTECT, related_name="links")
    from_person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    to_person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    weight = models.FloatField(null=True, help_text="Match weight where a machine proposed the link; null where not")
    by = models.ForeignKey(User, models.PROTECT, null=True)
    at = models.DateTimeField()


class PersonEvent(Kept):
    """Something that happened to a person and bears on everything that is open: reported once, kept for ever.

    record:  through which the reporter knows the person. facts: what was told; flags: what is odd about it, as
    [number, field, words]. on: the day it happened; None when not known.
    ended_by: the event that ended a state this one began, such as a discharge; undone_by: that which said it was not
    so. Each is filled once. `of` is the event that this one ends or undoes.
    """

    exempt: ClassVar[str] = (
        "each kind names its own category (people.happened.KINDS), which every reader of it is asked"
    )

    person = models.ForeignKey(Person, models.PROTECT, related_name="happened")
    record = models.ForeignKey(Record, models.PROTECT)
    kind = models.CharField(max_length=30)
    on = models.DateField(null=True)
    facts = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    of = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True)
    service = models.ForeignKey(Service, models.PROTECT, null=True)
    key = models.CharField(max_length=40, null=True, unique=True)
    ended_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    undone_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["person", "at"], name="person_event"),
            models.Index(fields=["person"], condition=Q(kind="died", undone_by=None), name="person_died"),
        ]
