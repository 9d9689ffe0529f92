"""Scoped reads of the files of a hand-over."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.timezone import localdate

from throughcare.handovers.models import HandOver, HandOverFile
from throughcare.handovers.rules import basis
from throughcare.handovers.rules.file import BY_LINK
from throughcare.organisations.queries import roles_at
from throughcare.processes.models import Case
from throughcare.reference.sharing import first_day, rules_for
from throughcare.sharing.rule import Sight

FILED_BY_BOTH = "own_organisation_record"
"""A letter that was received is filed by the receiver, and is then its own: so the sharing table has it."""


def files_of(case: Case) -> QuerySet[HandOverFile]:
    """The files that go with a hand-over, without what is in them."""
    standing = HandOverFile.objects.filter(case=case.pk, taken_off_at=None)
    return standing.defer("content").select_related("by", "service").order_by("pk")


def reads_files(hand_over: HandOver, seen: Sight) -> bool:
    """May the reader, who is party to the hand-over, read its files? Both sides have them as their own letters."""
    own = {hand_over.sender.organisation_id, hand_over.receiver.organisation_id}
    return seen.actor.organisation in own and seen.reads_item("documents_letters", seen.actor.organisation)


def not_covered(hand_over: HandOver, at: datetime) -> list[tuple[str, str]]:
    """The files that nobody at the receiving service could read once they are sent, each with the reason."""
    titles = list(files_of(hand_over.case).values_list("title", flat=True))
    there = roles_at(hand_over.receiver_id, at) if titles else frozenset()
    if titles and not there:
        return [(title, BY_LINK) for title in titles]
    on = max(localdate(at), first_day())
    table = [rules_for(role, on) for role in sorted(there)]
    attached = [basis.Attached(title, "documents_letters", "") for title in titles]
    return basis.not_covered(attached, table, hand_over.basis, {"grant_open", "referral_sent", FILED_BY_BOTH})
