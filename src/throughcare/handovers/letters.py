"""E-mail to the registered mailbox of a service that nobody signs in for. Whoever opens a mailbox may read it.

So it says who asks whom, by when, and where: no name, no initials, nothing about the person. It is worded, and the link
looked at, when it is sent: one that has ended by then is held.
"""

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from throughcare.events.acting import Said
from throughcare.events.actor import SYSTEM
from throughcare.handovers.models import AnswerLink
from throughcare.handovers.process.hand_over import HAND_OVER, TO_ANSWER
from throughcare.handovers.queries.link import answer_by
from throughcare.handovers.rules import link as rules
from throughcare.messages import email
from throughcare.messages.email import Held, Letter
from throughcare.messages.models import Email, Message
from throughcare.messages.outbox import TODAY
from throughcare.people.holding import hold_person_of
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.web.wording import moment

BY_EMAIL = "email"
SENDS_THE_LINK = f"{HAND_OVER.name}.send"
NEWS_WORDS = {
    "answer_question": "{sender} has answered your question about the hand-over to {receiver}.",
    "withdraw": "{sender} has withdrawn a hand-over to {receiver}. You need not answer it any more.",
    "supersede": "{sender} has replaced a hand-over to {receiver} by another. You need not answer this one any more.",
    "reroute": "{sender} has sent a hand-over elsewhere that went to {receiver}. You need not answer it any more.",
    "void": "{sender} had opened a hand-over to {receiver} in error. You need not answer it any more.",
}
OTHER_NEWS = "There is news about a hand-over from {sender} to {receiver}."


def post_link(link: AnswerLink, at: datetime) -> None:
    """Write, inside the action that made the link, that it is to go to the registered mailbox."""
    email.post(kind=rules.LETTER, subject_id=link.pk, at=at, service=link.receiver_id, case=link.case_id)


def the_link(letter: Email, now: datetime) -> Letter | Held:
    """The letter with the link."""
    link = _links().get(pk=letter.subject_id)
    if held := _why_held(link, now):
        return held
    sender, receiver = link.case.hand_over.sender, link.receiver
    if link.case.strands.get(name="main").state not in TO_ANSWER:
        words = f"{receiver.name} has taken over care of a person from {sender.name}. Say here what happened since."
        return Letter(receiver.mailbox, f"{sender.name}: a new link to a hand-over", _body(link, words))
    words, until = f"{sender.name} asks {receiver.name} to take over care of a person.", answer_by(link.case_id)
    if until:
        words = f"{words} Please answer by {moment(until)}."
    return Letter(receiver.mailbox, f"{sender.name}: a hand-over for you to answer", _body(link, words))


def the_news(letter: Email, now: datetime) -> Letter | Held:
    """The letter that says that something happened since the link was sent; the link itself while it can be used."""
    message = Message.objects.get(pk=letter.subject_id)
    link = _links().filter(case=message.case, receiver=message.service).order_by("-pk").first()
    if link is None or not link.receiver.mailbox:
        return Held("The service has no answer link or no registered mailbox.")
    sender, receiver = link.case.hand_over.sender, link.receiver
    words = NEWS_WORDS.get(message.verb.partition(".")[2], OTHER_NEWS).format(
        sender=sender.name, receiver=receiver.name
    )
    subject = f"{sender.name}: news of a hand-over"
    if rules.standing(link.expires_at, link.revoked_at, link.wrong, now) == rules.OPEN:
        return Letter(receiver.mailbox, subject, _body(link, words))
    ends = f"The link that was sent before opens nothing any more. If you need anything, ring {_ring(link)}."
    return Letter(receiver.mailbox, subject, f"{words}\n\n{ends}\n")


def told(said: Said) -> None:
    """A message for a service that nobody signs in for goes on to its mailbox, where it has answered by link so far."""
    message = said.about
    assert isinstance(message, Message)
    if message.channel == TODAY or message.verb == SENDS_THE_LINK:
        return
    if AnswerLink.objects.filter(case=message.case, receiver=message.service_id).exists():
        email.post(kind=rules.NEWS, subject_id=message.pk, at=said.at, service=message.service_id, case=message.case)


def link_sent(said: Said) -> None:
    """The mail server took the letter with the link: the case moves from sent to delivered, as by a place on Today."""
    if said.detail["kind"] != rules.LETTER:
        return
    hold_person_of(Case.objects.filter(answer_links=said.detail["subject"]))
    link = AnswerLink.objects.select_related("case").get(pk=said.detail["subject"])
    case = link.case
    if link.revoked_at is None and case.strands.filter(name="main", state="sent").exists():
        facts = {"delivery_time": said.at.isoformat(), "channel": BY_EMAIL}
        engine.take(by=SYSTEM, at=said.at, case=case.pk, verb="deliver", facts=facts)


def _links() -> QuerySet[AnswerLink]:
    return AnswerLink.objects.select_related("case__hand_over__sender", "receiver")


def _why_held(link: AnswerLink, now: datetime) -> Held | None:
    if rules.standing(link.expires_at, link.revoked_at, link.wrong, now) != rules.OPEN:
        return Held("The answer link can no longer be used.")
    if link.case.closed_at is not None:
        return Held("The hand-over has ended.")
    return None if link.receiver.mailbox else Held("The service has no registered mailbox.")


def _body(link: AnswerLink, words: str) -> str:
    address = f"{settings.PUBLIC_ADDRESS}{reverse('answer', args=[link.key.token])}"
    return (
        f"{words}\n\n"
        f"Open this link. You need no account, and it takes about two minutes:\n{address}\n\n"
        "It asks for your name, a number to call you back on, and a code. Ring "
        f"{_ring(link)}: they read the code out to you. The code is never sent by e-mail, and nobody will ask you for "
        "it.\n\n"
        f"The link can be used until {moment(link.expires_at)}. Opening it shows nothing about the person and changes "
        "nothing. If this reached you by mistake, delete it.\n"
    )


def _ring(link: AnswerLink) -> str:
    sender = link.case.hand_over.sender
    return f"{sender.name} on {sender.telephone}"
