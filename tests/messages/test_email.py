"""E-mail on a real mail server: each arrives once under its own Message-ID, whoever dies, refuses or is down."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from threading import Condition
from typing import Any

import pytest
import worlds
from aiosmtpd.controller import Controller
from django.utils import timezone
from worlds import BEGAN

from throughcare.config import environment
from throughcare.config.environment import WrongSetting
from throughcare.events.acting import WriteOutsideAction, acting, say
from throughcare.events.actor import SYSTEM
from throughcare.events.models import Event
from throughcare.messages import email
from throughcare.messages.email import Held, Letter
from throughcare.messages.models import Email

FROM = "throughcare@example.org"


class Server:
    """A mail server on a port of this machine. `answer` may refuse, by address; `heard` runs when one was taken."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.changed = Condition()
        self.answer: Callable[[str], str] = lambda address: "250 OK"
        self.heard: Callable[[], None] = lambda: None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self) -> None:
        self.controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answer(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.changed:
            self.taken.append(message_from_bytes(envelope.content))
            self.changed.notify_all()
        self.heard()
        return "250 Taken"

    @property
    def ids(self) -> list[str]:
        return [letter["Message-ID"] for letter in self.taken]


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, named in the settings; the kind "note", whose subject is the number of its row."""
    running = Server()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", running.port, FROM
    monkeypatch.setattr(email, "_writers", {"note": note})
    yield running
    running.stop()


def note(row: Email, now: Any) -> Letter | Held:
    return Letter(to=f"to{row.subject_id}@example.org", subject=f"Note {row.subject_id}", body="Plain words.")


def posted(number: int = 1, **more: Any) -> Email:
    with acting(SYSTEM, BEGAN):
        say("note.written", by=SYSTEM, at=BEGAN)
        return email.post(kind="note", subject_id=number, at=BEGAN, **{"record": 7, **more})


def later(**more: float) -> Any:
    return BEGAN + timedelta(**more)


def kept(row: Email) -> Email:
    return Email.objects.get(pk=row.pk)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that the product logged; the mail server of the test logs what it hears."""
    return "".join(str(vars(line)) for line in caplog.records if line.name != "mail.log")


@pytest.mark.django_db
def test_an_email_is_sent_once_under_the_id_it_was_written_with(server: Server) -> None:
    row = posted()
    assert email.send_due(later(seconds=1)) == 1
    assert email.send_due(later(seconds=2)) == 0
    (letter,) = server.taken
    assert letter["Message-ID"] == row.message_id
    assert letter["Message-ID"].endswith("@example.org>")
    assert (letter["To"], letter["From"], letter["Subject"]) == ("to1@example.org", FROM, "Note 1")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert kept(row).sent_at == later(seconds=1)
    event = Event.objects.get(verb="email.sent")
    assert (event.subject, event.record) == (f"email {row.pk}", 7)


@pytest.mark.django_db
def test_an_email_is_written_inside_an_action_only_and_to_a_service_or_a_person(server: Server) -> None:
    with pytest.raises(WriteOutsideAction):
        email.post(kind="note", subject_id=1, at=BEGAN, record=7)
    with acting(SYSTEM, BEGAN):
        say("note.written", by=SYSTEM, at=BEGAN)
        for wrong in ({}, {"service": 1, "record": 7}):
            with pytest.raises(AssertionError):
                email.post(kind="note", subject_id=1, at=BEGAN, **wrong)
        with pytest.raises(AssertionError):
            email.post(kind="nobody words it", subject_id=1, at=BEGAN, record=7)
    assert not Email.objects.exists()


@pytest.mark.django_db
def test_an_email_waits_for_its_time_and_where_no_server_is_set_up(server: Server, settings: Any) -> None:
    row = posted(not_before=later(hours=1))
    assert email.send_due(later(minutes=59)) == 0
    settings.EMAIL_HOST = ""
    assert email.send_due(later(hours=2)) == 0
    assert (kept(row).attempts, kept(row).leased_until) == (0, None)
    settings.EMAIL_HOST = "127.0.0.1"
    assert email.send_due(later(hours=2)) == 1


@pytest.mark.django_db
def test_what_may_not_be_sent_is_held_with_its_reason_and_never_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(email._writers, "note", lambda row, now: Held("The person did not agree to e-mail"))
    row = posted()
    for second in (1, 2):
        assert email.send_due(later(seconds=second)) == 0
    assert (kept(row).held_reason, kept(row).held_at) == ("The person did not agree to e-mail", later(seconds=1))
    assert server.taken == []
    assert Event.objects.filter(verb="email.held").count() == 1


@pytest.mark.django_db
def test_a_server_that_is_down_is_tried_again_after_1_5_15_and_then_each_60_minutes(server: Server) -> None:
    row, other = posted(1), posted(2)
    server.stop()
    now = later(seconds=1)
    for wait in (1, 5, 15, 60, 60):
        assert email.send_due(now) == 0
        assert kept(row).next_try_at == kept(other).next_try_at == now + timedelta(minutes=wait)
        attempts = kept(row).attempts
        email.send_due(now + timedelta(minutes=wait, seconds=-1))
        assert kept(row).attempts == attempts, "it is not tried before its time"
        now += timedelta(minutes=wait)
    server.start()
    assert email.send_due(now) == 2
    assert Counter(server.ids) == {row.message_id: 1, other.message_id: 1}


@pytest.mark.django_db
def test_an_address_that_is_refused_for_good_is_held_and_keeps_nobody_waiting(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = posted(1), posted(2)
    server.answer = lambda address: "550 No such user to1" if address.startswith("to1@") else "250 OK"
    assert email.send_due(later(seconds=1)) == 1
    assert kept(bad).held_reason == "The mail server refused it (550)."
    assert server.ids == [good.message_id]
    assert "to1" not in logged(caplog) + kept(bad).held_reason


@pytest.mark.django_db
def test_an_address_that_is_refused_for_now_is_tried_again_and_stands_in_no_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    row = posted()
    server.answer = lambda address: f"451 {address}: try later"
    assert email.send_due(later(seconds=1)) == 0
    assert (kept(row).held_at, kept(row).attempts, kept(row).leased_until) == (None, 1, None)
    assert "e-mail not sent" in logged(caplog)
    assert "to1" not in logged(caplog)
    server.answer = lambda address: "250 OK"
    assert email.send_due(later(minutes=2)) == 1


@pytest.mark.django_db
def test_words_that_cannot_be_found_put_off_that_email_alone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(row: Email, now: Any) -> Letter | Held:
        return note(row, now) if row.subject_id == 2 else Letter("a@example.org", "Two\nlines", "")

    monkeypatch.setitem(email._writers, "note", write)
    bad, good = posted(1), posted(2)
    assert email.send_due(later(seconds=1)) == 1
    assert (kept(bad).attempts, kept(bad).sent_at, kept(good).sent_at) == (1, None, later(seconds=1))


@pytest.mark.django_db
def test_the_health_page_says_whether_email_is_set_up_what_waits_and_what_was_held(
    server: Server, settings: Any, client: Any
) -> None:
    def says() -> Any:
        return client.get("/health/").json()["email"]

    assert says() == {"set_up": True, "oldest_unsent_seconds": None, "held_in_7_days": 0}
    now = timezone.now()
    posted(1, not_before=now - timedelta(minutes=10))
    posted(2, not_before=now + timedelta(days=1))
    Email.objects.filter(pk=posted(3).pk).update(held_at=now, held_reason="No address")
    assert 600 <= says()["oldest_unsent_seconds"] < 660
    settings.EMAIL_HOST = ""
    assert (says()["set_up"], says()["held_in_7_days"]) == (False, 1)


@pytest.mark.load
def test_two_workers_at_once_send_each_email_once(server: Server, fresh_database: Any) -> None:
    rows = [posted(number) for number in range(20)]
    counts = worlds.at_once(*[lambda: email.send_due(later(seconds=1))] * 2)
    assert sum(counts) == 20
    assert Counter(server.ids) == {row.message_id: 1 for row in rows}
    assert Event.objects.filter(verb="email.sent").count() == 20


WORKER = """
import django; django.setup()
from throughcare.config import worker
from throughcare.messages import email
email.wording("note", lambda row, now: email.Letter(f"to{row.subject_id}@example.org", f"{row.subject_id}", "Words."))
worker.main()
"""


@pytest.mark.load
def test_after_a_kill_between_acceptance_and_mark_one_email_arrives_twice_under_one_id_and_all_others_once(
    server: Server, fresh_database: Any
) -> None:
    rows = [posted(number) for number in range(6)]
    environment = {
        **fresh_database.environment,
        "THROUGHCARE_SMTP": f"smtp://127.0.0.1:{server.port}",
        "THROUGHCARE_MAIL_FROM": FROM,
    }

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stderr=subprocess.DEVNULL)

    def kill_at_the_third() -> None:
        if len(server.taken) == 3:
            os.kill(first.pid, signal.SIGKILL)

    server.heard = kill_at_the_third
    first = start()
    assert first.wait(timeout=60) == -signal.SIGKILL
    assert Email.objects.filter(sent_at=None).count() == 4, "the third was accepted and is not marked"
    Email.objects.filter(leased_until__isnull=False).update(leased_until=timezone.now())  # the lease runs out
    with start() as second:
        try:
            with server.changed:
                assert server.changed.wait_for(lambda: len(server.taken) == 7, timeout=60)
        finally:
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=60) == 0
    times = {row.message_id: 1 for row in rows}
    assert Counter(server.ids) == {**times, rows[2].message_id: 2}


