"""The boards of releases: who is on them, who may read what, and what they cost."""

from datetime import timedelta

import pytest
import worlds
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody
from throughcare.handovers.actions import release as releases
from throughcare.handovers.models import Readiness, Release
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

AREA = "E09000001"
DAY = timedelta(days=1)


class World:
    """A prison, its team, and a treatment service of the area."""

    def __init__(self) -> None:
        self.site: Site = worlds.site()
        self.team: Service = worlds.service("Prison team", sites=[self.site])
        self.prison: Actor = worlds.worker("prison_drug_worker", self.team)
        self.treatment: Service = worlds.service("Riverside", areas=[AREA])
        self.keyworker: Actor = worlds.worker("keyworker", self.treatment)

    def held(self, family: str, leaves: int | None = None, legal_status: str = "sentenced") -> Record:
        record = worlds.person(self.prison, family=family, area=AREA)
        stay = custody.receive(
            by=self.prison,
            at=worlds.BEGAN,
            record=record,
            site=self.site,
            since=worlds.BEGAN,
            legal_status=legal_status,
        )
        if leaves is not None:
            on = timezone.localdate() + leaves * DAY
            releases.date_known(by=self.prison, at=timezone.now(), stay=stay, release_date=on)
        return record

    def leaves(self, record: Record) -> None:
        now = timezone.now()
        stay = Release.objects.get(case__person=record.person_id).stay
        releases.left(by=self.prison, at=now, stay=stay, until=now)

    def page(self, actor: Actor) -> str:
        return worlds.signed_in(actor).get("/releases/").content.decode()


def test_the_prison_sees_who_leaves_soon_and_who_could_leave_any_day_and_nobody_twice() -> None:
    world = World()
    world.held("Soon", 3)
    world.held("Remand", legal_status="remand")
    world.held("Later", 60)
    page = world.page(world.prison)
    assert "Next 14 days (1)" in page
    assert "Could leave today (1)" in page
    assert page.count("Soon, James") >= 1
    assert "Remand, James" in page
    assert "Later, James" not in page


def test_a_moved_date_shows_where_it_stood_before() -> None:
    world = World()
    record = world.held("Moved", 5)
    stay = Release.objects.get(case__person=record.person_id).stay
    earlier = timezone.localdate() + 4 * DAY
    releases.date_known(by=world.prison, at=timezone.now(), stay=stay, release_date=earlier, reason="Friday rule")
    page = world.page(world.prison)
    before = timezone.localdate() + 5 * DAY
    assert page.index(f"{before:%a} {before.day} {before:%b}") < page.index(f"{earlier:%a} {earlier.day} {earlier:%b}")
    assert "moved to" in page


def test_the_prison_board_costs_seven_statements_beyond_the_fixed_cost_however_long_it_is() -> None:
    world = World()
    client = worlds.signed_in(world.prison)
    costs = []
    for number in range(30):
        record = world.held(f"Person {number}", 3 if number % 2 else None, "remand")
        if number % 3 == 0:
            worlds.sent(world.prison, record, world.treatment)
        if number in (3, 29):
            costs.append(len(worlds.own_statements(client, "/releases/", look=1)))
    assert costs[0] == costs[1] <= 7


def test_the_arrivals_board_costs_eight_statements_beyond_the_fixed_cost_however_long_it_is() -> None:
    world = World()
    client = worlds.signed_in(world.keyworker)
    costs = []
    for number in range(12):
        record = world.held(f"Person {number}", 3)
        worlds.sent(world.prison, record, world.treatment)
        if number % 2:
            world.leaves(record)
        if number in (3, 11):
            costs.append(len(worlds.own_statements(client, "/releases/", look=1)))
    assert costs[0] == costs[1] <= 8


def test_the_community_sees_whom_it_was_asked_about_and_nobody_else() -> None:
    world = World()
    asked = world.held("Asked", 3)
    world.held("Unasked", 3)
    worlds.sent(world.prison, asked, world.treatment)
    page = world.page(world.keyworker)
    assert "Expected in the next 14 days (1)" in page
    assert "Asked, James" in page
    assert "Unasked, James" not in page


def test_after_leaving_the_day_is_counted_until_treatment_starts() -> None:
    world = World()
    record = world.held("Left", 0)
    worlds.sent(world.prison, record, world.treatment)
    world.leaves(record)
    page = world.page(world.keyworker)
    assert "Left custody in the last 21 days (1)" in page
    assert "Day 0" in page
    assert "Not seen" in page


