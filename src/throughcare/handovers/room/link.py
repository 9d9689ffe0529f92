"""The e-mail that carries an answer link, and what it means that it was sent."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from throughcare.events.acting import Said
from throughcare.events.actor import SYSTEM
from throughcare.handovers.actions.link import LETTER
from throughcare.handovers.models import AnswerLink
from throughcare.handovers.queries.link import answer_by
from throughcare.handovers.rules import link as rules
from throughcare.messages.email import Held, Letter
from throughcare.messages.models import Email
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.web.wording import moment


def letter(email: Email, now: datetime) -> Letter | Held:
    """The words, at the moment of sending: who asks, by when, and the link. They say nothing of the person."""
    link = AnswerLink.objects.select_related("case__hand_over__sender", "receiver").get(pk=email.subject_id)
    sender, receiver = link.case.hand_over.sender, link.receiver
    if rules.standing(link.expires_at, link.revoked_at, 0, now) != rules.OPEN:
        return Held("The link was no longer in use.")
    if not settings.ADDRESS:
        return Held("The operator has set no THROUGHCARE_ADDRESS, so that it could hold no link.")
    until = answer_by(link.case_id)
    lines = [
        f"{sender.name} asks {receiver.name} to take over care of a person.",
        f"Please answer by {moment(until)}." if until else "",
        f"Answer here, without an account: {settings.ADDRESS}{reverse('answer', args=[link.key.token])}",
        f"You will be asked for a code. Ring {sender.name} on {sender.telephone} and they read it out to you.",
        f"The link can be used until {moment(link.expires_at)}. It takes about two minutes.",
        "If this is not for you, do nothing: opening the link changes nothing and shows nothing about the person.",
    ]
    return Letter(
        to=receiver.mailbox, subject="Please answer a hand-over", body="\n\n".join(filter(None, lines)) + "\n"
    )


def sent(said: Said) -> None:
    """The mail server has taken the e-mail with the link: a hand-over that was sent is delivered."""
    if said.detail.get("kind") != LETTER or said.case is None:
        return
    Case.objects.select_for_update(of=("self",)).get(pk=said.case)  # nobody opens it between the look and the step
    if Case.objects.filter(pk=said.case, strands__name="main", strands__state="sent").exists():
        facts = {"delivery_time": said.at.isoformat(), "channel": "email"}
        engine.take(by=SYSTEM, at=said.at, case=said.case, verb="deliver", facts=facts)
