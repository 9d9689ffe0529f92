"""E-mail through a real mail server: each is sent once with an id that never changes, whatever dies or refuses."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import worlds
from django.test import Client
from mail import TAKEN, MailServer

from throughcare.events.acting import WriteOutsideAction, acting, say
from throughcare.events.actor import SYSTEM
from throughcare.events.models import Event, EventDetail
from throughcare.messages import email
from throughcare.messages.email import Attachment, Held, Letter
from throughcare.messages.models import Email

AT = worlds.BEGAN
MINUTE = timedelta(minutes=1)
KIND = "test.letter"


def letter(one: Email, now: datetime) -> Letter | Held:
    return Letter(f"reader{one.subject_id}@example.org", "Something waits", "Sign in to read it.\n")


@pytest.fixture(autouse=True)
def worded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A kind of e-mail of these tests."""
    monkeypatch.setattr(email, "_wordings", {**email._wordings, KIND: letter})
    return


def posted(*subjects: int, **more: Any) -> list[Email]:
    """E-mails written at AT, about the numbers given."""
    with acting(SYSTEM, AT):
        say("test.posted", by=SYSTEM, at=AT)
        return [email.post(kind=KIND, subject_id=subject, at=AT, **more) for subject in subjects or (1,)]


@pytest.mark.django_db
def test_an_email_is_sent_once_with_the_id_it_was_written_with(mail: MailServer) -> None:
    (one,) = posted(7, case=12)
    assert email.send_due(AT) == 1
    assert email.send_due(AT + timedelta(days=1)) == 0
    (message,) = mail.received
    assert message["Message-ID"] == one.message_id
    assert one.message_id.endswith("@mail.example.org>")
    assert (message["To"], message["From"]) == ("reader7@example.org", "throughcare@mail.example.org")
    assert (message["Subject"], message.get_content().strip()) == ("Something waits", "Sign in to read it.")
    assert message["Auto-Submitted"] == "auto-generated"
    event = Event.objects.get(verb="email.sent")
    assert (event.case, event.subject) == (12, f"email {one.pk}")
    detail = EventDetail.objects.get(event=event.seq).body
    assert json.loads(detail) == {"kind": KIND, "subject": 7, "message_id": one.message_id}
    assert "reader7" not in detail


@pytest.mark.django_db
def test_an_email_is_written_only_inside_an_action() -> None:
    with pytest.raises(WriteOutsideAction):
        email.post(kind=KIND, subject_id=1, at=AT)


@pytest.mark.django_db
def test_without_a_mail_server_everything_waits(settings: Any, mail: MailServer) -> None:
    settings.EMAIL_HOST = ""
    posted()
    assert email.send_due(AT) == 0
    assert Email.objects.get().attempts == 0
    settings.EMAIL_HOST = "127.0.0.1"
    assert email.send_due(AT) == 1


@pytest.mark.django_db
def test_an_email_for_later_is_not_sent_sooner(mail: MailServer) -> None:
    posted(not_before=AT + MINUTE)
    assert email.send_due(AT) == 0
    assert email.send_due(AT + MINUTE) == 1


