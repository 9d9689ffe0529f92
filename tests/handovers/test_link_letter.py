"""The e-mail that carries an answer link, sent to a real mail server."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import worlds
from handovers.test_link import World
from messages.test_email import FROM, Server

from throughcare.handovers.actions import link as links
from throughcare.handovers.models import AnswerLink
from throughcare.messages import email
from throughcare.messages.models import Email
from throughcare.processes.models import StepTaken

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A mail server of this machine, named in the settings."""
    running = Server()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", running.port, FROM
    settings.ADDRESS = "https://throughcare.example.org"
    yield running
    running.stop()


def body(letter: Any) -> str:
    return str(letter.get_payload(decode=True).decode())


def test_the_e_mail_says_who_asks_and_by_when_and_nothing_of_the_person(server: Server) -> None:
    world = World()
    assert email.send_due(worlds.BEGAN) == 1
    (letter,) = server.taken
    text = f"{letter['Subject']} {body(letter)}"
    assert letter["To"] == "rota@millane.example"
    assert "Northgate team asks Mill Lane duty desk to take over care of a person." in text
    assert "Please answer by" in text
    assert f"https://throughcare.example.org{world.url()}" in text
    for secret in ("James", "Adeyemi", "J. A.", "Thursday", world.link.key.code):
        assert secret not in text
    address = re.search(r"https://throughcare.example.org(/answer/\S+)", text)
    assert address
    assert world.desk.get(address[1]).status_code == 200


def test_what_the_mail_server_took_is_delivered_and_the_sender_sees_when(server: Server) -> None:
    world = World()
    email.send_due(worlds.BEGAN)
    assert world.state == "delivered"
    assert StepTaken.objects.get(case=world.case, verb="deliver").facts["channel"] == "email"
    assert "Sent Mon 23 Nov 2026, 9am" in world.page()


def test_a_second_letter_and_one_that_comes_after_the_opening_deliver_nothing_anew(server: Server) -> None:
    world = World()
    world.give()
    links.issue(by=world.sender, at=worlds.BEGAN, case=world.case)
    email.send_due(worlds.BEGAN)
    assert world.state == "opened"
    assert not StepTaken.objects.filter(case=world.case, verb="deliver").exists()


def test_a_link_that_was_stopped_before_it_was_sent_is_not_sent(server: Server) -> None:
    world = World()
    links.stop(by=world.sender, at=worlds.BEGAN, case=world.case)
    assert email.send_due(worlds.BEGAN) == 0
    assert server.taken == []
    assert Email.objects.get().held_reason == "The link was no longer in use."


def test_without_an_address_of_its_own_it_is_held_and_the_sender_is_told_to_ring(server: Server, settings: Any) -> None:
    settings.ADDRESS = ""
    world = World()
    assert email.send_due(worlds.BEGAN) == 0
    assert world.state == "sent"
    assert re.search(r"Not sent: .*THROUGHCARE_ADDRESS.* Ring them\.", world.page())


def test_where_no_mail_server_is_set_up_it_waits_and_the_demonstration_shows_the_link(settings: Any) -> None:
    world = World()
    assert email.send_due(worlds.BEGAN) == 0
    page = world.page()
    assert "no mail server is set up here. Ring them." in page
    assert ("Demonstration only" in page) == settings.MADE_UP
    settings.MADE_UP = False
    page = world.page()
    assert "Demonstration only" not in page
    assert world.link.key.token not in page


def test_each_new_link_is_a_new_letter(server: Server) -> None:
    world = World()
    email.send_due(worlds.BEGAN)
    links.issue(by=world.sender, at=datetime.now(UTC), case=world.case)
    email.send_due(datetime.now(UTC) + timedelta(seconds=1))
    assert len(server.taken) == 2
    assert len({body(letter) for letter in server.taken}) == 2
    assert AnswerLink.objects.filter(case=world.case).count() == 2
