"""What somebody who rang was told about a person."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.sharing.models import Person


class CallerTold(Kept):
    """That a caller was told something by telephone, or nothing: who they were, and the number they were rung back on.

    caller: the role of the disclosure table that they spoke for. told: codes of `rules.question.TOLD`, never a dose.
    beyond: those of them that the table did not let them be told on that day. Rows are only added.
    """

    category: ClassVar[str] = "audit_and_sharing_decisions"

    person = models.ForeignKey(Person, models.PROTECT, related_name="told")
    record = models.ForeignKey(Record, models.PROTECT)
    service = models.ForeignKey(Service, models.PROTECT)
    user = models.ForeignKey(User, models.PROTECT)
    at = models.DateTimeField()
    caller = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=40)
    told = models.JSONField(default=list)
    beyond = models.JSONField(default=list)
    form = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        indexes = [models.Index(fields=["person", "service"], name="told_person")]
