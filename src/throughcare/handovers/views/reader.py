"""Who reads whose page: the beginning of every page about one person in this room."""

from django.utils import timezone

from throughcare.organisations.requests import Request
from throughcare.people.models import Record
from throughcare.people.queries import records_of
from throughcare.sharing import looks
from throughcare.sharing.rule import Sight, may_not_open, sight


def reader_of(request: Request, person: int) -> tuple[Record, Sight]:
    """The record through which the reader knows the person, and what they may see; the look is kept."""
    now = timezone.now()
    seen = sight(request.actor, person, now)
    record = records_of(person, request.actor, now).select_related("organisation").order_by("-pk").first()
    if record is None or not seen.reads("identity_core"):
        raise may_not_open(person)
    looks.at_person(request.actor, person, now)
    return record, seen