@pytest.mark.django_db
def test_attachments_arrive_as_they_were_given(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Attachment("appointment.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    monkeypatch.setitem(email._wordings, KIND, lambda one, now: Letter("a@example.org", "Date", "Words", (file,)))
    posted()
    email.send_due(AT)
    (attached,) = mail.received[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (file.name, file.kind)
    assert str(attached.get_content()).replace("\r\n", "\n").encode() == file.content.replace(b"\r\n", b"\n")


@pytest.mark.django_db
def test_what_is_held_when_it_is_to_be_sent_is_never_sent_and_says_why(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(email._wordings, KIND, lambda one, now: Held("It is no longer agreed."))
    posted()
    assert email.send_due(AT) == email.send_due(AT + timedelta(days=1)) == 0
    held = Email.objects.get()
    assert (held.held_reason, held.sent_at) == ("It is no longer agreed.", None)
    assert held.held_at is not None
    assert Event.objects.filter(verb="email.held").count() == 1
    assert mail.received == []


@pytest.mark.django_db
def test_an_address_that_the_server_refuses_for_good_holds_the_email(mail: MailServer) -> None:
    mail.at_recipient = lambda address: "550 no such user" if address.startswith("reader1@") else TAKEN
    posted(1, 2)
    assert email.send_due(AT) == 1
    held, sent = Email.objects.order_by("pk")
    assert held.held_reason == "The mail server says that there is no such address."
    assert sent.sent_at is not None
    assert email.send_due(AT + timedelta(days=1)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["450 try again later", "421 going down"])
def test_an_address_refused_for_now_is_tried_again(mail: MailServer, answer: str) -> None:
    mail.at_recipient = lambda address: answer
    posted()
    assert email.send_due(AT) == 0
    mail.at_recipient = lambda address: TAKEN
    assert email.send_due(AT + MINUTE / 2) == 0, "not before a minute has passed"
    assert email.send_due(AT + 2 * MINUTE) == 1


@pytest.mark.django_db
def test_the_waits_between_tries_grow_to_an_hour_and_the_log_holds_no_address(
    mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail.at_data = lambda message: "554 I do not like reader1@example.org"
    posted()
    now, waits = AT, []
    with caplog.at_level(logging.ERROR):
        for _ in range(6):
            assert email.send_due(now) == 0
            next_try = Email.objects.get().next_try_at
            assert next_try
            waits.append(round((next_try - now) / MINUTE))
            now = next_try
    assert waits == [1, 5, 15, 60, 60, 60]
    said = [vars(record) for record in caplog.records if record.message == "e-mail not sent"]
    assert [one["code"] for one in said] == [554] * 6
    assert "example.org" not in str(said)


@pytest.mark.django_db
def test_a_server_that_is_down_costs_one_try_a_pass_and_sends_all_when_it_is_up(
    mail: MailServer, settings: Any
) -> None:
    posted(1, 2, 3)
    with socket.socket() as nobody:  # bound and not listening: connections to it are refused
        nobody.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = nobody.getsockname()[1]
        assert email.send_due(AT) == 0
    assert list(Email.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0]
    settings.EMAIL_PORT = mail.port
    assert email.send_due(AT + 2 * MINUTE) == 3
    assert len(set(mail.ids)) == len(mail.ids) == 3


@pytest.mark.django_db
def test_a_wording_that_fails_keeps_no_other_waiting(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_once(one: Email, now: datetime) -> Letter | Held:
        if one.subject_id == 1 and now < AT + MINUTE:
            raise LookupError("the row is locked")
        return letter(one, now)

    monkeypatch.setitem(email._wordings, KIND, fails_once)
    posted(1, 2)
    assert email.send_due(AT) == 1
    assert email.send_due(AT + 2 * MINUTE) == 1
    assert [str(message["To"]) for message in mail.received] == ["reader2@example.org", "reader1@example.org"]


@pytest.mark.load
def test_two_workers_at_once_send_each_email_once(fresh_database: Any, mail: MailServer) -> None:
    written = posted(*range(10))
    worlds.at_once(lambda: email.send_due(AT), lambda: email.send_due(AT))
    assert sorted(mail.ids) == sorted(one.message_id for one in written)
    assert Event.objects.filter(verb="email.sent").count() == 10


WORKER = """
import sys
from datetime import datetime, timedelta
import django
django.setup()
from django.utils import timezone
from throughcare.config import worker
from throughcare.messages import email
email.wording("test.letter", lambda one, now: email.Letter(f"r{one.subject_id}@example.org", "Subject", "Words"))
if sys.argv[1] == "work":
    worker.main()
else:
    print(email.send_due(timezone.now() + timedelta(minutes=float(sys.argv[2]))))
"""


def a_process(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, *words], env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.load
def test_a_worker_killed_between_acceptance_and_mark_sends_that_one_again_with_its_id_and_the_others_once(
    fresh_database: Any, mail_server: MailServer
) -> None:
    environment = {
        **fresh_database.environment,
        "THROUGHCARE_SMTP": mail_server.url,
        "THROUGHCARE_MAIL_FROM": "throughcare@mail.example.org",
        "THROUGHCARE_ADDRESS": "https://throughcare.example.org",
    }
    first, second, third = posted(1, 2, 3)

    def kill_at_the_second(message: EmailMessage) -> str:
        if message["Message-ID"] == second.message_id and working.returncode is None:
            os.kill(working.pid, signal.SIGKILL)
            working.wait()
        return TAKEN

    mail_server.at_data = kill_at_the_second
    with a_process(environment, "work") as working:
        assert working.wait(timeout=60) == -signal.SIGKILL
    assert Email.objects.get(pk=first.pk).sent_at
    assert Email.objects.get(pk=second.pk).sent_at is None, "it was killed before the mark"

    def sent_after(minutes: int) -> str:
        with a_process(environment, "send", str(minutes)) as later:
            return later.communicate(timeout=60)[0].strip()

    assert sent_after(0) == "1", "the third; the second is still leased to a worker that might live"
    assert sent_after(6) == "1"
    assert sent_after(12) == "0"
    assert mail_server.ids == [first.message_id, second.message_id, third.message_id, second.message_id]
    assert not Email.objects.filter(sent_at=None).exists()


def health() -> dict[str, Any]:
    body: dict[str, Any] = Client().get("/health/").json()
    return body


@pytest.mark.django_db
def test_the_health_page_says_whether_email_is_set_up_what_waits_and_what_is_held(
    mail: MailServer, settings: Any
) -> None:
    settings.EMAIL_HOST = ""
    posted()
    found = health()
    assert (found["email_set_up"], found["emails_held"]) == (False, 0)
    assert found["oldest_email_seconds"] > 0
    settings.EMAIL_HOST = "127.0.0.1"
    mail.at_recipient = lambda address: "550 no such user"
    email.send_due(AT)
    found = health()
    assert (found["email_set_up"], found["oldest_email_seconds"], found["emails_held"]) == (True, None, 1)


@pytest.mark.django_db
def test_email_is_late_when_a_server_is_named_and_something_waits_for_an_hour(mail: MailServer, settings: Any) -> None:
    assert not email.health(AT).is_late(AT)
    posted(not_before=AT + MINUTE)
    due = AT + MINUTE
    assert not email.health(AT + timedelta(minutes=60)).is_late(AT + timedelta(minutes=60))
    late = due + timedelta(minutes=61)
    assert email.health(late).is_late(late)
    settings.EMAIL_HOST = ""
    assert not email.health(late).is_late(late), "nobody expects any"
