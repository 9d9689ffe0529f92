"""The digest of a service, and what it is told by e-mail at once: numbers, never names."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import worlds
from mail import MailServer

from throughcare.events.models import Event
from throughcare.handovers.actions import question
from throughcare.handovers.actions import release as releases
from throughcare.messages import email, outbox
from throughcare.messages.models import Email
from throughcare.organisations import actions as organisations
from throughcare.organisations.models import Service
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.today import digest
from throughcare.web.faults import Refused

EIGHT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""A Tuesday in winter: UTC is London's time."""


class World:
    """A receiving team with a mailbox, and a sender without."""

    def __init__(self) -> None:
        self.sender, self.receiver = worlds.worker("prison_drug_worker"), worlds.worker()
        self.team = self.service(self.receiver, "team@example.org")

    def service(self, actor: Any, mailbox: str) -> Service:
        service = Service.objects.get(pk=actor.service)
        return organisations.set_mailbox(by=actor, at=worlds.BEGAN, service=service, mailbox=mailbox)

    def sent(self, given: str = "James") -> Any:
        return worlds.sent(self.sender, worlds.person(self.sender, given), self.team)


def body(server: MailServer, place: int = -1) -> str:
    return str(server.received[place].get_content())


@pytest.mark.django_db
def test_the_digest_goes_once_a_day_at_eight_to_services_with_a_mailbox(mail: MailServer) -> None:
    world = World()
    assert digest.write_due(EIGHT - timedelta(minutes=1)) == 0
    assert [digest.write_due(EIGHT + timedelta(minutes=minute)) for minute in range(3)] == [1, 0, 0]
    assert digest.write_due(EIGHT + timedelta(days=4)) == 1, "on a Saturday as well"
    assert email.send_due(EIGHT + timedelta(minutes=5)) == 1
    (message,) = mail.received
    assert message["To"] == "team@example.org"
    assert message["Subject"] == "Throughcare, Tue 24 Nov 2026: what waits for your service"
    assert "https://throughcare.example.org" in body(mail)
    assert Event.objects.filter(verb="digest.written", subject=f"service {world.team.pk}").count() == 2


@pytest.mark.django_db
def test_eight_is_eight_in_london_in_summer_too(mail: MailServer) -> None:
    World()
    assert digest.write_due(datetime(2027, 7, 1, 6, 59, tzinfo=UTC)) == 0
    assert digest.write_due(datetime(2027, 7, 1, 7, 0, tzinfo=UTC)) == 1


@pytest.mark.django_db
def test_the_digest_counts_what_waits_and_names_nobody(mail: MailServer) -> None:
    world = World()
    accepted = world.sent("Gwendolen")
    world.sent("Marmaduke")
    worlds.take(world.receiver, accepted, "open_by_receiver")
    worlds.take(
        world.receiver,
        accepted,
        "accept",
        no_appointment_reason="No clinic free",
        coordination_owner=world.receiver.user,
    )
    worlds.drafted(world.receiver, worlds.person(world.receiver, "Peregrine"), worlds.service())
    outbox.deliver(worlds.BEGAN)
    digest.write_due(EIGHT)
    email.send_due(EIGHT)
    counted = {line[8:]: int(line[:6]) for line in body(mail).splitlines() if line[:6].strip().isdecimal()}
    assert counted == {
        "Hand-overs to answer": 1,
        "Taken on, with the first contact to come": 1,
        "Yours to move on: drafts, questions, declined": 1,
        "Hand-overs with a missed deadline, yours or the other service's": 0,
        "Messages that nobody has put away": 0,
    }
    for name in ("Gwendolen", "Marmaduke", "Peregrine", "Adeyemi"):
        assert name not in mail.received[0].as_string()


@pytest.mark.django_db
def test_nothing_is_written_while_email_is_off_and_a_digest_of_yesterday_is_not_sent(
    mail: MailServer, settings: Any
) -> None:
    World()
    settings.EMAIL_HOST = ""
    assert digest.write_due(EIGHT) == 0
    settings.EMAIL_HOST = "127.0.0.1"
    assert digest.write_due(EIGHT) == 1
    assert email.send_due(EIGHT + timedelta(days=1)) == 0
    assert Email.objects.get().held_reason == "Its day is over."


@pytest.mark.load
def test_two_workers_at_once_write_one_digest(fresh_database: Any, mail: MailServer) -> None:
    World()
    counts = worlds.at_once(lambda: digest.write_due(EIGHT), lambda: digest.write_due(EIGHT))
    assert sorted(counts) == [0, 1]
    assert Email.objects.count() == 1


@pytest.mark.django_db
def test_a_missed_deadline_is_told_by_email_at_once_without_a_name_and_other_news_waits(mail: MailServer) -> None:
    world = World()
    hand_over = world.sent("Gwendolen")
    assert not Email.objects.exists(), "that it was sent waits for the digest"
    late = worlds.BEGAN + timedelta(days=9)
    engine.sweep(late)
    assert hand_over.case.steps.filter(verb="escalate").exists()
    assert email.send_due(late) == Email.objects.count() > 0
    assert {str(message["To"]) for message in mail.received} == {"team@example.org"}
    assert f"https://throughcare.example.org/cases/{hand_over.case_id}/" in body(mail)
    assert "Gwendolen" not in mail.received[0].as_string()


