"""Prescribing responsibility: a named prescriber, covered until a moment; a gap is a deadline for both sides."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import worlds
from hypothesis import given
from hypothesis import strategies as st

from throughcare.events.actor import Actor
from throughcare.handovers.actions import cover as actions
from throughcare.handovers.models import PrescribingCover
from throughcare.handovers.rules.cover import Cover, end_of, gap_words
from throughcare.messages.models import Message
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, Strand
from throughcare.web.faults import NotAllowed, Refused

THURSDAY = datetime(2026, 11, 26, 23, 59, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
YEARS = timedelta(days=2 * 365)
MOMENTS = st.timedeltas(timedelta(), YEARS).map(lambda passed: THURSDAY + passed - YEARS / 2)


def kept(by: Actor, record: Record, until: datetime = THURSDAY, then: datetime | None = None, **more: Any) -> Any:
    cover = Cover("Dr A. Shah", until, "Dr B. Roy" if then else "", then)
    return actions.keep(by=by, at=worlds.BEGAN, record=record, cover=cover, telephone="0161 496 0001", **more)


class World:
    """A clinician hands over somebody they prescribe for to another clinician."""

    def __init__(self) -> None:
        self.sender, self.receiver = worlds.worker("clinician"), worlds.worker("clinician")
        self.record = worlds.person(self.sender)
        self.hand_over = worlds.drafted(self.sender, self.record, Service.objects.get(pk=self.receiver.service))
        self.case = self.hand_over.case_id

    def send(self) -> None:
        worlds.take(self.sender, self.hand_over, "send")

    @property
    def watched(self) -> str | None:
        return dict(Strand.objects.filter(case=self.case).values_list("name", "state")).get("cover")

    def deadlines(self) -> dict[int, date]:
        """The open deadlines of the gap: whose, and on which day."""
        open_ones = Due.objects.filter(case=self.case, strand="cover", met_at=None, replaced_at=None)
        return {due.owner_id: due.due_at.date() for due in open_ones if due.owner_id}

    def told(self, verb: str) -> list[int]:
        verbs = Message.objects.filter(case=self.case, verb=f"hand_over.{verb}")
        return sorted(verbs.values_list("service", flat=True))

    @property
    def both(self) -> list[int]:
        return sorted([self.sender.service or 0, self.receiver.service or 0])


# The rule


@given(MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_nobody_is_ever_uncovered_without_a_gap_and_a_gap_shows_in_words(
    until: datetime, then: datetime | None, now: datetime
) -> None:
    cover = Cover("A", until, "B" if then else "", then)
    assert bool(gap_words(cover)) == cover.has_gap
    if cover.ended(now):
        assert cover.has_gap
        assert cover.at_risk(now)
    if cover.at_risk(now):
        assert cover.has_gap
    if cover.gap is not None:
        assert cover.gap >= timedelta()
        assert (cover.gap > timedelta()) == cover.has_gap


def test_a_gap_of_a_weekend_says_how_long_and_between_which_days() -> None:
    assert gap_words(Cover("A", THURSDAY, "B", SATURDAY)) == "GAP 2 days (ends Thu 26 Nov 2026, next Sat 28 Nov 2026)"
    assert gap_words(Cover("A", THURSDAY)) == "NO NEXT PRESCRIBER (ends Thu 26 Nov 2026)"
    few_hours = Cover("A", SATURDAY, "B", SATURDAY + timedelta(hours=4))
    assert gap_words(few_hours) == "GAP (ends Sat 28 Nov 2026, 10am, next Sat 28 Nov 2026, 2pm)"
    assert gap_words(Cover("A", SATURDAY, "B", SATURDAY)) == ""


def test_a_prescription_covers_its_last_day_whole_on_both_sides_of_a_clock_change() -> None:
    assert end_of(date(2026, 10, 25)) == datetime(2026, 10, 25, 23, 59, tzinfo=UTC)
    assert end_of(date(2027, 3, 28)) == datetime(2027, 3, 28, 22, 59, tzinfo=UTC)


# The act


@pytest.mark.django_db
def test_one_prescriber_stands_and_the_history_stays() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    first = kept(clinician, record)
    second = kept(clinician, record, SATURDAY, replaces=first.pk)
    assert list(PrescribingCover.objects.filter(replaced_at=None)) == [second]
    assert PrescribingCover.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cover", "field"),
    [(Cover("A", THURSDAY, "B", None), "next_from"), (Cover("A", THURSDAY, "", SATURDAY), "next_prescriber")],
)
def test_whoever_is_next_has_a_name_and_a_moment(cover: Cover, field: str) -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    with pytest.raises(Refused) as refused:
        actions.keep(by=clinician, at=worlds.BEGAN, record=record, cover=cover, telephone="")
    assert [(fault.number, fault.field) for fault in refused.value.faults] == [("PC-102", field)]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["prison_drug_worker", "housing_worker", "front_desk", "reconnect"])
def test_who_prescribes_is_said_by_those_alone_who_see_the_whole_of_prescribing(role: str) -> None:
    worker = worlds.worker(role)
    record = worlds.person(worker)
    with pytest.raises(NotAllowed):
        kept(worker, record)
    answer = worlds.signed_in(worker).get(f"/people/{record.person_id}/prescriber/")
    assert answer.status_code == 403
    assert "Who prescribes" not in worlds.signed_in(worker).get(f"/people/{record.person_id}/").content.decode()


@pytest.mark.django_db
def test_a_service_manager_neither_reads_nor_replaces_the_prescriber_whom_another_organisation_wrote_down() -> None:
    """The table lets managers see the prescribing of their own organisation, and of no other."""
    clinician, manager = worlds.worker("clinician"), worlds.worker("service_manager")
    record = worlds.person(clinician)
    kept(clinician, record)
    worlds.sent(clinician, record, Service.objects.get(pk=manager.service))
    client = worlds.signed_in(manager)
    for page in ("", "sheet/"):
        assert "covered until" not in client.get(f"/people/{record.person_id}/{page}").content.decode()
    assert client.get(f"/people/{record.person_id}/prescriber/").status_code == 403
    with pytest.raises(NotAllowed):
        kept(manager, record)


@pytest.mark.django_db
def test_the_form_says_when_somebody_changed_it_first_and_keeps_what_was_typed() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    url, client = f"/people/{record.person_id}/prescriber/", worlds.signed_in(clinician)
    typed = {
        "prescriber": "Dr C. Ode",
        "telephone": "0161 496 0002",
        "covered_until_day_day": "26",
        "covered_until_day_month": "11",
        "covered_until_day_year": "2026",
        "covered_until_time": "5pm",
        "replaces": "0",
    }
    kept(clinician, record)
    conflict = client.post(url, typed)
    assert conflict.status_code == 422
    assert "PC-103" in conflict.content.decode()
    assert "Dr C. Ode" in conflict.content.decode()
    again = client.post(url, typed | {"replaces": str(PrescribingCover.objects.get().pk)})
    assert again.status_code == 302
    assert PrescribingCover.objects.get(replaced_at=None).covered_until == datetime(2026, 11, 26, 17, tzinfo=UTC)


@pytest.mark.django_db
def test_a_next_prescriber_with_a_day_but_no_time_is_asked_for_the_time() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    typed = {
        "prescriber": "Dr C. Ode",
        "telephone": "0161 496 0002",
        "covered_until_day_day": "26",
        "covered_until_day_month": "11",
        "covered_until_day_year": "2026",
        "covered_until_time": "5pm",
        "next_prescriber": "Dr A. Shah",
        "next_from_day_day": "27",
        "next_from_day_month": "11",
        "next_from_day_year": "2026",
        "replaces": "0",
    }
    answer = worlds.signed_in(clinician).post(f"/people/{record.person_id}/prescriber/", typed)
    assert answer.status_code == 422
    assert "FM-116" in answer.content.decode()
    assert not PrescribingCover.objects.exists()


# The deadline of both sides


@pytest.mark.django_db
def test_a_gap_is_a_deadline_for_both_sides_from_the_moment_of_sending() -> None:
    world = World()
    kept(world.sender, world.record)
    assert world.watched is None, "a draft has one side"
    world.send()
    assert world.watched == "gap"
    assert world.deadlines() == dict.fromkeys(world.both, THURSDAY.date())
    assert world.told("raise_gap") == world.both


@pytest.mark.django_db
def test_a_later_end_moves_the_deadline_and_a_next_prescriber_closes_it() -> None:
    world = World()
    world.send()
    kept(world.sender, world.record)
    kept(world.sender, world.record, SATURDAY)
    assert world.deadlines() == dict.fromkeys(world.both, SATURDAY.date())
    kept(world.sender, world.record, SATURDAY, SATURDAY)
    assert world.watched == "covered"
    assert world.deadlines() == {}
    assert world.told("close_gap") == world.both


@pytest.mark.django_db
def test_cover_that_ends_with_nobody_next_is_told_to_both_sides_once() -> None:
    world = World()
    world.send()
    kept(world.sender, world.record)
    engine.sweep(THURSDAY + timedelta(minutes=1))
    engine.sweep(THURSDAY + timedelta(minutes=2))
    assert world.watched == "uncovered"
    assert world.told("report_uncovered") == world.both
    assert Due.objects.filter(case=world.case, strand="cover", missed_at__isnull=False).count() == 2
    assert not Strand.objects.filter(case=world.case, name="main", state="sent").exclude(state="sent").exists()
    kept(world.sender, world.record, SATURDAY, SATURDAY)
    assert world.watched == "covered"


@pytest.mark.django_db
def test_a_receiver_that_declines_no_longer_owes_the_cover_and_the_next_one_does() -> None:
    world = World()
    kept(world.sender, world.record)
    world.send()
    worlds.take(world.receiver, world.hand_over, "open_by_receiver")
    worlds.take(world.receiver, world.hand_over, "decline", decline_reason="no_safe_capacity")
    assert world.watched == "set_aside"
    assert world.deadlines() == {}
    other = worlds.worker("clinician")
    facts = {"receiving_service": str(other.service), "area_of_return": "E09000002", "reason": "Nearer"}
    worlds.take(world.sender, world.hand_over, "reroute", **facts)
    repeated = {"basis": "direct_care", "safe_contact": "Mobile", "opioid_agonist_medicine": "yes", "urgent": "no"}
    worlds.take(world.sender, world.hand_over, "send", **repeated)
    assert set(world.deadlines()) == {world.sender.service, other.service}


@pytest.mark.django_db
def test_a_hand_over_that_ends_takes_its_watch_of_prescribing_with_it() -> None:
    world = World()
    kept(world.sender, world.record)
    world.send()
    worlds.take(world.sender, world.hand_over, "withdraw", reason="Sent twice")
    assert world.watched == "ended"
    assert world.deadlines() == {}
    assert Case.objects.get(pk=world.case).closed_at is not None


@pytest.mark.django_db
def test_a_gap_is_red_on_the_today_of_both_sides_and_of_nobody_else() -> None:
    world = World()
    kept(world.sender, world.record, datetime.now(tz=UTC) + timedelta(days=2))
    world.send()
    worlds.take(world.receiver, world.hand_over, "open_by_receiver")
    stranger = worlds.worker("clinician")
    for actor, sees in ((world.sender, True), (world.receiver, True), (stranger, False)):
        text = worlds.signed_in(actor).get("/").content.decode()
        assert ("At risk this week" in text) == sees
        assert ("NO NEXT PRESCRIBER" in text) == sees
        assert ("Arrange cover" in text) == sees
    page = worlds.signed_in(world.receiver).get(f"/people/{world.record.person_id}/").content.decode()
    assert "Gap in prescribing" in page
    assert "Dr A. Shah, 0161 496 0001" in page
