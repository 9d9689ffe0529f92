"""What a hostile reading of releases found."""

from typing import Any

import pytest
import worlds
from django.utils import timezone
from handovers.test_release import AREA, BEGAN, DAY, HOUR
from handovers.test_release_boards import Probation
from handovers.test_returns import LATER, Story

from throughcare.events.actor import SYSTEM
from throughcare.handovers.actions import happened
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import CustodyStay, Readiness
from throughcare.handovers.queries.services import home_area_service
from throughcare.organisations import actions as organisations
from throughcare.people.models import PersonEvent
from throughcare.processes import universal
from throughcare.processes.models import Case

pytestmark = pytest.mark.django_db
OTHER = "E09000002"


def open_releases(world: Story) -> int:
    return Case.objects.filter(process="release", person=world.record.person_id, closed_at=None).count()


def test_the_front_door_of_another_area_is_not_the_front_door_of_this_one() -> None:
    first = worlds.service("Treatment here", areas=[AREA])
    worlds.worker("keyworker", first)
    away = worlds.service("Front door elsewhere", areas=[AREA, OTHER])
    organisations.name_front_door(by=SYSTEM, at=BEGAN, service=away, area=OTHER)
    assert home_area_service(AREA) == first.pk


def test_undoing_the_second_report_of_a_release_that_was_so_leaves_it_standing() -> None:
    world = Story()
    when = LATER.isoformat()
    world.report("released_unplanned", release_time=when, release_route="Court")
    court = worlds.worker("liaison_diversion")
    twice = world.report("released_unplanned", at=LATER + HOUR, by=court, release_time=when, release_route="Court")
    world.undo(twice, at=LATER + 2 * HOUR)
    assert world.state() == "released_unplanned"
    assert not CustodyStay.objects.filter(until=None).exists()


def test_undoing_a_second_report_after_the_page_leaves_the_release_standing() -> None:
    world = Story()
    world.left(at=LATER, route="court")
    twice = world.report("released_unplanned", at=LATER + HOUR, release_time=LATER.isoformat(), release_route="Court")
    world.undo(twice, at=LATER + 2 * HOUR)
    assert world.state() == "released_unplanned"
    assert not CustodyStay.objects.filter(until=None).exists()


@pytest.mark.parametrize("status", ["remand", "recalled", "not_known"])
def test_undoing_a_release_after_they_came_back_leaves_one_release(status: str) -> None:
    world = Story()
    event = world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    stay = world.comes(status, at=LATER + HOUR)
    world.undo(event, at=LATER + 2 * HOUR)
    assert open_releases(world) == 1
    assert (world.release().stay, world.release().left_at) == (stay, None)
    assert world.state() in ("in_custody", "recalled")


def test_undoing_the_first_of_two_releases_does_not_undo_the_second() -> None:
    world = Story()
    event = world.report("released_unplanned", release_time=LATER.isoformat(), release_route="Court")
    world.comes("remand", at=LATER + HOUR)
    world.left(at=LATER + DAY, route="court")
    world.undo(event, at=LATER + 2 * DAY)
    assert world.state() == "released_unplanned"
    assert not CustodyStay.objects.filter(until=None).exists()


def test_a_transfer_undone_goes_back_with_the_release() -> None:
    world = Story()
    case = world.case
    other = worlds.site("HMP Southgate")
    event = world.report("transferred", transfer_date="2026-11-25", receiving_site=str(other.pk))
    assert world.release().stay.site == other
    world.undo(event)
    assert (world.case, world.release().stay) == (case, world.stay)
    assert CustodyStay.objects.get(until=None) == world.stay


def test_two_transfers_the_first_undone() -> None:
    world = Story()
    other, third = worlds.site("HMP Southgate"), worlds.site("HMP Westgate")
    event = world.report("transferred", transfer_date="2026-11-24", receiving_site=str(other.pk))
    world.report("transferred", at=LATER + HOUR, transfer_date="2026-11-26", receiving_site=str(third.pk))
    world.undo(event, at=LATER + 2 * HOUR)
    assert CustodyStay.objects.get(until=None).site == third
    assert world.release().stay.site == third


def test_bail_that_is_undone_after_death() -> None:
    world = Story()
    bail = world.report("bailed", bail_date="2026-11-25", conditions="not_known", address="not_known")
    world.report("died", at=LATER + HOUR, date_of_death="2026-11-26", source_of_fact="x", by=world.manager)
    world.undo(bail, at=LATER + 2 * HOUR)
    assert open_releases(world) == 0
    assert not [s for s, _ in world.hand_overs() if s in ("sent", "received")]