def test_operations_of_the_prison_read_no_medicine_on_the_board() -> None:
    world = World()
    operations = worlds.worker("prison_operations", worlds.service("Operations", sites=[world.site]))
    world.held("Soon", 3)
    page = world.page(operations)
    assert "Soon, James" in page
    assert "Prescribing cover" not in page
    assert "Naloxone" in page
    assert "Prescribing cover" in world.page(world.prison)


def test_coordinators_read_counts_without_names_and_the_few_are_not_told_apart() -> None:
    world = World()
    for number in range(6):
        world.held(f"Many {number}", 3)
    world.held("Few", 40)
    coordinator = worlds.worker("hjpc", worlds.service("Coordinators", areas=[AREA], takes_hand_overs=False))
    page = world.page(coordinator)
    assert "Many" not in page
    assert "Few, James" not in page
    assert ">6<" in page
    assert "under 5" in page
    elsewhere = worlds.worker("hjpc", worlds.service("Elsewhere", areas=["E09000002"], takes_hand_overs=False))
    assert ">6<" not in world.page(elsewhere)


def test_a_role_without_a_board_is_told_so() -> None:
    answer = worlds.signed_in(worlds.worker("front_desk")).get("/releases/")
    assert answer.status_code == 403
    assert "RL-111" in answer.content.decode()


def test_what_is_ready_is_said_from_the_board_kept_for_ever_and_the_same_form_twice_is_one_row() -> None:
    world = World()
    record = world.held("Soon", 3)
    case = Release.objects.get(case__person=record.person_id).case_id
    client = worlds.signed_in(world.prison)
    wrong = client.post(f"/releases/{case}/ready/", {"code": "naloxone", "words": "Kit given", "key": "k"})
    assert wrong.status_code == 422
    assert "Kit given" in wrong.content.decode()
    form = {"code": "naloxone", "state": "ready", "words": "Kit given", "key": "k"}
    for _ in range(2):
        assert client.post(f"/releases/{case}/ready/", form).status_code == 302
    assert Readiness.objects.count() == 1
    client.post(f"/releases/{case}/ready/", {**form, "state": "missing", "words": "Lost", "key": "l"})
    assert list(Readiness.objects.order_by("pk").values_list("state", flat=True)) == ["ready", "missing"]
    assert "Lost" in world.page(world.prison)


@pytest.mark.parametrize(("code", "number"), [("receiver", "RL-102"), ("cover", "RL-102"), ("teleport", "RL-102")])
def test_what_follows_from_elsewhere_cannot_be_said_by_hand(code: str, number: str) -> None:
    world = World()
    world.held("Soon", 3)
    with pytest.raises(Refused, match=number):
        releases.ready(by=world.prison, at=worlds.BEGAN, release=Release.objects.get(), code=code, state="ready")


def test_nothing_is_made_ready_for_somebody_who_has_left() -> None:
    world = World()
    record = world.held("Left", 3)
    worlds.sent(world.prison, record, world.treatment)
    release = Release.objects.get()
    world.leaves(record)
    with pytest.raises(Refused, match=r"RL-103|PR-202"):
        releases.ready(by=world.prison, at=timezone.now(), release=release, code="naloxone", state="ready")


def test_a_stranger_says_nothing_about_readiness() -> None:
    world = World()
    world.held("Soon", 3)
    with pytest.raises(Refused, match="PR-202"):
        releases.ready(
            by=worlds.worker(), at=worlds.BEGAN, release=Release.objects.get(), code="naloxone", state="ready"
        )


@pytest.mark.django_db
def test_probation_learns_that_a_referral_exists_and_not_with_whom_nor_opens_the_case() -> None:
    """The table gives probation a summary of a release: that treatment is asked, never which service or who."""
    site = worlds.site()
    prison = worlds.worker("prison_drug_worker", worlds.service(sites=[site]))
    officer = worlds.worker("responsible_officer", worlds.service("Probation office"))
    record = worlds.person(prison)
    stay = worlds.held(record, site)
    custody.set_release_date(
        by=prison, at=worlds.BEGAN, stay=stay, release_date=timezone.localdate() + timedelta(days=3)
    )
    treats = worlds.worker("keyworker", worlds.service("Riverside"))
    for to in (treats, officer):
        worlds.sent(prison, record, worlds.Service.objects.get(pk=to.service))
    client = worlds.signed_in(officer)
    board = client.get("/releases/").content.decode()
    assert record.family_name in board
    assert "Riverside" not in board
    assert client.get(f"/cases/{stay.releases.get().case_id}/").status_code == 403
