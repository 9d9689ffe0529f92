"""The clinical hand-over sheet as one organisation has it, and as it went with a hand-over."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Organisation, Service
from throughcare.people.models import Record
from throughcare.processes.models import Case
from throughcare.sharing.models import Person

EACH_ITSELF = "each answer of the sheet names its own category, which every page asks answer by answer"


class Sheet(Kept):
    """One organisation's answers about a person. `items`: by code, as `rules.sheet.Item` without code and organisation.

    What stood before each change is in the detail of its event. `version` grows with each change.
    """

    exempt: ClassVar[str] = EACH_ITSELF

    person = models.ForeignKey(Person, models.PROTECT, related_name="sheets")
    record = models.ForeignKey(Record, models.PROTECT)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    items = models.JSONField(default=dict)
    version = models.IntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "organisation"], name="sheet_once")]


class SheetSent(Kept):
    """The answers that went with a hand-over, as they stood at that moment. Rows are only added."""

    exempt: ClassVar[str] = EACH_ITSELF

    case = models.ForeignKey(Case, models.PROTECT, related_name="sheets_sent")
    at = models.DateTimeField()
    user = models.ForeignKey(User, models.PROTECT, null=True)
    service = models.ForeignKey(Service, models.PROTECT)
    items = models.JSONField(default=list)
