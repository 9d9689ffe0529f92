"""The area that a person lives in or returns to: whose service is asked when nobody was."""

import pytest
import worlds
from django.test import Client

from throughcare.events.actor import Actor
from throughcare.events.models import Event
from throughcare.people import actions
from throughcare.people.models import Record
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db
AREA = "E09000001"


def url(record: Record) -> str:
    return f"/people/{record.person_id}/home-area/"


@pytest.fixture
def keyworker() -> Actor:
    return worlds.worker("keyworker")


def test_the_home_area_is_asked_with_a_new_record_and_shown_with_whose_view_it_is(keyworker: Actor) -> None:
    client = worlds.signed_in(keyworker)
    client.post("/people/new/", {"family_name": "Adeyemi", "area": AREA, "key": "one"})
    record = Record.objects.get()
    assert record.area == AREA
    page = client.get(f"/people/{record.person_id}/").content.decode()
    assert "City of London" in page
    assert url(record) in page


def test_the_home_area_is_changed_in_the_service_s_own_record_and_the_change_is_an_event(keyworker: Actor) -> None:
    record = worlds.person(keyworker)
    client = worlds.signed_in(keyworker)
    assert client.get(url(record)).status_code == 200
    assert client.post(url(record), {"area": AREA}).status_code == 302
    record.refresh_from_db()
    assert record.area == AREA
    assert Event.objects.filter(verb="record.area_changed", record=record.pk).count() == 1


@pytest.mark.parametrize("area", ["", "E99999999", "\x00"])
def test_what_is_no_area_is_refused_and_changes_nothing(keyworker: Actor, area: str) -> None:
    record = worlds.person(keyworker, area=AREA)
    assert worlds.signed_in(keyworker).post(url(record), {"area": area}).status_code == 422
    record.refresh_from_db()
    assert record.area == AREA
    with pytest.raises(Refused, match="PE-111"):
        actions.set_area(by=keyworker, at=worlds.BEGAN, record=record, area="E99999999")


@pytest.mark.parametrize("role", ["keyworker", "commissioner", "data_protection_lead", "front_desk"])
def test_another_service_and_roles_that_read_no_address_do_not_change_it(keyworker: Actor, role: str) -> None:
    record = worlds.person(keyworker, area=AREA)
    for client in (Client(), worlds.signed_in(worlds.worker(role))):
        answer = client.post(url(record), {"area": "E09000002"})
        assert answer.status_code == 403 or answer.headers["Location"].startswith("/sign-in/")
    record.refresh_from_db()
    assert record.area == AREA