GOOD = {"THROUGHCARE_SMTP": "smtp://127.0.0.1:2525", "THROUGHCARE_MAIL_FROM": FROM}


@pytest.mark.parametrize(
    "wrong",
    [
        {"THROUGHCARE_SMTP": "mail.example.org"},
        {"THROUGHCARE_SMTP": "http://mail.example.org"},
        {"THROUGHCARE_SMTP": "smtp://mail.example.org:many"},
        {"THROUGHCARE_SMTP": "smtp://:25"},
        {"THROUGHCARE_MAIL_FROM": ""},
        {"THROUGHCARE_MAIL_FROM": "Throughcare"},
        {"THROUGHCARE_MAIL_FROM": "a@example.org, b@example.org"},
        {"THROUGHCARE_ADDRESS": "throughcare.example.org"},
        {"THROUGHCARE_ADDRESS": "https://throughcare.example.org/people/7"},
    ],
)
def test_a_setting_of_email_that_cannot_be_used_is_named(wrong: dict[str, str]) -> None:
    (name,) = wrong
    with pytest.raises(WrongSetting, match=name):
        environment.read({**GOOD, **wrong})


@pytest.mark.parametrize(
    ("smtp", "port", "implicit", "starttls"),
    [
        ("smtp://127.0.0.1", 25, False, False),
        ("smtp://mail.example.org", 587, False, True),
        ("smtps://us%40er:p%3Aw@mail.example.org", 465, True, False),
        ("smtp://mail.example.org:2525", 2525, False, True),
    ],
)
def test_a_mail_server_elsewhere_is_always_spoken_to_under_tls(
    smtp: str, port: int, implicit: bool, starttls: bool
) -> None:
    read = environment.read({**GOOD, "THROUGHCARE_SMTP": smtp, "THROUGHCARE_ADDRESS": "https://example.org/"})
    mail = read.mail()
    assert (mail["EMAIL_PORT"], mail["EMAIL_USE_SSL"], mail["EMAIL_USE_TLS"]) == (port, implicit, starttls)
    if "@mail" in smtp:
        assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("us@er", "p:w")
    assert read.address == "https://example.org"
