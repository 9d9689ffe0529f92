"""Asking who prescribes, and keeping what a caller was told. Every later step is taken through the engine."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.actions.hand_over import must_know
from throughcare.handovers.models import CallerTold, CustodyQuestion
from throughcare.handovers.process.custody_question import CUSTODY_QUESTION
from throughcare.handovers.rules.question import ASKERS, CALLERS, MAY_BE_ASKED, TOLD, beyond
from throughcare.organisations.models import Service
from throughcare.organisations.queries import answering_services
from throughcare.people.holding import hold
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.processes.table import SENDER
from throughcare.reference.sharing import rule
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import may_not_open, sight
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
    """Ask a service who prescribes. Its team is told, and may see who is asked about, until it is closed.

    Refused for a role that gives no dose (CQ-101), for a service in which nobody could answer, or one's own (CQ-102),
    and where the asker could not read the answer now (CQ-105).
    """
    must_hear(record, by, at)
    assert by.service is not None, "an asker acts for a service"
    if not answering_services(MAY_BE_ASKED, other_than=by.service).filter(pk=asked.pk).exists():
        raise Refused(
            Fault("CQ-102", "asked", "A question goes to another service that treats.", "Choose one from the list."),
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


def must_hear(record: Record, by: Actor, at: datetime) -> None:
    """Who may ask about this person now: those who give a dose, know the person themselves, and may read the answer."""
    if by.role not in ASKERS or by.service is None:
        raise not_an_asker()
    must_know(record, by, at)
    if not sight(by, record.person_id, at).reads("prescribing_medicines", "dose"):
        raise Refused(
            Fault(
                "CQ-105",
                "",
                "You could not read the answer: the sharing table lets your role read a dose only while the person is "
                "held at a site of your service.",
                "Record first that they came into custody. If they are not held, send a hand-over.",
            ),
            person=record.person_id,
        )


@action
def told_caller(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    caller: str,
    name: str,
    number: str,
    told: Iterable[str],
    form: str | None = None,
) -> CallerTold:
    """Keep that a caller was told something, or nothing: who they were, the number rung back, and what.

    It was said, so it is kept also where the table does not allow it, and then names what lies beyond it. The same form
    sent twice is kept once. Refused for a caller or a thing that is not listed (CQ-103), and for those who may not read
    prescribing themselves (CQ-104).
    """
    things = list(told)
    if not sight(by, record.person_id, at).reads("prescribing_medicines"):
        raise tells_nobody(record.person_id)
    if caller not in CALLERS or not set(things) <= set(TOLD):
        raise Refused(Fault("CQ-103", "caller", "Choose what is listed.", "Open the page again."))
    hold(record.person_id)  # the same form may come twice at once
    if form and (same := CallerTold.objects.filter(form=form).first()):
        if (same.person_id, same.user_id, same.service_id) != (record.person_id, by.user, by.service):
            raise may_not_open(record.person_id)
        say("caller.repeated", by=by, at=at, person=same.person_id, record=same.record_id, subject=f"told {same.pk}")
        return same
    assert by.service is not None, "who may open a person acts for a service"
    assert by.user is not None, "and is somebody"
    kept = CallerTold(
        person_id=record.person_id,
        record=record,
        service_id=by.service,
        user_id=by.user,
        at=at,
        caller=caller,
        name=name.strip(),
        number=number.strip(),
        told=things,
        beyond=beyond(rule("prescribing_medicines", caller, localdate(at)), things),
        form=form,
    )
    kept.save()
    say(
        "caller.told",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=caller,
        count=len(things),
        detail={"name": kept.name, "number": kept.number, "told": things, "beyond": kept.beyond},
    )
    return kept


def tells_nobody(person: int) -> NotAllowed:
    return NotAllowed(
        Fault("CQ-104", "", "Your role may not read prescribing, and so tells nobody.", "Ask a clinician."),
        person=person,
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
