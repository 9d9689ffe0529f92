"""Who works where: rows that only end, one service at a time, and no access an instant longer."""

from datetime import datetime, timedelta

import pytest
import worlds
from django.test import Client
from django.utils import timezone

from throughcare.accounts import actions as accounts
from throughcare.accounts.models import User
from throughcare.config import cli
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event, EventDetail
from throughcare.organisations import actions
from throughcare.organisations.models import Membership, Organisation, Service
from throughcare.organisations.queries import memberships_of, receiving_services
from throughcare.reference.roles import roles
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db
AT = worlds.BEGAN


def membership_of(actor: Actor) -> Membership:
    return Membership.objects.get(user=actor.user, service=actor.service, role=actor.role, until=None)


def end(actor: Actor, at: datetime | None = None) -> None:
    actions.leave(by=SYSTEM, at=at or timezone.now(), membership=membership_of(actor))


def somebody_without_a_team() -> Client:
    user = accounts.create(
        by=SYSTEM, at=AT, email="new@example.org", name="Somebody New", password=worlds.PASSWORD, telephone=""
    )
    client = Client()
    client.force_login(user)
    return client


def test_a_membership_that_ended_gives_no_access_at_the_next_request() -> None:
    keyworker = worlds.worker()
    record = worlds.person(keyworker, "Josephine", "Adeyemi")
    client = worlds.signed_in(keyworker)
    assert client.get(f"/people/{record.person_id}/").status_code == 200
    end(keyworker)
    for url in (f"/people/{record.person_id}/", "/people/", "/"):
        page = client.get(url)
        assert page.status_code == 403
        assert "OR-105" in page.content.decode()
        assert "Josephine" not in page.content.decode()


def test_a_membership_that_has_not_begun_gives_no_access_yet() -> None:
    user = User.objects.get(pk=worlds.worker().user)
    now = timezone.now()
    tomorrow = actions.join(by=SYSTEM, at=now + timedelta(days=1), user=user, service=worlds.service(), role="gp")
    assert tomorrow not in memberships_of(user.pk, now)
    assert tomorrow in memberships_of(user.pk, now + timedelta(days=2))


def test_a_membership_ends_at_its_very_moment() -> None:
    keyworker = worlds.worker()
    now = timezone.now()
    end(keyworker, now)
    assert keyworker.user is not None
    assert memberships_of(keyworker.user, now) == []
    assert len(memberships_of(keyworker.user, now - timedelta(microseconds=1))) == 1


def test_ending_one_of_two_memberships_leaves_the_other() -> None:
    first = worlds.worker()
    second = worlds.joins(first, worlds.service("Aldergate"))
    client = worlds.signed_in(first)
    end(first)
    page = client.get("/people/")
    assert page.status_code == 200
    assert page.wsgi_request.actor == second  # type: ignore[attr-defined]


def test_a_membership_ends_once_and_somebody_may_come_back_with_a_new_row() -> None:
    keyworker = worlds.worker()
    membership = membership_of(keyworker)
    end(keyworker)
    ended = Membership.objects.get(pk=membership.pk)
    with pytest.raises(Refused, match="OR-104"):
        actions.leave(by=SYSTEM, at=timezone.now(), membership=ended)
    again = worlds.joins(keyworker, Service.objects.get(pk=keyworker.service))
    assert again == keyworker
    assert Membership.objects.filter(user=keyworker.user).count() == 2


def test_one_user_acts_for_one_service_at_a_time_and_sees_only_its_people() -> None:
    riverside = worlds.worker()
    aldergate = worlds.joins(riverside, worlds.service("Aldergate, adult team"), "clinician")
    here, there = worlds.person(riverside, "Josephine"), worlds.person(aldergate, "Theodore")
    client = worlds.signed_in(riverside)
    assert "Josephine" in (page := client.get("/people/").content.decode())
    assert "Theodore" not in page
    assert client.get(f"/people/{there.person_id}/").status_code == 403
    answer = client.post("/acting-for/", {"membership": membership_of(aldergate).pk})
    assert answer.headers["Location"] == "/"
    assert "Theodore" in (page := client.get("/people/").content.decode())
    assert "Josephine" not in page
    assert "Aldergate, adult team" in page
    assert client.get(f"/people/{here.person_id}/").status_code == 403


def test_nobody_can_choose_to_act_for_a_service_that_is_not_theirs() -> None:
    keyworker, stranger = worlds.worker(), worlds.worker()
    client = worlds.signed_in(keyworker)
    for choice in (membership_of(stranger).pk, 10**30, "x", ""):
        page = client.post("/acting-for/", {"membership": choice})
        assert page.status_code in (200, 422)
        assert client.get("/people/").wsgi_request.actor == keyworker  # type: ignore[attr-defined]


