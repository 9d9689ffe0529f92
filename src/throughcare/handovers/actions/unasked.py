"""Hand-overs that Throughcare writes and moves itself, so that nobody leaves custody with nobody asked."""

from datetime import datetime

from throughcare.events.actor import SYSTEM
from throughcare.handovers.models import HandOver
from throughcare.handovers.process.hand_over import HAND_OVER
from throughcare.messages import outbox
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.processes.table import NOT_KNOWN
from throughcare.processes.table import SYSTEM as SYSTEM_ROLE

NO_SAFE_CONTACT = "Nobody has recorded how it is safe to reach this person. Ask the sender."


def sent(*, at: datetime, record: Record, sender: int, receiver: int, reason: str, asked: str, urgent: str) -> HandOver:
    """Write and send a hand-over in the name of a service, inside the action that calls for it."""
    hand_over = HandOver(
        sender_id=sender,
        receiver_id=receiver,
        reason=reason,
        asked=asked,
        basis="direct_care",
        safe_contact=record.safe_contact or NO_SAFE_CONTACT,
        opioid_agonist_medicine=NOT_KNOWN,
        urgent=urgent,
    )

    def own(case: Case) -> HandOver:
        hand_over.case = case
        return hand_over

    case = engine.begin(
        by=SYSTEM,
        at=at,
        process=HAND_OVER,
        verb="draft",
        record=record,
        facts={"person": record.person_id, "receiving_service": receiver, "reason": reason},
        roles=[SYSTEM_ROLE],
        own=own,
    )
    engine.take(by=SYSTEM, at=at, case=case.pk, verb="send", facts={}, applied=True)
    return hand_over


def fall_to_home_area(*, at: datetime, hand_over: HandOver, home: int | None, released: str) -> None:
    """The person left and nobody has accepted: the home-area treatment service is asked, unless it was already."""
    if home is None or home in (hand_over.receiver_id, hand_over.sender_id):
        return
    facts = {
        "release_time": released,
        "accepted": "no",
        "receiver_is_home_area": "no",
        "home_area_service": home,
    }
    engine.take(by=SYSTEM, at=at, case=hand_over.case_id, verb="fall_to_home_area", facts=facts)


def no_longer_needed(*, at: datetime, person: int, opened_at: datetime) -> None:
    """The person did not leave after all. What Throughcare wrote then is withdrawn; whoever accepted it is told."""
    written = Case.objects.filter(
        process=HAND_OVER.name,
        person=person,
        opened_at=opened_at,
        closed_at=None,
        steps__verb="draft",
        steps__user=None,
    )
    for case in written.select_related("hand_over"):
        state = case.strands.get(name="main").state
        if any((step.verb, step.from_, step.strand) == ("withdraw", state, "main") for step in HAND_OVER.steps):
            facts = {"reason": "It was reported by mistake that this person had left custody."}
            engine.take(by=SYSTEM, at=at, case=case.pk, verb="withdraw", facts=facts, applied=True)
        else:
            outbox.post_all([case.hand_over.receiver_id], verb="hand_over.undo_event", case=case.pk, at=at)
