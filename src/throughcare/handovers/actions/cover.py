"""Prescribing responsibility: naming who prescribes, until when, and who is next."""

from datetime import datetime

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.models import PrescribingCover
from throughcare.handovers.rules.cover import Cover
from throughcare.people.holding import hold
from throughcare.people.models import Record
from throughcare.reference.sharing import Access
from throughcare.sharing.rule import OF_THE_ITEM, Sight, sight
from throughcare.web.faults import Fault, NotAllowed, Refused

COVER_KEPT = "cover.kept"


def may_keep(seen: Sight) -> bool:
    """Whoever may see the whole of a person's prescribing, whoever wrote it down, may say who prescribes."""
    rule = seen.rules.get("prescribing_medicines")
    return rule is not None and rule.access is Access.SEE and not OF_THE_ITEM.intersection(rule.conditions)


@action
def keep(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    cover: Cover,
    telephone: str,
    next_telephone: str = "",
    replaces: int | None = None,
) -> PrescribingCover:
    """What `name_prescriber` does, for a role that may see the whole of the person's prescribing (PC-101)."""
    if not may_keep(sight(by, record.person_id, at)):
        raise not_yours(record.person_id)
    return name_prescriber(
        by=by,
        at=at,
        record=record,
        cover=cover,
        telephone=telephone,
        next_telephone=next_telephone,
        replaces=replaces,
    )


@action
def name_prescriber(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    cover: Cover,
    telephone: str,
    next_telephone: str = "",
    replaces: int | None = None,
) -> PrescribingCover:
    """Keep who prescribes, until when, and who goes on. It replaces what stood before.

    The disclosure table is not asked: `keep` does that. replaces: the row that the form was opened on, 0 for none; when
    another stands now, it is a conflict (PC-103). Refused for a next prescriber without a moment to begin, or a moment
    without a prescriber (PC-102).
    """
    if bool(cover.next_prescriber.strip()) != (cover.next_from is not None):
        missing = "next_from" if cover.next_prescriber.strip() else "next_prescriber"
        raise Refused(
            Fault(
                "PC-102",
                missing,
                "Whoever prescribes next has a name and a moment from which they do.",
                "Fill in both, or leave both empty while nobody is found.",
            ),
            person=record.person_id,
        )
    hold(record.person_id)
    standing = PrescribingCover.objects.filter(person=record.person_id, replaced_at=None).first()
    if replaces is not None and replaces != (standing.pk if standing else 0):
        raise Refused(
            Fault(
                "PC-103",
                "",
                "Somebody changed who prescribes while you were writing.",
                "Look at the person’s page, then send it again if it is still needed.",
            ),
            person=record.person_id,
        )
    if standing:
        standing.replaced_at = at
        standing.save(update_fields=["replaced_at"])
    kept = PrescribingCover(
        person_id=record.person_id,
        record=record,
        prescriber=cover.prescriber.strip(),
        telephone=telephone.strip(),
        covered_until=cover.covered_until,
        next_prescriber=cover.next_prescriber.strip(),
        next_telephone=next_telephone.strip(),
        next_from=cover.next_from,
        at=at,
        user_id=by.user,
        service_id=by.service,
    )
    kept.save()
    say(
        COVER_KEPT,
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=f"cover {kept.pk}",
        detail={"until": cover.covered_until, "next_from": cover.next_from, "replaced": standing and standing.pk},
        about=kept,
    )
    return kept


def not_yours(person: int) -> NotAllowed:
    return NotAllowed(
        Fault("PC-101", "", "Your role does not say who prescribes.", "Ask the prescriber or the keyworker."),
        person=person,
    )
