"""What was asked on the public page by somebody without an account."""

from typing import ClassVar

from django.db import models

from throughcare.events.models import Kept
from throughcare.processes.models import Case


class PublicRequest(Kept):
    """That a hand-over came from the public page: for whom it was asked, and the number given to whoever asked.

    for_whom: "self" or "other"; knows: whether the person knows of it, as whoever asked for another said.
    The words of somebody who asked for another are kept here, because they are about a person who did not write them.
    What a person wrote about themselves stands in the hand-over.
    """

    category: ClassVar[str] = "domestic_abuse_third_party"

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="public_request")
    reference = models.CharField(max_length=9, unique=True)
    for_whom = models.CharField(max_length=5)
    knows = models.CharField(max_length=8, blank=True)
    words = models.TextField(blank=True)


class Knock(models.Model):
    """One request on the public page, for an hour: what keeps machines from filling it. It names no case.

    source: a keyed digest of the network it came from, another each hour: without the key it leads back to nobody.
    """

    at = models.DateTimeField(db_index=True)
    source = models.CharField(max_length=40)