@pytest.mark.django_db
def test_instant_email_that_waited_for_more_than_a_day_is_held(mail: MailServer) -> None:
    World().sent()
    late = worlds.BEGAN + timedelta(days=9)
    engine.sweep(late)
    assert email.send_due(late + timedelta(hours=25)) == 0
    assert {one.held_reason for one in Email.objects.all()} == {
        "It is more than a day old: Today and the digest have it."
    }


@pytest.mark.django_db
def test_a_service_without_a_mailbox_any_more_gets_nothing(mail: MailServer) -> None:
    world = World()
    digest.write_due(EIGHT)
    world.service(world.receiver, "")
    assert email.send_due(EIGHT) == 0
    assert Email.objects.get().held_reason == "The service has no mailbox."


@pytest.mark.django_db
def test_a_mailbox_that_is_no_address_is_refused() -> None:
    with pytest.raises(Refused, match="OR-111"):
        World().service(worlds.worker(), "the team")


@pytest.mark.load
def test_the_command_line_sets_and_clears_a_mailbox(fresh_database: Any) -> None:
    team = worlds.service("Riverside", of=worlds.organisation("Northbridge Recovery"))

    def type_(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "throughcare.config.cli", "mailbox", *words, "--production"],
            env={**os.environ, **fresh_database.environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    named = ("--organisation", "Northbridge Recovery", "--service", "Riverside")
    answer = "E-mail to Riverside, Northbridge Recovery goes to team@example.org."
    assert type_(*named, "--email", "team@example.org") == (0, answer)
    assert Service.objects.get(pk=team.pk).mailbox == "team@example.org"
    assert type_(*named, "--email", "the team")[1].startswith("OR-111")
    assert type_("--organisation", "Northbridge Recovery", "--service", "Rivrside")[1].startswith("OR-108")
    assert type_(*named) == (0, "Riverside, Northbridge Recovery gets no e-mail any more.")
    assert Service.objects.get(pk=team.pk).mailbox == ""


class Leaving:
    """Somebody in prison whom a service with a mailbox has taken on."""

    def __init__(self) -> None:
        self.site = worlds.site()
        self.prison = worlds.worker("prison_drug_worker", worlds.service(sites=[self.site]))
        self.team = worlds.service("Riverside", mailbox="team@example.org", areas=["E09000001"])
        self.keyworker = worlds.worker("keyworker", self.team)
        self.record = worlds.person(self.prison, given="Gwendolen", area="E09000001")
        self.stay = worlds.held(self.record, self.site)

    def dated(self, on: date) -> None:
        releases.date_known(by=self.prison, at=worlds.BEGAN, stay=self.stay, release_date=on)

    def take(self, verb: str, **facts: object) -> None:
        case = self.stay.releases.get().case_id
        engine.take(by=self.prison, at=worlds.BEGAN, case=case, verb=verb, facts=facts)


@pytest.mark.django_db
def test_a_release_date_that_moved_is_told_by_email_at_once_and_names_nobody(mail: MailServer) -> None:
    world = Leaving()
    world.dated(date(2026, 12, 10))
    world.take("identify_needs", ongoing_need="Methadone", area_of_return="E09000001", contact_details="Hostel")
    worlds.sent(world.prison, world.record, world.team)
    world.take("send_community_referral", person_told="yes", receiving_service=str(world.team.pk))
    assert not Email.objects.exists(), "the first date waits for the digest"
    world.dated(date(2026, 12, 4))
    assert email.send_due(worlds.BEGAN) == 1
    assert "Gwendolen" not in mail.received[0].as_string()
    assert "release that changed" in body(mail)


@pytest.mark.django_db
def test_who_is_asked_because_somebody_was_released_with_nothing_ready_is_told_by_email_at_once(
    mail: MailServer,
) -> None:
    world = Leaving()
    at = worlds.BEGAN + timedelta(hours=1)
    releases.left(by=world.prison, at=at, stay=world.stay, until=at, route="court")
    assert email.send_due(at) == 1
    assert str(mail.received[0]["To"]) == "team@example.org"
    assert f"/cases/{Case.objects.get(process='hand_over').pk}/" in body(mail)


@pytest.mark.django_db
def test_a_question_about_who_prescribes_reaches_the_mailbox_at_once(mail: MailServer) -> None:
    world = Leaving()
    suite = worlds.site("Custody suite", "custody suite")
    nurse = worlds.worker("custody_healthcare", worlds.service(sites=[suite]))
    record = worlds.person(nurse, given="Gwendolen")
    worlds.held(record, suite)
    facts = {"reason": "Withdrawing, says methadone", "call_back_number": "0113 496 0100"}
    question.ask(by=nurse, at=worlds.BEGAN, record=record, asked=world.team, **facts)
    assert email.send_due(worlds.BEGAN) == 1
    assert "methadone" not in mail.received[0].as_string().lower()
