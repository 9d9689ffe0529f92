"""Scoped reads through answer links, and of them."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from throughcare.events.actor import Actor
from throughcare.handovers.models import AnswerLink
from throughcare.handovers.process.hand_over import ENDED, NOT_THE_RECEIVERS, TO_ANSWER
from throughcare.handovers.queries.hand_over import open_dues
from throughcare.handovers.queries.sheet import OUTSIDE_ROLE
from throughcare.handovers.rules import link as rules
from throughcare.messages import email
from throughcare.messages.models import Email
from throughcare.organisations.queries import roles_at
from throughcare.processes.forms import questions
from throughcare.processes.models import Case
from throughcare.processes.registry import Room
from throughcare.processes.rules import Act
from throughcare.processes.table import OF_THE_ROOM
from throughcare.sharing.rule import Sight, sight_by_link
from throughcare.web.wording import moment

ANSWER_CLOCKS = ("HOV-C04", "HOV-C05")


def link_of(token: str) -> AnswerLink | None:
    """The link that a token opens; None for one that was guessed or cut short."""
    number = rules.number_in(token)
    if number is None:
        return None
    links = AnswerLink.objects.select_related(
        "case__record", "case__hand_over__sender", "receiver__organisation"
    ).prefetch_related("case__strands")
    link = links.filter(pk=number).first()
    return link if link and link.key.opens(token) else None


def seen_by(link: AnswerLink, actor: Actor, now: datetime) -> Sight:
    """What somebody who answers by this link may see of its person. Raises NotAllowed."""
    case = link.case_id
    return sight_by_link(actor, link.case.person_id, now, as_role=OUTSIDE_ROLE, source=f"case {case}")


def answer_by(case: int) -> datetime | None:
    """Until when an answer is asked for, while one still is."""
    due = open_dues().filter(case=case, clock__in=ANSWER_CLOCKS).order_by("due_at").first()
    return due.due_at if due else None


def can_answer(room: Room, case: Case, act: Act, actor: Actor, now: datetime) -> bool:
    """Can each question of the act be answered? One that asks for a colleague cannot, where nobody has an account."""
    asked = questions(room, case, act, actor, now)
    return all(
        room.choices(case, code, actor) for code, (fact, needed) in asked.items() if needed and fact.kind in OF_THE_ROOM
    )


def _letter_words(link: AnswerLink) -> tuple[str, str]:
    """What became of the e-mail with the link, and its tone."""
    letter = Email.objects.filter(kind=rules.LETTER, subject_id=link.pk).first()
    if letter is None:
        return "None was written.", "missed"
    if letter.sent_at:
        return f"Taken by the mail server {moment(letter.sent_at)}", ""
    if letter.held_at:
        return f"Not sent: {letter.held_reason}", "missed"
    return ("Waits to be sent" if email.is_set_up() else "Waits: no mail server is set up"), "today"


def for_sender(case: Case, state: str, now: datetime) -> Mapping[str, object] | None:
    """How the answer link of a hand-over stands, for its sender; None where there is nothing to say of links."""
    link = case.answer_links.order_by("-pk").first()
    receiver = case.hand_over.receiver
    with_them = state not in (*NOT_THE_RECEIVERS, *ENDED)
    can_issue = with_them and bool(receiver.mailbox) and not roles_at(receiver.pk, now)
    nobody = with_them and not receiver.mailbox and not roles_at(receiver.pk, now)
    if link is None and not can_issue and not nobody:
        return None
    standing = rules.standing(link.expires_at, link.revoked_at, link.wrong, now) if link else ""
    return {
        "link": link,
        "standing": standing,
        "holds": standing == rules.OPEN,
        "receiver": receiver,
        "mailbox": rules.masked(receiver.mailbox),
        "letter": _letter_words(link) if link else ("", ""),
        "tries": rules.TRIES,
        "can_issue": can_issue,
        "nobody": nobody,
        "to_answer": state in TO_ANSWER,
        "address": reverse("answer", args=[link.key.token])
        if link and standing == rules.OPEN and settings.MADE_UP and not email.is_set_up()
        else "",
    }
