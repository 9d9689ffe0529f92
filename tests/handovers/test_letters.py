"""E-mail to a mailbox that anybody there may read: it leads to the hand-over, names nobody, and goes if still true."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import worlds
from handovers.test_link import DIED, World, words
from mail import MailServer

from throughcare.handovers.actions import link as links
from throughcare.handovers.models import AnswerLink
from throughcare.messages import email, outbox
from throughcare.messages.models import Email, Message
from throughcare.organisations.models import Service
from throughcare.processes import universal
from throughcare.processes.models import Due, StepTaken

pytestmark = pytest.mark.django_db
SOON = worlds.BEGAN + timedelta(minutes=1)


def text(message: EmailMessage) -> str:
    content: str = message.get_content().replace("\r\n", "\n")
    return f"{message['Subject']}\n{content}"


def news(mail: MailServer, at: datetime) -> list[str]:
    """What is delivered and sent at that moment, by their first paragraphs."""
    before = len(mail.received)
    outbox.deliver(at)
    email.send_due(at)
    return [text(message).partition("\n\n")[0].partition("\n")[2] for message in mail.received[before:]]


def test_the_letter_goes_to_the_registered_mailbox_says_who_asks_and_by_when_and_names_nobody(
    mail: MailServer,
) -> None:
    world = World()
    assert email.send_due(SOON) == 1
    (message,) = mail.received
    assert message["To"] == "rota@millane.example"
    said = text(message)
    assert "Northgate team asks Mill Lane duty desk to take over care of a person. Please answer by Wed 25 Nov" in said
    assert f"https://throughcare.example.org/answer/{world.link.key.token}/" in said
    assert "020 7946 0001" in said
    for secret in ("James", "Adeyemi", "J. A.", "Thursday", "Weir Street", "900001", "opioid", world.link.key.code):
        assert secret not in said


def test_a_letter_that_the_mail_server_took_counts_as_delivered_and_stops_the_clock_of_delivery(
    mail: MailServer,
) -> None:
    world = World()
    outbox.deliver(SOON)
    assert world.state == "sent", "nobody sees Today there"
    email.send_due(SOON)
    assert world.state == "delivered"
    step = StepTaken.objects.get(case=world.case, verb="deliver")
    assert step.facts == {"delivery_time": step.at.isoformat(), "channel": "email"}
    assert step.at == Email.objects.get().sent_at
    assert Due.objects.get(case=world.case, clock="HOV-C01").met_at == step.at
    assert "by e-mail to the registered mailbox" in world.page()
    assert "Taken by the mail server" in world.page()


def test_a_newer_letter_about_a_hand_over_that_was_opened_changes_nothing(mail: MailServer) -> None:
    world = World()
    email.send_due(SOON)
    world.give()
    links.issue(by=world.sender, at=SOON, case=world.case)
    assert email.send_due(SOON) == 1
    assert world.state == "opened"
    assert StepTaken.objects.filter(case=world.case, verb="deliver").count() == 1


def test_a_letter_whose_link_has_ended_before_it_could_be_sent_is_held(mail: MailServer) -> None:
    world = World()
    first = world.link
    links.issue(by=world.sender, at=worlds.BEGAN, case=world.case)
    assert email.send_due(SOON) == 1
    assert Email.objects.get(subject_id=first.pk).held_reason == "The answer link can no longer be used."
    assert world.link.key.token in text(mail.received[0])
    other = World()
    assert email.send_due(other.link.expires_at) == 0
    assert other.state == "sent"


def test_a_mailbox_that_the_mail_server_refuses_is_shown_to_the_sender_and_not_delivered(mail: MailServer) -> None:
    mail.at_recipient = lambda address: "550 no such mailbox"
    world = World()
    assert email.send_due(SOON) == 0
    assert world.state == "sent"
    assert "Not sent: The mail server says that there is no such address." in words_of_page(world)


def test_without_a_mail_server_the_sender_reads_that_the_letter_waits() -> None:
    assert "Waits: no mail server is set up" in words_of_page(World())


def test_the_answer_to_a_question_is_told_by_a_letter_with_the_same_link(mail: MailServer) -> None:
    world = World()
    email.send_due(SOON)
    world.give()
    world.answer("ask_question", question="Who prescribes?", call_back_number="020 7946 0300")
    now = datetime.now(UTC)
    worlds.take(world.sender, world.hand_over, "answer_question", answer="Dr Rao at Fellside", at=now)
    assert news(mail, now) == ["Northgate team has answered your question about the hand-over to Mill Lane duty desk."]
    assert world.link.key.token in text(mail.received[-1])
    assert "Rao" not in text(mail.received[-1])


@pytest.mark.parametrize(
    ("verb", "facts", "told"),
    [
        (
            "withdraw",
            {"reason": "Sent by mistake"},
            "Northgate team has withdrawn a hand-over to Mill Lane duty desk. You need not answer it any more.",
        ),
        (
            "reroute",
            {"area_of_return": "E08000035", "reason": "They moved"},
            "Northgate team has sent a hand-over elsewhere that went to Mill Lane duty desk. "
            "You need not answer it any more.",
        ),
    ],
)
def test_who_need_not_answer_any_more_is_told_so_without_a_link(
    mail: MailServer, verb: str, facts: dict[str, object], told: str
) -> None:
    world = World()
    email.send_due(SOON)
    token = world.link.key.token
    if verb == "reroute":
        facts = {**facts, "receiving_service": worlds.service("Elsewhere").pk}
    worlds.take(world.sender, world.hand_over, verb, at=SOON, **facts)
    assert news(mail, SOON) == [told]
    assert token not in text(mail.received[-1])
    assert "ring Northgate team on 020 7946 0001" in text(mail.received[-1])


def test_a_new_link_after_acceptance_asks_for_no_answer(mail: MailServer) -> None:
    world = World()
    world.give()
    world.answer("accept", no_appointment_reason="Monday")
    email.send_due(SOON)
    assert "Please answer" not in text(mail.received[-1])
    links.issue(by=world.sender, at=SOON, case=world.case)
    email.send_due(SOON)
    assert "Mill Lane duty desk has taken over care of a person from Northgate team." in text(mail.received[-1])


def test_after_a_death_no_letter_asks_for_an_answer_and_news_is_sent_that_names_nothing(mail: MailServer) -> None:
    world = World()
    now = datetime.now(UTC)
    universal.report(by=world.sender, at=now, person=world.record.person_id, event="died", facts=DIED)
    assert news(mail, now) == ["There is news about a hand-over from Northgate team to Mill Lane duty desk."]
    assert Email.objects.get(kind="answer_link").held_reason == "The hand-over has ended."
    assert "died" not in text(mail.received[-1]).lower()


def test_where_somebody_signs_in_no_letter_is_written(mail: MailServer) -> None:
    sender = worlds.worker("prison_drug_worker")
    receiver = worlds.worker("keyworker", worlds.service("Riverside", mailbox="duty@riverside.example"))
    hand_over = worlds.sent(sender, worlds.person(sender), Service.objects.get(pk=receiver.service))
    worlds.take(sender, hand_over, "withdraw", reason="Sent by mistake", at=SOON)
    assert news(mail, SOON) == []
    assert not Email.objects.exists()
    assert set(Message.objects.values_list("channel", flat=True)) == {"today"}


def test_no_address_and_no_token_of_a_letter_is_kept(mail: MailServer) -> None:
    world = World()
    email.send_due(SOON)
    kept = repr(list(Email.objects.values())) + repr(list(AnswerLink.objects.values()))
    assert "rota@" not in kept
    assert world.link.key.token not in kept


def words_of_page(world: World) -> str:
    return words(worlds.signed_in(world.sender).get(f"/cases/{world.case}/"))
