"""Answer links: issuing and stopping them, the code, and answering a hand-over through one.

Whoever takes part locks the case first and the link after it, so that nobody waits for the other.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from throughcare.events.acting import action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.letters import post_link
from throughcare.handovers.models import AnswerLink, HandOver, WrongCode
from throughcare.handovers.process.hand_over import ENDED, NOT_THE_RECEIVERS, UNOPENED
from throughcare.handovers.rules import link as rules
from throughcare.organisations.models import Service
from throughcare.organisations.queries import roles_at
from throughcare.people.holding import hold_person_of
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, StepTaken
from throughcare.processes.registry import room_of
from throughcare.processes.table import OUTSIDE, SENDER
from throughcare.web.faults import Fault, Refused
from throughcare.web.wording import moment

KEPT_FOR = timedelta(days=1)


def outsider(link: AnswerLink, name: str = "") -> Actor:
    """Somebody who answers for the receiving service without an account, by the name they gave."""
    receiver = link.receiver
    return Actor(None, name, OUTSIDE, "answering by link", receiver.pk, receiver.name, receiver.organisation_id)


def answers_by_link(receiver: Service, at: datetime) -> bool:
    """Has the service a registered mailbox, and nobody who could sign in for it?"""
    return bool(receiver.mailbox) and not roles_at(receiver.pk, at)


@action
def issue(*, by: Actor, at: datetime, case: int) -> AnswerLink:
    """A new link to the receiver's registered mailbox; the one before it stops.

    Refused where the hand-over is not with the receiver (LK-110), where the receiver has no mailbox (LK-111), and where
    somebody can sign in for it (LK-112).
    """
    found = _of_the_sender(case, by)
    hand_over = HandOver.objects.select_related("receiver").get(case=case)
    receiver = hand_over.receiver
    state = found.strands.get(name="main").state
    if state in (*NOT_THE_RECEIVERS, *ENDED):
        raise Refused(_not_with_them(), person=found.person_id, case=case)
    if not receiver.mailbox:
        raise Refused(_no_mailbox(receiver), person=found.person_id, case=case)
    if roles_at(receiver.pk, at):
        raise Refused(_they_sign_in(receiver), person=found.person_id, case=case)
    _revoke(case, at)
    link = AnswerLink(
        case=found,
        receiver=receiver,
        nonce=secrets.token_hex(16),
        issued_at=at,
        issued_by_id=by.user,
        expires_at=at + rules.HOLDS_FOR,
    )
    link.save()
    post_link(link, at)
    _say("link.issued", by, at, link, {"expires_at": link.expires_at})
    return link


@action
def stop(*, by: Actor, at: datetime, case: int) -> None:
    """The link opens nothing any more. Refused (LK-113) where none stands."""
    _of_the_sender(case, by)
    link = _standing(case)
    _revoke(case, at)
    _say("link.stopped", by, at, link)


@action
def show_code(*, by: Actor, at: datetime, case: int) -> str:
    """The code to read out. Refused (LK-113) where no link stands."""
    _of_the_sender(case, by)
    link = _standing(case)
    _say("link.code_shown", by, at, link)
    return link.key.code


def ends_with(case: int, at: datetime) -> None:
    """Inside a step that ends the receiver's part: its link ends with it."""
    _revoke(case, at)


@action
def enter(*, by: Actor, at: datetime, link: int, code: str, number: str, address: str) -> int | None:
    """Give the code. None when it is right: the hand-over is then opened, if nobody had. Else how many tries are left.

    by: `outsider`, with the name they gave. A wrong code changes only the count of tries.
    Refused where the link does not hold (LK-102 to LK-104), and for too many wrong codes from one place (LK-106).
    """
    found = _held(link)
    here = rules.place(settings.SECRET_KEY, address)
    faults = why_not(found, at, entering=True)
    if not faults and WrongCode.objects.filter(place=here, at__gt=at - rules.PER).count() >= rules.TRIES_FROM_ONE_PLACE:
        faults = (_too_many(),)
    if faults:
        raise Refused(*faults, person=found.case.person_id, case=found.case_id)
    if not found.key.is_code(code):
        WrongCode.objects.filter(at__lt=at - KEPT_FOR).delete()
        WrongCode(link=found, place=here, at=at).save()
        AnswerLink.objects.filter(pk=link).update(wrong=F("wrong") + 1)
        _say("link.wrong_code", by, at, found)
        return rules.TRIES - found.wrong - 1
    found.entered_at, found.name, found.number = at, by.user_name, number
    found.save(update_fields=["entered_at", "name", "number"])
    _say("link.entered", by, at, found, {"name": by.user_name, "number": number})
    if found.case.strands.filter(name="main", state__in=UNOPENED).exists():
        engine.take(by=by, at=at, case=found.case_id, verb="open_by_receiver", facts={})
    return None


