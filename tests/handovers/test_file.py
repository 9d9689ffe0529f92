"""Files that go with a hand-over: what is taken, who reads them, and that what was sent stays as it was."""

from typing import Any

import pytest
import worlds
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from throughcare.events.models import Event
from throughcare.handovers.actions import file as actions
from throughcare.handovers.models import HandOverFile
from throughcare.handovers.rules import file as rules
from throughcare.organisations.models import Service
from throughcare.sharing.models import Look
from throughcare.web.faults import NotAllowed, Refused

PDF = b"%PDF-1.7\n" + b"a letter " * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
WORD = b"PK\x03\x04" + b"a document " * 20


class World:
    """A prison worker has written a hand-over to a treatment service, and may attach something to it."""

    def __init__(self, receiver: str = "keyworker") -> None:
        self.sender = worlds.worker("prison_drug_worker")
        self.receiver = worlds.worker(receiver)
        self.record = worlds.person(self.sender)
        self.team = Service.objects.get(pk=self.receiver.service)
        self.hand_over = worlds.drafted(self.sender, self.record, self.team)
        self.case = self.hand_over.case_id
        self.url = f"/hand-overs/{self.case}/files/"

    def attached(self, content: bytes = PDF, title: str = "Discharge letter", by: Any = None) -> HandOverFile:
        return actions.attach(by=by or self.sender, at=worlds.BEGAN, case=self.case, title=title, content=content)

    def send(self) -> None:
        worlds.take(self.sender, self.hand_over, "send")

    def post(self, content: bytes, name: str = "letter.pdf", title: str = "Discharge letter") -> Any:
        upload = SimpleUploadedFile(name, content, content_type="application/pdf")
        return worlds.signed_in(self.sender).post(f"{self.url}new/", {"title": title, "file": upload})


@pytest.mark.django_db
def test_a_file_is_attached_to_a_draft_shown_on_the_check_page_and_read_by_the_receiver_once_opened() -> None:
    world = World()
    assert world.post(PDF).status_code == 302
    file = HandOverFile.objects.get()
    assert (file.kind, file.size, bytes(file.content)) == ("application/pdf", len(PDF), PDF)
    assert "Discharge letter" in worlds.signed_in(world.sender).get(f"/cases/{world.case}/send/").content.decode()
    world.send()
    client = worlds.signed_in(world.receiver)
    assert client.get(f"{world.url}{file.pk}/").status_code == 403, "not before the hand-over is opened"
    worlds.take(world.receiver, world.hand_over, "open_by_receiver")
    assert f"{world.url}{file.pk}/" in client.get(f"/cases/{world.case}/").content.decode()
    got = client.get(f"{world.url}{file.pk}/")
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers["Content-Disposition"] == 'attachment; filename="discharge-letter.pdf"'
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert Look.objects.filter(person=world.record.person_id, service=world.receiver.service).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "name", "number"),
    [
        (WORD, "letter.pdf", "HO-122"),
        (b"<script>alert(1)</script>", "letter.png", "HO-122"),
        (PDF[:5] + b"x" * rules.LARGEST, "letter.pdf", "HO-121"),
        (PDF[:5] + b"x" * 2 * rules.LARGEST, "letter.pdf", "HO-121"),
        (b"", "letter.pdf", "FM-115"),
    ],
)
def test_a_file_of_a_refused_kind_or_size_is_refused_with_the_mend_and_its_title_is_kept(
    content: bytes, name: str, number: str
) -> None:
    world = World()
    answer = world.post(content, name, title="Letter of 20 November")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert number in page
    assert "Letter of 20 November" in page
    assert not HandOverFile.objects.exists()


@pytest.mark.django_db
def test_no_more_than_five_files_go_with_a_hand_over_and_the_same_file_sent_twice_is_one() -> None:
    world = World()
    assert world.attached().pk == world.attached().pk
    for number in range(1, rules.MOST):
        world.attached(PNG, f"Chart {number}")
    with pytest.raises(Refused, match="HO-123"):
        world.attached(title="One more")
    worlds.signed_in(world.sender).post(f"{world.url}{HandOverFile.objects.first().pk}/take-off/")
    world.attached(title="One more")
    assert HandOverFile.objects.filter(taken_off_at=None).count() == rules.MOST
    assert Event.objects.filter(verb="hand_over.file_taken_off").count() == 1


@pytest.mark.django_db
def test_what_was_sent_stays_as_it_was() -> None:
    world = World()
    file = world.attached()
    world.send()
    with pytest.raises(Refused, match="HO-102"):
        world.attached(title="Later")
    with pytest.raises(Refused, match="HO-102"):
        actions.take_off(by=world.sender, at=worlds.BEGAN, case=world.case, file=file.pk)
    assert "HO-102" in worlds.signed_in(world.sender).get(f"{world.url}new/").content.decode()
    assert HandOverFile.objects.get() == file


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["responsible_officer", "housing_worker", "gp"])
def test_a_letter_is_not_sent_to_a_service_where_nobody_could_read_it(role: str) -> None:
    world = World(receiver=role)
    world.attached()
    with pytest.raises(Refused, match=r"HO-105.*Discharge letter"):
        world.send()


@pytest.mark.django_db
def test_a_letter_is_not_sent_where_the_answer_comes_by_link() -> None:
    world = World()
    outside = worlds.service("Quayside", mailbox="desk@example.org")
    hand_over = worlds.drafted(world.sender, world.record, outside)
    actions.attach(by=world.sender, at=worlds.BEGAN, case=hand_over.case_id, title="Letter", content=PDF)
    with pytest.raises(Refused, match="cannot be fetched by whoever answers by link"):
        worlds.take(world.sender, hand_over, "send")


@pytest.mark.django_db
def test_strangers_former_receivers_and_roles_that_read_no_letters_do_not_fetch_it() -> None:
    world = World()
    file = world.attached()
    world.send()
    worlds.take(world.receiver, world.hand_over, "open_by_receiver")
    desk = worlds.worker("front_desk", world.team)
    address = f"{world.url}{file.pk}/"
    for actor in (worlds.worker("keyworker"), desk):
        assert worlds.signed_in(actor).get(address).status_code == 403
        with pytest.raises((Refused, NotAllowed)):
            world.attached(by=actor, title="Another")
    assert Client().get(address).status_code == 302
    another = World()
    assert worlds.signed_in(world.sender).get(f"{another.url}{file.pk}/").status_code == 403
    worlds.take(world.receiver, world.hand_over, "decline", decline_reason="no_safe_capacity")
    assert worlds.signed_in(world.receiver).get(address).status_code == 403


@given(st.binary(max_size=40))
def test_only_what_begins_like_a_pdf_or_a_picture_is_one(content: bytes) -> None:
    kind = rules.kind_of(content)
    assert (kind == "") == (not any(content.startswith(begins) for begins, _, _ in rules.SIGNATURES.values()))
    assert (rules.faults("Letter", content, 0) == []) == (kind != "")
