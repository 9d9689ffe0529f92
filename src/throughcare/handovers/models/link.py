"""The link by which a service that nobody signs in for answers a hand-over."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.handovers.rules import link as rules
from throughcare.organisations.models import Service
from throughcare.processes.models import Case

SAYS_NOTHING = "the key to a hand-over: it says that somebody may answer one, and nothing of whom it is about"


class AnswerLink(Kept):
    """That a hand-over may be answered without an account, until when, and how often a wrong code was given.

    Token and code are made from the nonce when they are needed and are not stored. `name` and `number` are what the
    last person who gave the code said of themselves. One link of a hand-over stands; a new one revokes it.
    """

    exempt: ClassVar[str] = SAYS_NOTHING

    case = models.ForeignKey(Case, models.PROTECT, related_name="answer_links")
    receiver = models.ForeignKey(Service, models.PROTECT, related_name="+")
    nonce = models.CharField(max_length=32, unique=True)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    wrong = models.IntegerField(default=0)
    entered_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(revoked_at__isnull=True), name="one_answer_link")
        ]

    @property
    def key(self) -> rules.Key:
        return rules.Key(settings.SECRET_KEY, self.pk, self.nonce)


class WrongCode(Kept):
    """That a wrong code was given for a link, and from which place: a digest of the client's address, kept a day."""

    exempt: ClassVar[str] = SAYS_NOTHING

    link = models.ForeignKey(AnswerLink, models.CASCADE, related_name="wrong_codes")
    place = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["place", "at"], name="wrong_code_place")]
