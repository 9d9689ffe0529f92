"""E-mail to the person: only what they agreed to, as it is agreed and true when it is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import worlds
from mail import MailServer

from throughcare.appointments import actions as diary
from throughcare.appointments.actions import Cancellation, Slot
from throughcare.appointments.models import Appointment
from throughcare.messages import email
from throughcare.messages.models import Email
from throughcare.organisations import actions as organisations
from throughcare.people import actions as people
from throughcare.people.actions import Contact
from throughcare.people.models import Record

AT = worlds.BEGAN
STARTS = datetime(2026, 11, 26, 14, tzinfo=UTC)
REMINDER = datetime(2026, 11, 25, 10, tzinfo=UTC)
SAFE = Contact(telephone="07700 900123", email="james@example.org", may_email=True, may_name_service=True)
IN_PERSON = Slot(STARTS, "in_person", "Riverside House, 5 Quay Street")
TELLING = ("riverside", "recovery", "drug", "alcohol", "treatment", "quay street", "opioid", "service", "video")


class World:
    """Somebody with an appointment, and what they agreed to."""

    def __init__(self, contact: Contact = SAFE, slot: Slot = IN_PERSON) -> None:
        provider = organisations.found(
            by=worlds.SYSTEM, at=AT, name="Northbridge Drug and Alcohol Recovery", kind="nhs"
        )
        self.by = worlds.worker("keyworker", worlds.service("Riverside Drug Treatment", of=provider))
        self.record: Record = worlds.person(self.by)
        self.agree(contact)
        self.booked = diary.book_for(by=self.by, at=AT, record=self.record, slot=slot)

    def agree(self, contact: Contact) -> None:
        people.set_contact(by=self.by, at=AT, record=self.record, contact=contact)

    def move(self, slot: Slot) -> Appointment:
        how = Cancellation("person", "clash")
        return diary.rebook(by=self.by, at=AT, appointment=self.booked.pk, cancellation=how, slot=slot)

    def cancel(self) -> None:
        how = Cancellation("service", "staff")
        diary.cancel(by=self.by, at=AT, appointment=self.booked.pk, cancellation=how)


def body(server: MailServer, place: int = -1) -> str:
    part = server.received[place].get_body(("plain",))
    assert part
    return str(part.get_content())


def entry(server: MailServer, place: int = -1) -> tuple[icalendar.Calendar, Any]:
    (file,) = server.received[place].iter_attachments()
    parsed = icalendar.Calendar.from_ical(file.get_payload(decode=True))
    return parsed, next(iter(parsed.walk("VEVENT")))


def reasons() -> list[str]:
    return list(Email.objects.exclude(held_at=None).order_by("pk").values_list("held_reason", flat=True))


@pytest.mark.django_db
def test_somebody_who_agreed_is_told_with_whom_where_and_when_and_reminded_the_day_before(mail: MailServer) -> None:
    World()
    assert email.send_due(AT) == 1
    message = mail.received[0]
    assert (message["To"], message["Subject"]) == ("james@example.org", "Your appointment: Thu 26 Nov 2026, 2pm")
    assert "You have an appointment with Riverside Drug Treatment on Thu 26 Nov 2026 at 2pm." in body(mail)
    assert "Where: Riverside House, 5 Quay Street" in body(mail)
    assert email.send_due(REMINDER - timedelta(minutes=1)) == 0
    assert email.send_due(REMINDER) == 1
    assert mail.received[1]["Subject"] == "Reminder: your appointment: Thu 26 Nov 2026, 2pm"


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["in_person", "video", "telephone"])
def test_without_agreement_a_message_holds_date_time_and_number_and_nothing_that_names_the_service(
    mail: MailServer, settings: Any, way: str
) -> None:
    settings.VIDEO_ADDRESS = "https://video.riverside.example/{room}"
    world = World(replace(SAFE, may_name_service=False), replace(IN_PERSON, way=way))
    email.send_due(AT)
    email.send_due(REMINDER)
    world.cancel()
    email.send_due(REMINDER)
    assert len(mail.received) == 3
    for place, message in enumerate(mail.received):
        for word in TELLING:
            assert word not in f"{message['Subject']} {body(mail, place)}".lower(), word
        for file in message.iter_attachments():
            for word in TELLING:
                assert word not in file.get_payload(decode=True).decode().lower(), word
        assert "Thu 26 Nov 2026" in body(mail, place)
        assert "020 7946 0001" in body(mail, place)


@pytest.mark.django_db
@pytest.mark.parametrize("later", [replace(SAFE, may_email=False), Contact(), replace(SAFE, email="", may_email=False)])
def test_agreement_withdrawn_between_booking_and_sending_holds_the_message(mail: MailServer, later: Contact) -> None:
    world = World()
    world.agree(later)
    assert email.send_due(AT) == email.send_due(REMINDER) == 0
    assert mail.received == []
    assert reasons() == ["E-mail is not agreed to, or there is no address."] * 2


@pytest.mark.django_db
def test_an_address_that_changed_since_is_the_one_that_counts(mail: MailServer) -> None:
    world = World()
    world.agree(replace(SAFE, email="new@example.org", may_name_service=False))
    email.send_due(AT)
    assert mail.received[0]["To"] == "new@example.org"
    assert "Riverside" not in mail.received[0].as_string()


@pytest.mark.django_db
def test_nobody_is_written_to_who_has_not_agreed() -> None:
    World(replace(SAFE, may_email=False))
    assert not Email.objects.exists()


@pytest.mark.django_db
def test_a_moved_appointment_is_told_once_and_only_the_new_one_is_reminded_of(mail: MailServer) -> None:
    world = World()
    email.send_due(AT)
    world.move(replace(IN_PERSON, starts_at=STARTS + timedelta(days=1)))
    assert email.send_due(AT) == 1
    assert mail.received[1]["Subject"] == "Your appointment has moved: Fri 27 Nov 2026, 2pm"
    assert email.send_due(REMINDER) == 0
    assert email.send_due(REMINDER + timedelta(days=1)) == 1
    assert reasons() == ["The appointment was moved."]


@pytest.mark.django_db
def test_a_cancelled_appointment_is_told_and_not_reminded_of(mail: MailServer) -> None:
    world = World()
    world.cancel()
    assert email.send_due(AT) == 1, "that it was booked is no longer true"
    assert mail.received[0]["Subject"] == "Your appointment is cancelled: Thu 26 Nov 2026, 2pm"
    assert email.send_due(REMINDER) == 0
    assert reasons() == ["The appointment was cancelled."] * 2


@pytest.mark.django_db
def test_what_waited_until_the_appointment_was_over_is_held(mail: MailServer) -> None:
    World()
    assert email.send_due(STARTS) == 0
    assert reasons() == ["The appointment is over."] * 2


@pytest.mark.django_db
def test_an_appointment_in_the_past_is_told_to_nobody() -> None:
    World(slot=replace(IN_PERSON, starts_at=AT - timedelta(days=1)))
    assert not Email.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "words"),
    [("", "The service will send the link."), ("https://video.example.org/{room}", "https://video.example.org/")],
)
def test_a_video_link_is_sent_where_there_is_one_and_none_is_invented(
    mail: MailServer, settings: Any, address: str, words: str
) -> None:
    settings.VIDEO_ADDRESS = address
    world = World(slot=Slot(STARTS, "video"))
    email.send_due(AT)
    assert words in body(mail)
    assert ("https://" in body(mail)) == bool(address)
    if address:
        assert f"https://video.example.org/{world.booked.room}" in body(mail)


@pytest.mark.django_db
def test_the_calendar_file_has_one_fixed_uid_a_rising_sequence_and_utc_times(mail: MailServer) -> None:
    world = World()
    email.send_due(AT)
    world.booked = world.move(replace(IN_PERSON, starts_at=STARTS + timedelta(days=200)))
    email.send_due(AT)
    world.cancel()
    email.send_due(AT)
    files = [entry(mail, place) for place in range(3)]
    assert len({str(event["UID"]) for _, event in files}) == 1
    sequences = [int(event["SEQUENCE"]) for _, event in files]
    assert sequences == sorted(set(sequences))
    assert [str(file["METHOD"]) for file, _ in files] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert [str(event["STATUS"]) for _, event in files] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event.decoded("DTSTART") for _, event in files] == [STARTS, *[STARTS + timedelta(days=200)] * 2]
    raw = [part.get_payload(decode=True) for part in mail.received[1].iter_attachments()]
    assert b"DTSTART:20270614T140000Z" in raw[0]
    assert b"\r\n" in raw[0]
    assert str(files[0][1]["LOCATION"]) == "Riverside House, 5 Quay Street"


@pytest.mark.django_db
def test_how_to_reach_somebody_is_changed_by_the_service_that_holds_the_record() -> None:
    world = World()
    with pytest.raises(Exception, match="PE-110"):
        people.set_contact(by=worlds.worker(), at=AT, record=world.record, contact=Contact())
    with pytest.raises(Exception, match="PE-109"):
        world.agree(Contact(may_email=True))
    with pytest.raises(Exception, match="PE-108"):
        world.agree(Contact(email="james at home"))
    assert Record.objects.get().email == "james@example.org"