def test_two_reports_of_one_bail_from_a_suite_one_undone() -> None:
    world = Story()
    suite = worlds.site("Suite", kind="custody suite")
    record = worlds.person(world.prison)
    worlds.held(record, suite)
    facts = {"bail_date": "2026-11-24", "conditions": "not_known", "address": "not_known"}
    universal.happened(by=world.officer, at=LATER, record=record, event="bailed", facts=facts)
    twice = universal.happened(by=world.officer, at=LATER + HOUR, record=record, event="bailed", facts=facts)
    world.undo(twice, at=LATER + 2 * HOUR)
    assert not CustodyStay.objects.filter(person=record.person_id, until=None).exists()


ROLES = ("prison_healthcare", "prison_operations", "custody_healthcare", "front_desk", "peer_mentor", "service_manager")
PAGES = ("", "home-area/", "custody/left/", "custody/release-date/", "sheet/", "happened/", "safe-contact/")


def of_the_prison(role: str) -> Any:
    """Somebody held today, known to another service, and a client of somebody in that role at the prison's service."""
    site = worlds.site()
    team = worlds.service("Prison team", sites=[site])
    record = worlds.person(worlds.worker("keyworker"))
    stay = worlds.held(record, site)
    releases.date_known(by=SYSTEM, at=timezone.now(), stay=stay, release_date=timezone.localdate() + 3 * DAY)
    return record, stay, worlds.signed_in(worlds.worker(role, team))


@pytest.mark.parametrize("role", ROLES)
def test_after_leaving_the_prison_s_roles_read_nothing_more(role: str) -> None:
    record, stay, client = of_the_prison(role)
    now = timezone.now()
    case = stay.releases.get().case.pk
    happened.left(by=SYSTEM, at=now, stay=stay, until=now)
    found = {u: client.get(f"/people/{record.person_id}/{u}").status_code for u in (*PAGES, "custody/came/")}
    assert set(found.values()) == {403}
    assert client.get(f"/cases/{case}/").status_code == 403


@pytest.mark.parametrize("role", ["front_desk", "peer_mentor", "custody_healthcare"])
def test_a_role_that_may_not_read_a_release_date_does_not_read_it_on_the_page_that_sets_it(role: str) -> None:
    record, stay, client = of_the_prison(role)
    page = client.get(f"/people/{record.person_id}/")
    assert page.status_code == 200
    url = f"/people/{record.person_id}/custody/release-date/"
    assert url not in page.content.decode()
    assert client.get(url).status_code == 403
    assert client.post(url, {"reason": "Adjourned"}).status_code == 403
    stay.refresh_from_db()
    assert stay.release_date == timezone.localdate() + 3 * DAY


def test_housing_comes_back_to_the_case_and_not_to_a_board_that_it_has_not() -> None:
    world = Probation("housing_worker")
    form = {"code": "first_night", "state": "ready", "words": "Hostel", "key": "one"}
    answer = world.client.post(f"/releases/{world.case.pk}/ready/", form, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == f"/cases/{world.case.pk}/"


def test_a_summary_of_a_release_holds_neither_the_identity_document_nor_the_transport() -> None:
    world = Probation("housing_worker")
    for page in (world.page(), world.client.get(f"/releases/{world.case.pk}/ready/").content.decode()):
        assert "Identity document" not in page
        assert "Transport" not in page


def ready_form(**changed: str) -> dict[str, str]:
    return {"code": "naloxone", "state": "ready", "words": "", "key": "one", **changed}


@pytest.mark.parametrize("changed", [{"code": "gate"}, {"state": "missing"}, {"words": "Kit used"}])
def test_what_is_ready_changed_after_going_back_is_refused_and_nothing_typed_is_lost(changed: dict[str, str]) -> None:
    world = Story()
    client = worlds.signed_in(worlds.worker("prison_healthcare", world.team))
    url = f"/releases/{world.case.pk}/ready/"
    assert client.post(url, ready_form()).status_code == 302
    assert client.post(url, ready_form()).status_code == 302
    answer = client.post(url, ready_form(**changed))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "RL-112" in page
    assert next(iter(changed.values())) in page
    assert Readiness.objects.count() == 1
    again = client.get(url).context["form"]["key"].value()
    assert client.post(url, ready_form(**changed, key=again)).status_code == 302
    assert Readiness.objects.count() == 2


def test_an_event_sent_again_with_another_answer_after_going_back_is_not_said_to_be_kept() -> None:
    world = Story()
    client = worlds.signed_in(world.officer)
    url = f"/people/{world.record.person_id}/happened/admitted_to_hospital/"
    today = timezone.localdate()
    typed = {"key": "one", "admission_date_day": today.day, "admission_date_month": today.month, "hospital": "General"}
    typed |= {"admission_date_year": today.year, "prescribing_summary_sent": "no"}
    assert client.post(url, typed).status_code == 302
    assert client.post(url, typed).status_code == 302
    answer = client.post(url, {**typed, "hospital": "Royal"})
    assert answer.status_code == 422
    assert "UE-105" in answer.content.decode()
    assert "Royal" in answer.content.decode()
    assert PersonEvent.objects.count() == 1
