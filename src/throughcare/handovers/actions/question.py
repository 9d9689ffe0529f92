"""Asking who prescribes, and keeping what a caller was told. Every later step is taken through the engine."""

from collections.abc import Iterable
from datetime import datetime

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyQuestion
from throughcare.handovers.process.custody_question import CUSTODY_QUESTION
from throughcare.handovers.rules.question import ASKERS, CALLERS, PRESCRIBER, TOLD
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.processes.table import SENDER
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.web.faults import Fault, NotAllowed, Refused


@action
def ask(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    asked: Service,
    reason: str,
    call_back_number: str,
    key: str | None = None,
) -> CustodyQuestion:
    """Ask a service who prescribes. Its duty worker is told, and may see who is asked about, until it is closed.

    Refused for a role that gives no dose (CQ-101) and for a service that answers nobody, or one's own (CQ-102).
    """
    if by.role not in ASKERS or by.service is None:
        raise not_an_asker()
    if not asked.takes_hand_overs or asked.pk == by.service:
        raise Refused(
            Fault("CQ-102", "asked", "A question goes to another service that answers.", "Choose one from the list."),
            person=record.person_id,
        )
    facts = {
        "person": record.person_id,
        "asking_service": by.service,
        "call_back_number": call_back_number.strip(),
        "reason": reason.strip(),
    }
    question = CustodyQuestion(
        asker_id=by.service,
        asked=asked,
        written_by_id=by.user,
        call_back_number=call_back_number.strip(),
        reason=reason.strip(),
    )

    def own(case: Case) -> CustodyQuestion:
        question.case = case
        return question

    engine.begin(
        by=by,
        at=at,
        process=CUSTODY_QUESTION,
        verb="ask_prescribing",
        record=record,
        facts=facts,
        roles=[SENDER],
        own=own,
        key=key,
    )
    return question


def open_to_the_asked(question: CustodyQuestion, at: datetime) -> None:
    """The asked service may know whom the question is about while it stands."""
    grants.give(
        person=question.case.person_id,
        record=question.case.record_id,
        services=[question.asked_id],
        kind=Grant.QUESTION,
        basis=f"Asked about prescribing by {question.asker.name}",
        source=f"case {question.case_id}",
        at=at,
    )


@action
def told_caller(
    *, by: Actor, at: datetime, record: Record, caller: str, name: str, number: str, told: Iterable[str]
) -> None:
    """Keep in the audit trail that a caller was told something: who they were, the number rung back, and what.

    Refused for a caller or a thing that is not listed (CQ-103).
    """
    things = list(told)
    if caller not in CALLERS or not set(things) <= {*TOLD, *PRESCRIBER}:
        raise Refused(Fault("CQ-103", "caller", "Choose what is listed.", "Open the page again."))
    say(
        "caller.told",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=caller,
        count=len(things),
        detail={"name": name.strip(), "number": number.strip(), "told": things},
    )


def not_an_asker() -> NotAllowed:
    return NotAllowed(
        Fault(
            "CQ-101",
            "role",
            "Questions about prescribing are asked by custody, prison and hospital healthcare.",
            "Ask the nurse or the ward to ask, or send a hand-over.",
        )
    )
