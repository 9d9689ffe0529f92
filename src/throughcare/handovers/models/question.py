"""A question about prescribing: who asks whom, and what was answered last."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.organisations.models import Service
from throughcare.processes.models import ENVELOPE, Case


class CustodyQuestion(Kept):
    """What the engine's case does not know of a question. `answer`: by fact, with "by" (who, service) and "at".

    `ladder` is the step that was last told, empty when nothing is owed late.
    """

    exempt: ClassVar[str] = ENVELOPE

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="custody_question")
    asker = models.ForeignKey(Service, models.PROTECT, related_name="questions_asked")
    asked = models.ForeignKey(Service, models.PROTECT, related_name="questions_to_answer")
    written_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    call_back_number = models.CharField(max_length=200)
    reason = models.TextField()
    answer = models.JSONField(default=dict)
    ladder = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked", "-case"], name="question_asked"),
            models.Index(fields=["asker", "-case"], name="question_asker"),
        ]
