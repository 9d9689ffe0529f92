"""The boards of releases: who is on them, who may read what, and what they cost."""

from datetime import timedelta
from typing import Any

import pytest
import worlds
from django.utils import timezone

from throughcare.events.actor import Actor
from throughcare.handovers.actions import custody, sheet
from throughcare.handovers.actions import release as releases
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import Readiness, Release
from throughcare.handovers.queries.release import known_of
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.web.faults import Refused
from throughcare.web.wording import day

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


def test_the_prison_board_costs_eight_statements_beyond_the_fixed_cost_however_long_it_is() -> None:
    world = World()
    client = worlds.signed_in(world.prison)
    costs = []
    for number in range(30):
        record = world.held(f"Person {number}", 3 if number % 2 else None, "remand")
        if number % 3 == 0:
            worlds.sent(world.prison, record, world.treatment)
        if number in (3, 29):
            costs.append(len(worlds.own_statements(client, "/releases/", look=1)))
    assert costs[0] == costs[1] <= 8


def test_the_arrivals_board_costs_nine_statements_beyond_the_fixed_cost_however_long_it_is() -> None:
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
    assert costs[0] == costs[1] <= 9


def test_a_person_s_page_costs_four_statements_beyond_the_fixed_cost_with_a_release_too() -> None:
    world = World()
    record = world.held("Soon", 3, "remand")
    worlds.sent(world.prison, record, world.treatment)
    for reader in (world.prison, world.keyworker):
        address = f"/people/{record.person_id}/"
        client = worlds.signed_in(reader)
        assert "Release from custody" in client.get(address).content.decode()
        assert len(worlds.own_statements(client, address, look=1)) <= 4


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


def test_whom_nobody_has_seen_comes_first_and_whoever_is_treated_last() -> None:
    world = World()
    families = ("Treated", "Seen", "Unseen")
    records = [world.held(family, 0) for family in families]
    for record, family in zip(records, families, strict=True):
        hand_over = worlds.sent(world.prison, record, world.treatment)
        world.leaves(record)
        case = Release.objects.get(case__person=record.person_id).case_id
        if family != "Unseen":
            worlds.take(world.keyworker, hand_over, "open_by_receiver", at=timezone.now())
            facts = {"attended_date": timezone.localdate().isoformat()}
            engine.take(by=world.keyworker, at=timezone.now(), case=case, verb="report_first_attended", facts=facts)
        if family == "Treated":
            facts = {"structured_start_date": timezone.localdate().isoformat(), "intervention_type": "psychosocial"}
            engine.take(by=world.keyworker, at=timezone.now(), case=case, verb="record_structured_start", facts=facts)
    page = world.page(world.keyworker)
    assert page.index("Unseen") < page.index(">Seen, ") < page.index("Treated")


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


class Probation:
    """Somebody held, with a date and two hand-overs: one to treatment, one to the probation officer who will act."""

    def __init__(self, role: str = "responsible_officer") -> None:
        self.site = worlds.site()
        self.prison = worlds.worker("prison_drug_worker", worlds.service(sites=[self.site]))
        self.officer = worlds.worker(role, worlds.service("Probation office", areas=["E09000001"]))
        self.record = worlds.person(self.prison, area="E09000001")
        self.stay = worlds.held(self.record, self.site)
        leaves = timezone.localdate() + timedelta(days=3)
        releases.date_known(by=self.prison, at=worlds.BEGAN, stay=self.stay, release_date=leaves)
        self.treats = worlds.worker("keyworker", worlds.service("Riverside"), name="Samira Keyworker")
        for to in (self.treats, self.officer):
            worlds.sent(self.prison, self.record, worlds.Service.objects.get(pk=to.service))
        self.case = self.stay.releases.get().case
        self.client = worlds.signed_in(self.officer)

    def page(self) -> str:
        return self.client.get(f"/cases/{self.case.pk}/").content.decode()

    def take(self, verb: str, by: Any = None, at: Any = None, **facts: object) -> Any:
        at = at or timezone.now()
        return engine.take(by=by or self.officer, at=at, case=self.case.pk, verb=verb, facts=facts)


@pytest.mark.django_db
def test_probation_learns_that_a_referral_exists_and_not_with_whom() -> None:
    """The table gives probation a summary of a release: that treatment is asked, never which service or who."""
    world = Probation()
    for page in (world.client.get("/releases/").content.decode(), world.page()):
        assert world.record.family_name in page
        assert "Riverside" not in page
        assert "Samira" not in page
    assert "Your role does not learn which other services are on this." in world.page()


@pytest.mark.django_db
def test_probation_records_what_the_table_asks_of_it_and_reads_what_it_wrote() -> None:
    world = Probation()
    world.take(
        "identify_needs", ongoing_need="opioid", area_of_return="E09000001", contact_details="Through the hostel"
    )
    assert "Through the hostel" in world.page()
    left = timezone.now()
    releases.left(by=world.prison, at=left, stay=world.stay, until=left)
    page = world.page()
    assert "Record the outcome for probation" in page
    assert "Riverside" not in page
    world.take("record_probation_outcome", attended_or_missed="attended", rescheduled_or_enforced="not_needed")
    assert world.case.strands.get(name="probation_outcome").state == "outcome_recorded"


