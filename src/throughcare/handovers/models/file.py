"""A file that goes with a hand-over."""

from typing import ClassVar

from django.db import models

from throughcare.accounts.models import User
from throughcare.events.models import Kept
from throughcare.handovers.rules.file import SIGNATURES, size_words
from throughcare.organisations.models import Service
from throughcare.processes.models import Case


class HandOverFile(Kept):
    """A letter, or a picture of one, attached before the hand-over was sent. Taken off, it is kept and not shown.

    Sent, it was addressed to the receiving organisation, and is its own as it is the sender's. `kind`: its media type,
    by what is in it and not by its name. `content` is read only to hand it over.
    """

    category: ClassVar[str] = "documents_letters"

    case = models.ForeignKey(Case, models.CASCADE, related_name="files")
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    size = models.IntegerField()
    content = models.BinaryField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    taken_off_at = models.DateTimeField(null=True)

    @property
    def words(self) -> str:
        """What kind of file it is, and how large."""
        return f"{SIGNATURES[self.kind][1]}, {size_words(self.size)}"

    class Meta:
        indexes = [models.Index(fields=["case"], name="file_case")]