def test_a_choice_in_the_session_of_a_membership_of_another_user_is_not_followed() -> None:
    keyworker, stranger = worlds.worker(), worlds.worker()
    client = worlds.signed_in(keyworker)
    session = client.session
    session["membership"] = membership_of(stranger).pk
    session.save()
    assert client.get("/people/").wsgi_request.actor == keyworker  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["/", "/people/", "/people/1/", "/help/sharing/", "/audit/", "/acting-for/"])
def test_somebody_without_a_team_is_told_so_with_its_number(url: str) -> None:
    page = somebody_without_a_team().get(url)
    assert page.status_code == 403
    assert "OR-105" in page.content.decode()


@pytest.mark.parametrize(("url", "status"), [("/help/", 200), ("/help/processes/hand_over/", 200), ("/health/", 503)])
def test_somebody_without_a_team_can_read_what_everybody_can(url: str, status: int) -> None:
    assert somebody_without_a_team().get(url).status_code == status


def test_somebody_without_a_team_can_sign_out() -> None:
    client = somebody_without_a_team()
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/").headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("code", ["E99999999", "", "e08000012", "Northbridge"])
def test_an_area_that_nobody_knows_is_refused_with_its_number(code: str) -> None:
    body = worlds.organisation()
    with pytest.raises(Refused, match="OR-101") as refused:
        worlds.service("Outreach", of=body, areas=["E08000012", code])
    assert refused.value.faults[0].field == "areas"
    assert not Service.objects.exists()
    assert Event.objects.latest("seq").subject == "OR-101"


@pytest.mark.parametrize("role", ["wizard", "", "person", "Keyworker", "system"])
def test_a_role_that_no_member_of_staff_holds_is_refused_with_its_number(role: str) -> None:
    user = User.objects.get(pk=worlds.worker().user)
    with pytest.raises(Refused, match="OR-102") as refused:
        actions.join(by=SYSTEM, at=AT, user=user, service=worlds.service(), role=role)
    assert refused.value.faults[0].field == "role"
    assert Membership.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("role", [role for role in roles() if role != "person"])
def test_every_role_of_the_table_can_be_held(role: str) -> None:
    assert worlds.worker(role).role_name == roles()[role].name


def test_the_same_role_at_the_same_service_twice_is_refused_and_another_role_is_not() -> None:
    keyworker = worlds.worker()
    here = Service.objects.get(pk=keyworker.service)
    with pytest.raises(Refused, match="OR-103"):
        worlds.joins(keyworker, here)
    assert worlds.joins(keyworker, here, "clinician").role == "clinician"


def test_joining_and_leaving_are_events_with_ids_and_no_names() -> None:
    keyworker = worlds.worker(name="Josephine Adeyemi")
    end(keyworker)
    began, ended = Event.objects.filter(verb__startswith="membership.").order_by("seq")
    assert (began.verb, ended.verb) == ("membership.began", "membership.ended")
    assert began.subject == ended.subject == f"membership {Membership.objects.get().pk}"
    assert "Josephine" not in "".join(EventDetail.objects.values_list("body", flat=True))


def test_a_hand_over_goes_to_every_service_that_takes_them_but_ones_own() -> None:
    own, other = worlds.service("Aldergate"), worlds.service("Kestrel")
    worlds.service("Council", takes_hand_overs=False)
    assert list(receiving_services(other_than=own.pk)) == [other]
    assert list(receiving_services(other_than=None)) == [own, other]


def test_what_is_set_up_stands_as_it_was_given() -> None:
    prison = worlds.site()
    team = worlds.service("Duty team", sites=[prison], areas=["E08000012", "E08000013"], mailbox="duty@example.org")
    again = Service.objects.get(pk=team.pk)
    assert [site.name for site in again.sites.all()] == ["HMP Northgate"]
    assert {served.area for served in again.areas.all()} == {"E08000012", "E08000013"}
    assert (again.name, again.mailbox, again.takes_hand_overs) == ("Duty team", "duty@example.org", True)
    assert Organisation.objects.filter(pk=again.organisation_id).exists()


def test_the_command_names_the_front_door_of_an_area_and_lists_who_answers_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = worlds.organisation("Aire Recovery")
    worlds.service("Duty team", of=body)
    words = ["front-door", "--area", "E08000035", "--organisation", "Aire Recovery", "--service"]
    assert cli.run([*words, "Night team"]) == 2
    assert "OR-109" in capsys.readouterr().err
    assert cli.run(["front-door"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.run([*words, "Duty team"]) == 0
    assert capsys.readouterr().out == "E08000035  Leeds: Duty team, Aire Recovery\n"