@action
def read(*, by: Actor, at: datetime, link: AnswerLink, number: str) -> None:
    """Keep that the hand-over is about to be read through a link, before it is shown."""
    _say("link.read", by, at, link, {"name": by.user_name, "number": number})


@action
def answer(
    *, by: Actor, at: datetime, link: int, verb: str, facts: Mapping[str, object], version: int, key: str
) -> StepTaken:
    """Take a step of the hand-over through a link: what the engine's `take` does, while the link holds."""
    found = _held(link)
    again = engine.taken_already(by=by, case=found.case_id, verb=verb, key=key)
    if not again and (faults := why_not(found, at)):
        raise Refused(*faults, person=found.case.person_id, case=found.case_id)
    return engine.take(by=by, at=at, case=found.case_id, verb=verb, facts=facts, version=version, key=key)


def why_not(link: AnswerLink, at: datetime, *, entering: bool = False) -> tuple[Fault, ...]:
    """Why the link opens nothing, with whom to ring. A lock keeps out those who still have to give the code."""
    sender = link.case.hand_over.sender
    ring = f"Ring {sender.name} on {sender.telephone}"
    state = rules.standing(link.expires_at, link.revoked_at, link.wrong, at)
    if state == rules.EXPIRED:
        rule = f"This link could be used until {moment(link.expires_at)}."
        return (Fault("LK-102", "", rule, f"{ring} and ask for a new one."),)
    if state == rules.STOPPED:
        rule = "This link is no longer in use: the hand-over was answered, moved or closed, or a newer link was sent."
        return (Fault("LK-103", "", rule, f"Look for a newer e-mail. If there is none, {ring[0].lower()}{ring[1:]}."),)
    if state == rules.LOCKED and entering:
        rule = f"This link is locked: a wrong code was given {rules.TRIES} times."
        return (Fault("LK-104", "", rule, f"{ring} and ask for a new link."),)
    return ()


def _of_the_sender(case: int, by: Actor) -> Case:
    """The case, with its person held, for its sender; a stranger to everybody else."""
    held = hold_person_of(Case.objects.filter(pk=case, hand_over__isnull=False))
    if held is None:
        raise engine.stranger(case)
    room = room_of(held)
    found = room.with_parties(Case.objects.filter(pk=case)).get()
    if by != SYSTEM and SENDER not in room.roles_of(found, by):
        raise engine.stranger(case)
    return found


def _held(link: int) -> AnswerLink:
    hold_person_of(Case.objects.filter(answer_links=link))
    return AnswerLink.objects.select_related("case__hand_over__sender", "receiver").get(pk=link)


def _standing(case: int) -> AnswerLink:
    link = AnswerLink.objects.select_related("case", "receiver").filter(case=case, revoked_at=None).first()
    if link is None:
        raise Refused(
            Fault("LK-113", "", "No answer link of this hand-over is in use.", "Send a new one if it is needed."),
            case=case,
        )
    return link


def _revoke(case: int, at: datetime) -> None:
    AnswerLink.objects.filter(case=case, revoked_at=None).update(revoked_at=at)


def _say(verb: str, by: Actor, at: datetime, link: AnswerLink, detail: Mapping[str, object] | None = None) -> None:
    case = link.case
    subject, record = f"link {link.pk}", case.record_id
    say(verb, by=by, at=at, person=case.person_id, record=record, case=case.pk, subject=subject, detail=detail or {})


def wrong_code(left: int, sender: Service) -> Fault:
    """What is said of a wrong code: how many tries are left, and who has the right one."""
    tries = "one more try" if left == 1 else f"{left} more tries"
    then = f"You have {tries}." if left else "The link is locked now: ask them for a new one."
    return Fault("LK-105", "code", "This is not the code.", f"Ring {sender.name} on {sender.telephone}. {then}")


def _too_many() -> Fault:
    return Fault(
        "LK-106",
        "",
        "Too many wrong codes came from this internet connection.",
        "Wait an hour, or use another connection. If it cannot wait, ring the service that sent you the link.",
    )


def _not_with_them() -> Fault:
    return Fault(
        "LK-110",
        "",
        "This hand-over is not with another service now, so there is nothing to answer.",
        "Send the hand-over first. If it has ended, write a new one.",
    )


def _no_mailbox(receiver: Service) -> Fault:
    return Fault(
        "LK-111",
        "",
        f"{receiver.name} has no registered mailbox, and a link goes nowhere else.",
        f"Ring {receiver.name} on {receiver.telephone}.",
    )


def _they_sign_in(receiver: Service) -> Fault:
    return Fault(
        "LK-112",
        "",
        f"People of {receiver.name} sign in to Throughcare and find the hand-over there.",
        f"Ring {receiver.name} on {receiver.telephone} if it is not answered.",
    )
