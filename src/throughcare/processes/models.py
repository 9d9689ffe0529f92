"""A case of a process: its state in each strand, the steps that were taken, and what is due."""

from django.db import models
from django.db.models import Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.people.models import PersonEvent, Record
from throughcare.sharing.models import Person

ENVELOPE = (
    "the envelope of a process between services: its parties read it under an open grant, nobody else; "
    "each fact inside names its own category, which the page asks"
)


class Case(Kept):
    """One run of a process for a person. `version` grows with each step: two people cannot both act on the same one.

    paused_at: since when its local clocks stand still, because of something that happened to the person. ended_by: the
    kind of event that closed it, such as a death; empty when a step of its own did. One that was opened in error is
    left out of every count.
    """

    exempt = ENVELOPE

    process = models.CharField(max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, related_name="cases")
    record = models.ForeignKey(Record, models.PROTECT)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=30, blank=True)
    version = models.IntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["person", "closed_at"], name="case_person")]


class Strand(Kept):
    """The state a case is in, in one strand of its process."""

    exempt = ENVELOPE

    case = models.ForeignKey(Case, models.CASCADE, related_name="strands")
    name = models.CharField(max_length=30)
    state = models.CharField(max_length=40)
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "name"], name="strand_once")]
        indexes = [models.Index(fields=["state", "case"], name="strand_state")]


class StepTaken(Kept):
    """One step, kept for ever: what was done or reported, by whom, on what facts, and what was wrong with it.

    `key` is the form's own number: the same form sent twice takes one step. `flags` are the faults of a reported
    fact that broke a rule: [number, field, words]. Somebody without an account has a service and no user, and gave
    `by_name`; Throughcare itself has neither.
    """

    exempt = ENVELOPE

    case = models.ForeignKey(Case, models.CASCADE, related_name="steps")
    strand = models.CharField(max_length=30)
    row = models.CharField(max_length=30)
    verb = models.CharField(max_length=40)
    from_state = models.CharField(max_length=40)
    to_state = models.CharField(max_length=40)
    at = models.DateTimeField()
    user = models.ForeignKey(User, models.PROTECT, null=True)
    service = models.ForeignKey(Service, models.PROTECT, null=True)
    by_name = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    version = models.IntegerField()
    key = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "version"], name="step_version")]

    @property
    def by_itself(self) -> bool:
        """Did Throughcare take it, and nobody?"""
        return self.user_id is None and self.service_id is None

    @property
    def who(self) -> str:
        """Who took it, by name."""
        if self.user:
            return self.user.name
        return "Throughcare itself" if self.by_itself else self.by_name


class Due(Kept):
    """A deadline of a case: who owes it, by when, and what became of it.

    It is open until met, missed, or replaced by another; one that was missed can still be met late. `paused_at` stands
    while its clock is stopped. `verified` is false when it falls after the last bank holiday known.
    """

    exempt = ENVELOPE

    case = models.ForeignKey(Case, models.CASCADE, related_name="dues")
    strand = models.CharField(max_length=30)
    clock = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    verified = models.BooleanField()
    owner = models.ForeignKey(Service, models.PROTECT, null=True, related_name="dues")
    user = models.ForeignKey(User, models.PROTECT, null=True)
    met_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(met_at=None, missed_at=None, paused_at=None, replaced_at=None),
                name="due_to_sweep",
            ),
            models.Index(fields=["owner", "due_at"], condition=Q(met_at=None, replaced_at=None), name="due_owner"),
        ]


class Effect(Kept):
    """What an event about the person changed in a case, value by value, so that it can be undone exactly.

    changes: {"case": {column: [before, after]}, "strands": {id: {...}}, "dues": {id: {...}}, "started": [id of a due]}.
    """

    exempt = ENVELOPE

    event = models.ForeignKey(PersonEvent, models.PROTECT, related_name="effects")
    case = models.ForeignKey(Case, models.CASCADE, related_name="effects")
    changes = models.JSONField(default=dict)


class Pulse(models.Model):
    """One row: when a worker last swept the deadlines. Overwritten each time; it is no record of anything."""

    swept_at = models.DateTimeField()
    worker = models.CharField(max_length=80)