@pytest.mark.django_db
def test_probation_that_acts_second_is_told_that_somebody_was_first_and_not_who() -> None:
    world = Probation()
    url = f"/cases/{world.case.pk}/identify_needs/"
    form = world.client.get(url).context["form"]
    answers = {"ongoing_need": "opioid", "area_of_return": "E09000001", "contact_details": "The hostel"}
    world.take("identify_needs", by=world.prison, **answers)
    hidden = {"version": form["version"].value(), "key": form["key"].value()}
    answer = world.client.post(url, {**answers, **hidden})
    assert answer.status_code == 409
    assert "Somebody acted on this first" in answer.content.decode()
    assert "Worker" not in answer.content.decode().partition("PR-201")[2].partition("</")[0]


@pytest.mark.django_db
def test_housing_says_where_the_first_night_is_and_reads_no_medicine() -> None:
    world = Probation("housing_worker")
    assert "Naloxone" not in world.page()
    url = f"/releases/{world.case.pk}/ready/"
    form = {"code": "first_night", "state": "ready", "words": "Hostel, Weir Street", "key": "one"}
    assert world.client.post(url, form).status_code == 302
    assert Readiness.objects.get().code == "first_night"
    refused = world.client.post(url, {**form, "code": "naloxone", "key": "two"})
    assert refused.status_code == 422
    assert Readiness.objects.count() == 1


@pytest.mark.django_db
def test_naloxone_that_the_clinical_sheet_has_is_ready_until_somebody_says_otherwise() -> None:
    site = worlds.site()
    nurse = worlds.worker("prison_healthcare", worlds.service(sites=[site]))
    record = worlds.person(nurse)
    stay = worlds.held(record, site)
    release = stay.releases.get()

    def stands() -> tuple[str, str]:
        return known_of([release], timezone.now())[release.case_id].said.get("naloxone", ("", ""))

    assert stands() == ("", "")
    where = Provenance(worlds.BEGAN, "given")
    sheet.write_down(by=nurse, at=worlds.BEGAN, record=record, answers={"naloxone": "yes"}, where=where)
    assert stands() == ("ready", f"Held on {day(worlds.BEGAN)}, unconfirmed")
    releases.ready(by=nurse, at=worlds.BEGAN, release=release, code="naloxone", state="missing", words="Kit used")
    assert stands() == ("missing", "Kit used")


@pytest.mark.django_db
def test_the_outcome_that_probation_owes_stands_on_its_today_and_may_be_recorded_after_the_21_days_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Probation()
    now = timezone.now()
    releases.left(by=world.prison, at=now, stay=world.stay, until=now)
    today = world.client.get("/").content.decode()
    assert "First appointments whose outcome you owe (1)" in today
    assert f"/cases/{world.case.pk}/record_probation_outcome/" in today
    later = now + timedelta(days=40)
    monkeypatch.setattr("throughcare.handovers.room.release.timezone.now", lambda: later)
    facts = {"attended_or_missed": "attended", "rescheduled_or_enforced": "not_needed"}
    world.take("record_probation_outcome", at=later, **facts)
    assert "First appointments whose outcome you owe" not in world.client.get("/").content.decode()


@pytest.mark.django_db
def test_an_older_answer_does_not_outlive_a_newer_one_and_none_counts_from_before_custody() -> None:
    site = worlds.site()
    nurse = worlds.worker("prison_healthcare", worlds.service(sites=[site]))
    outside = worlds.worker("clinician")
    record = worlds.person(nurse)
    release = worlds.held(record, site).releases.get()

    def said(by: Actor, value: str, at: Any) -> str:
        where, answers = Provenance(at, "given"), {"naloxone": value}
        sheet.write_down(by=by, at=at, record=record, answers=answers, where=where, checked_again=True)
        return known_of([release], at)[release.case_id].said.get("naloxone", ("", ""))[0]

    assert said(outside, "yes", worlds.BEGAN - DAY) == ""
    assert said(outside, "yes", worlds.BEGAN + DAY / 4) == "ready"
    assert said(nurse, "no", worlds.BEGAN + DAY / 2) == ""


@pytest.mark.django_db
def test_housing_learns_the_date_and_the_area_and_not_from_which_prison() -> None:
    world = Probation("housing_worker")
    for url in (f"/cases/{world.case.pk}/", f"/people/{world.record.person_id}/", f"/releases/{world.case.pk}/ready/"):
        page = world.client.get(url)
        assert page.status_code == 200
        assert "HMP Northgate" not in page.content.decode(), url


@pytest.mark.django_db
def test_who_covers_the_prison_and_is_on_neither_side_is_not_led_to_the_hand_over() -> None:
    world = World()
    healthcare = worlds.worker("prison_healthcare", worlds.service("Healthcare", sites=[world.site]))
    record = world.held("Quennell", 5)
    hand_over = worlds.sent(world.prison, record, world.treatment)
    assert f"/cases/{hand_over.case_id}/" in world.page(world.prison)
    page = world.page(healthcare)
    assert "Quennell" in page
    assert f"/cases/{hand_over.case_id}/" not in page
