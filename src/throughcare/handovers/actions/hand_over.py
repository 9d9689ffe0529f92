"""Writing a hand-over. Every later step is taken through the engine."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay, HandOver
from throughcare.handovers.process.hand_over import HAND_OVER, NOT_SENT
from throughcare.handovers.rules.sheet import PARTS
from throughcare.organisations.models import Service
from throughcare.people.holding import hold
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.processes.registry import room_of
from throughcare.processes.table import SENDER
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import open_grants
from throughcare.web.faults import Fault, Refused


@dataclass(frozen=True)
class Draft:
    """What the sender writes. Empty answers are asked again when the hand-over is sent."""

    receiver: Service
    reason: str
    asked: str = ""
    basis: str = ""
    safe_contact: str = ""
    opioid_agonist_medicine: str = ""
    urgent: str = ""
    release_date: date | None = None
    attached: tuple[str, ...] = ()


@action
def draft(*, by: Actor, at: datetime, record: Record, draft: Draft, key: str | None = None) -> HandOver:
    """Write a hand-over, to be sent. Refused (HO-101) for a receiver that does not take them, or one's own service."""
    _must_take_hand_overs(draft.receiver, by)
    must_know(record, by, at)
    assert by.service is not None, "a sender acts for a service"
    hand_over = HandOver(sender_id=by.service, receiver=draft.receiver, written_by_id=by.user, **_written(draft))

    def own(case: Case) -> HandOver:
        hand_over.case = case
        return hand_over

    engine.begin(
        by=by,
        at=at,
        process=HAND_OVER,
        verb="draft",
        record=record,
        facts={"person": record.person_id, "receiving_service": draft.receiver.pk, "reason": draft.reason.strip()},
        roles=[SENDER],
        own=own,
        key=key,
    )
    _keep_release_date(record.person_id, draft.release_date, by=by, at=at)
    return hand_over


@action
def rewrite(*, by: Actor, at: datetime, hand_over: HandOver, draft: Draft, version: int) -> HandOver:
    """Change a draft that is not sent yet. Refused (HO-102) once it is, or when somebody changed it first."""
    hold(hand_over.case.person_id)
    hand_over = HandOver.objects.select_related("case").get(pk=hand_over.pk)  # as it is now: nobody else can change it
    case = hand_over.case
    before = {"receiver": hand_over.receiver_id} | {name: getattr(hand_over, name) for name in _written(draft)}
    after = {"receiver": draft.receiver.pk} | _written(draft)
    state = case.strands.get(name="main").state
    changed = case.version != version and before != after  # the same form sent twice changes nothing
    if state not in NOT_SENT or SENDER not in room_of(case).roles_of(case, by) or changed:
        raise Refused(sent_already(), person=case.person_id, case=case.pk)
    _must_take_hand_overs(draft.receiver, by)
    case.version += 1
    case.save(update_fields=["version"])
    hand_over.receiver = draft.receiver
    for name, value in _written(draft).items():
        setattr(hand_over, name, value)
    hand_over.save()
    _keep_release_date(case.person_id, draft.release_date, by=by, at=at)
    say(
        "hand_over.rewritten",
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        detail={"before": before, "after": after},
    )
    return hand_over


def sent_already() -> Fault:
    return Fault(
        "HO-102",
        "",
        "This draft was sent, withdrawn or changed by somebody else while you were writing.",
        "Look at it as it is now, then change it if it is still a draft.",
    )


def must_know(record: Record, by: Actor, at: datetime) -> None:
    """What a service knows through a hand-over alone, it may not pass on: its access would outlive the hand-over's."""
    if record.service_id == by.service:
        return
    if not open_grants(by, at).filter(person=record.person_id, kind=Grant.CUSTODY).exists():
        raise Refused(
            Fault(
                "HO-104",
                "",
                "Your service knows this person only through a hand-over that it has not accepted, or a question.",
                "Accept that hand-over first. If the person came to you by themselves, open a record of your own.",
            ),
            person=record.person_id,
        )


def _must_take_hand_overs(receiver: Service, by: Actor) -> None:
    if not receiver.takes_hand_overs or receiver.pk == by.service:
        raise Refused(
            Fault(
                "HO-101",
                "receiver",
                "A hand-over goes to another service that takes hand-overs.",
                "Choose a service from the list.",
            )
        )


def _written(draft: Draft) -> dict[str, Any]:
    return {
        "reason": draft.reason.strip(),
        "asked": draft.asked.strip(),
        "basis": draft.basis,
        "safe_contact": draft.safe_contact.strip(),
        "opioid_agonist_medicine": draft.opioid_agonist_medicine,
        "urgent": draft.urgent,
        "attached": [part for part in PARTS if part in draft.attached],
    }


def _keep_release_date(person: int, release_date: date | None, *, by: Actor, at: datetime) -> None:
    """The release date belongs to the stay, so that everybody reads the same one. One that cannot be is refused: it is
    typed into an act, and nobody reported it."""
    if release_date is None:
        return
    stay = CustodyStay.objects.filter(person=person, until=None, site__service=by.service).first()
    if stay and stay.release_date != release_date:
        custody.must_be_possible(stay, release_date, at)
        releases.date_known(by=by, at=at, stay=stay, release_date=release_date, reason="Told with a hand-over")
