"""The pages of what happens to a person: reported, asked once more, shown, ended and undone."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import worlds
from django.test import Client
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody
from throughcare.organisations.models import Service
from throughcare.people.models import PersonEvent
from throughcare.processes import universal
from throughcare.processes.models import Case, Due
from throughcare.sharing.models import Look
from throughcare.today.queries import groups

pytestmark = pytest.mark.django_db


def posted(client: Client, url: str, **answers: Any) -> Any:
    page = client.get(url).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    return client.post(url, {"key": key[1], **answers})


def day(name: str, when: date) -> dict[str, int]:
    return {f"{name}_day": when.day, f"{name}_month": when.month, f"{name}_year": when.year}


@pytest.fixture
def keyworker() -> Actor:
    return worlds.worker("keyworker", name="Ada Keyworker")


def death(keyworker: Actor, person: int) -> PersonEvent:
    facts = {"date_of_death": "2026-11-22", "source_of_fact": "Told by his sister"}
    return universal.report(by=keyworker, at=timezone.now(), person=person, event="died", facts=facts)


def hospital(by: Actor, person: int) -> PersonEvent:
    facts = {"hospital": "General", "admission_date": "2026-11-23", "prescribing_summary_sent": "yes"}
    return universal.report(by=by, at=timezone.now(), person=person, event="admitted_to_hospital", facts=facts)


def lines(actor: Actor) -> dict[str, list[Any]]:
    return {group.title: group.rows for group in groups(actor, timezone.now())}


def test_the_page_of_a_person_leads_to_what_the_role_may_report_with_what_will_follow(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    client = worlds.signed_in(keyworker)
    assert f"/people/{record.person_id}/happened/" in client.get(f"/people/{record.person_id}/").content.decode()
    page = client.get(f"/people/{record.person_id}/happened/").content.decode()
    assert "The person has died" in page
    assert "never as a failure" in page
    assert "was recalled" not in page, "a keyworker reports no recall"
    assert Look.objects.filter(person=record.person_id).exists()


def test_a_death_is_asked_once_more_with_the_name_before_it_is_kept(keyworker: Actor) -> None:
    record = worlds.person(keyworker, born=date(1986, 3, 3))
    client, url = worlds.signed_in(keyworker), f"/people/{record.person_id}/happened/died/"
    answers = {**day("date_of_death", date(2026, 11, 22)), "source_of_fact": "Told by his sister"}
    first = posted(client, url, **answers)
    page = first.content.decode()
    assert first.status_code == 200
    assert "Check whom it is about: James Adeyemi, born 3 Mar 1986" in page
    assert "Told by his sister" in page, "nothing typed is lost"
    assert not PersonEvent.objects.exists()
    done = posted(client, url, **answers, checked="yes")
    assert done.status_code == 302
    page = client.get(done.headers["Location"]).content.decode()
    assert "Died Sun 22 Nov 2026" in page
    assert "Told by his sister" in page
    assert "New hand-over" not in page
    assert "Died" in client.get("/people/?q=ade").content.decode()


def test_an_open_question_is_shown_at_its_field_and_not_known_answers_it(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    client, url = worlds.signed_in(keyworker), f"/people/{record.person_id}/happened/admitted_to_hospital/"
    empty = posted(client, url)
    assert empty.status_code == 422
    assert "FM-101" in empty.content.decode()
    unknown = {
        "hospital__not_known": "on",
        "admission_date__not_known": "on",
        "prescribing_summary_sent": "not_known",
    }
    assert posted(client, url, **unknown).status_code == 302
    assert PersonEvent.objects.get().facts["hospital"] == "not_known"


@pytest.mark.parametrize("address", ["happened/", "happened/died/", "events/1/resume/", "events/1/undo/"])
def test_nobody_opens_these_pages_about_somebody_they_may_not_know(keyworker: Actor, address: str) -> None:
    record = worlds.person(keyworker)
    answer = worlds.signed_in(worlds.worker()).get(f"/people/{record.person_id}/{address}")
    assert answer.status_code == 403
    assert "SH-101" in answer.content.decode()


def test_a_role_that_reports_nothing_is_refused_with_a_number(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    desk = worlds.worker("front_desk", Service.objects.get(pk=keyworker.service))
    client = worlds.signed_in(desk)
    for address in ("happened/", "happened/died/", "happened/nonsense/"):
        answer = client.get(f"/people/{record.person_id}/{address}")
        assert answer.status_code == 409
        assert "UE-102" in answer.content.decode()
    assert "Report something" not in client.get(f"/people/{record.person_id}/").content.decode()


def test_what_is_paused_stands_on_today_and_is_not_late(keyworker: Actor) -> None:
    receiver = worlds.worker()
    record = worlds.person(keyworker)
    hand_over = worlds.drafted(keyworker, record, Service.objects.get(pk=receiver.service))
    worlds.take(keyworker, hand_over, "send", at=timezone.now())
    hospital(keyworker, record.person_id)
    for actor in (keyworker, receiver):
        (line,) = lines(actor)["Paused: say when it has ended"]
        assert "PAUSED" in line.tag
        assert line.tone == ""
        assert line.ring is None
    for url in (f"/cases/{hand_over.case_id}/", "/hand-overs/", "/"):
        page = worlds.signed_in(keyworker).get(url).content.decode()
        assert "aused since" in page, url


def test_a_pause_is_ended_from_the_page_and_the_deadlines_run_again(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    hand_over = worlds.sent(keyworker, record, worlds.service())
    event = hospital(keyworker, record.person_id)
    client = worlds.signed_in(keyworker)
    url = f"/people/{record.person_id}/events/{event.pk}/resume/"
    assert url in client.get(f"/people/{record.person_id}/").content.decode()
    assert url in client.get(f"/cases/{hand_over.case_id}/").content.decode()
    ahead = posted(client, url, **day("resumed_date", timezone.localdate() + timedelta(days=3)), reason="Home")
    assert ahead.status_code == 422
    assert "UE-111" in ahead.content.decode()
    assert posted(client, url, **day("resumed_date", timezone.localdate()), reason="Home").status_code == 302
    assert Case.objects.get().paused_at is None
    assert not Due.objects.filter(paused_at__isnull=False).exists()
    assert client.get(url).status_code == 409


def test_a_report_is_undone_from_the_page_by_a_manager_with_a_colleague(keyworker: Actor) -> None:
    service = Service.objects.get(pk=keyworker.service)
    manager = worlds.worker("service_manager", service)
    record = worlds.person(keyworker)
    event = death(keyworker, record.person_id)
    url = f"/people/{record.person_id}/events/{event.pk}/undo/"
    assert url not in worlds.signed_in(keyworker).get(f"/people/{record.person_id}/").content.decode()
    client = worlds.signed_in(manager)
    assert url in client.get(f"/people/{record.person_id}/").content.decode()
    done = posted(client, url, reason="Another person of that name", reviewer=keyworker.user)
    page = client.get(done.headers["Location"]).content.decode()
    assert "Died Sun" not in page
    assert "Undone since: it was not so" in page
    assert "Another person of that name" in page


def test_a_hand_over_is_closed_as_an_error_after_it_was_asked_once_more(keyworker: Actor) -> None:
    service = Service.objects.get(pk=keyworker.service)
    manager = worlds.worker("service_manager", service)
    hand_over = worlds.sent(keyworker, worlds.person(keyworker), worlds.service())
    client, url = worlds.signed_in(manager), f"/cases/{hand_over.case_id}/void/"
    assert url in client.get(f"/cases/{hand_over.case_id}/").content.decode()
    assert url not in worlds.signed_in(keyworker).get(f"/cases/{hand_over.case_id}/").content.decode()
    answers = {"reason": "Meant for somebody else", "reviewer": keyworker.user}
    assert posted(client, url, **answers).status_code == 200
    assert Case.objects.get().closed_at is None
    assert posted(client, url, **answers, checked="yes").status_code == 302
    assert "opened in error" in client.get(f"/cases/{hand_over.case_id}/").content.decode()
    assert "opened in error" in client.get("/hand-overs/?show=ended").content.decode()


def test_the_diary_says_that_an_appointment_is_not_to_be_kept(keyworker: Actor) -> None:
    receiver = worlds.worker()
    record = worlds.person(keyworker)
    hand_over = worlds.sent(keyworker, record, Service.objects.get(pk=receiver.service))
    worlds.take(receiver, hand_over, "open_by_receiver")
    booked = {"appointment_time": (timezone.now() + timedelta(hours=1)).isoformat(), "place": "Room 1"}
    worlds.take(receiver, hand_over, "accept", coordination_owner=str(receiver.user), **booked)
    death(keyworker, record.person_id)
    (line,) = lines(receiver)["Appointments, next 7 days"]
    assert line.tag == "Has died: not to be kept"
    assert line.acts == []
    others = [title for title in lines(receiver) if title != "Appointments, next 7 days"]
    assert others == [], "nothing else about the person waits for anybody"


def test_who_coordinates_is_asked_to_hand_over_to_the_new_area_until_it_is_written(keyworker: Actor) -> None:
    receiver, there = worlds.worker(), worlds.service("There")
    record = worlds.person(keyworker)
    worlds.sent(keyworker, record, Service.objects.get(pk=receiver.service))
    facts = {"new_area": "E09000002", "moved_date": "2026-11-23", "service_there": str(there.pk)}
    universal.report(by=keyworker, at=timezone.now(), person=record.person_id, event="moved_area", facts=facts)
    title = "Moved to another area: a hand-over is needed"
    (line,) = lines(keyworker)[title]
    assert title not in lines(receiver)
    page = worlds.signed_in(keyworker).get(line.acts[0].url).content.decode()
    assert re.search(rf'<option value="{there.pk}" selected', page), "the service named is chosen beforehand"
    client = worlds.signed_in(keyworker)
    posted(client, line.acts[0].url, receiver=there.pk, reason="Moved there")
    assert title not in lines(keyworker)


def test_a_summary_reader_learns_that_somebody_died_and_not_who_said_so(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    mentor = worlds.worker("peer_mentor", worlds.service(of=Service.objects.get(pk=keyworker.service).organisation))
    worlds.sent(keyworker, record, Service.objects.get(pk=mentor.service))
    death(keyworker, record.person_id)
    page = worlds.signed_in(mentor).get(f"/people/{record.person_id}/").content.decode()
    assert "Died Sun 22 Nov 2026" in page
    assert "his sister" not in page


def test_a_person_costs_the_same_however_much_happened(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    url = f"/people/{record.person_id}/"
    before = len(worlds.own_statements(worlds.signed_in(keyworker), url, look=2))
    for _ in range(5):
        hospital(keyworker, record.person_id)
    other = worlds.worker("keyworker", Service.objects.get(pk=keyworker.service))
    assert len(worlds.own_statements(worlds.signed_in(other), url, look=2)) == before <= 4


def test_somebody_who_died_is_not_on_the_list_of_those_who_leave_with_nothing_sent() -> None:
    site = worlds.site()
    prison = worlds.worker("prison_drug_worker", worlds.service(sites=[site]))
    record = worlds.person(prison)
    stay = worlds.held(record, site)
    leaves = timezone.localdate() + timedelta(days=3)
    custody.set_release_date(by=prison, at=timezone.now(), stay=stay, release_date=leaves)
    assert "Leaving within 14 days, not ready" in lines(prison)
    death(prison, record.person_id)
    assert lines(prison) == {}
