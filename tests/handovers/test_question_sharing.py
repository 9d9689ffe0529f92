"""What a question about prescribing opens and to whom; how it is corrected; and what callers may be told."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import worlds
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from throughcare.appointments import actions as diary
from throughcare.appointments.models import Appointment
from throughcare.events.acting import acting
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event
from throughcare.handovers.actions import question as actions
from throughcare.handovers.actions import sheet
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import CallerTold, CustodyQuestion
from throughcare.handovers.process.custody_question import ANSWER as ASKED_FOR
from throughcare.handovers.process.custody_question import CUSTODY_QUESTION, FACTS
from throughcare.handovers.process.hand_over import LADDER
from throughcare.handovers.rules.question import (
    ANSWERERS,
    ASKERS,
    CALLERS,
    FIELD_OF,
    MAY_BE_ASKED,
    TOLD,
    WHEN,
    beyond,
    confirmed_by,
    may_tell,
)
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.organisations.models import Service, Site
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Due, StepTaken, Strand
from throughcare.reference.calendar import LONDON
from throughcare.reference.roles import roles
from throughcare.reference.sharing import Access, rule
from throughcare.sharing.rule import readable, sight
from throughcare.today.queries import groups
from throughcare.web.faults import NotAllowed, Refused

ON = worlds.BEGAN.date()
ANSWER = {
    "who_prescribes": "Dr Shah, 020 7946 0009",
    "dose": "methadone 1 mg/ml, 60 mg once a day",
    "last_taken": "2026-11-23T08:10:00+00:00",
    "confirmed_by": "R. Patel, pharmacist",
}
CORRECTED = ANSWER | {"dose": "methadone 1 mg/ml, 40 mg once a day"}


class World:
    """A nurse, who covers a custody suite, asks a treatment service that has no record of the person."""

    def __init__(self, role: str = "custody_healthcare", at: datetime = worlds.BEGAN) -> None:
        self.at = at
        self.suite = worlds.site("Custody suite", "custody suite")
        self.nurse = worlds.worker(role, worlds.service("Suite healthcare", sites=[self.suite]))
        lead = {"manager_name": "M. Manager", "manager_telephone": "020 7946 0002"}
        self.team = worlds.service("Riverside", **lead)
        self.duty = worlds.worker("keyworker", self.team, name="Dee Duty")
        self.record = worlds.person(self.nurse)
        worlds.held(self.record, self.suite)
        self.case = self.ask().case_id

    def ask(self, of: Service | None = None, *, at: datetime | None = None) -> CustodyQuestion:
        return actions.ask(
            by=self.nurse,
            at=at or self.at,
            record=self.record,
            asked=of or self.team,
            reason="Withdrawing",
            call_back_number="020 7946 0003",
        )

    def take(self, by: Actor, verb: str, at: datetime | None = None, **facts: Any) -> StepTaken:
        return engine.take(by=by, at=at or self.at, case=self.case, verb=verb, facts=facts)

    @property
    def state(self) -> str:
        return Strand.objects.get(case=self.case).state

    def page(self, of: Actor, url: str = "") -> str:
        return unescape(worlds.signed_in(of).get(url or f"/cases/{self.case}/").content.decode())


def faults(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [fault.number for fault in refused.value.faults]


# Who may ask, who may answer: the table says so


@pytest.mark.parametrize("role", [role for role in roles() if role != "person"])
def test_those_answer_whose_role_reads_a_dose_in_the_table_and_nobody_else(role: str) -> None:
    row = rule("prescribing_medicines", role, ON)
    oversees = {"data_protection_lead", "caldicott_guardian"}
    reads = row.access is Access.SEE or (row.access is Access.SUMMARY and "dose" in row.summary_fields)
    assert (role in ANSWERERS) == (reads and role not in oversees)


@pytest.mark.parametrize("role", sorted(ASKERS))
def test_every_asker_may_read_every_part_of_the_answer(role: str) -> None:
    row = rule("prescribing_medicines", role, ON)
    for code in ASKED_FOR:
        assert FACTS[code].category == row.category
        assert row.access is Access.SEE or FACTS[code].field in row.summary_fields, code


@pytest.mark.django_db
def test_somebody_is_asked_about_only_where_they_are_held_or_known() -> None:
    world = World()
    diversion = worlds.worker("liaison_diversion", worlds.service(sites=[world.suite]))
    elsewhere = worlds.person(diversion)
    hospital = worlds.worker("hospital")
    worlds.sent(world.duty, theirs := worlds.person(world.duty), Service.objects.get(pk=hospital.service))
    stranger = worlds.worker("prison_healthcare")
    for asker, record, number in (
        (diversion, elsewhere, "CQ-105"),  # the table would hide the answer from them
        (hospital, theirs, "HO-104"),  # known to them through a hand-over alone
        (stranger, world.record, "HO-104"),
    ):
        with pytest.raises(Refused) as refused:
            actions.ask(
                by=asker, at=world.at, record=record, asked=world.team, reason="Why", call_back_number="020 7946 0003"
            )
        assert faults(refused) == [number]
    page = worlds.signed_in(diversion).get(f"/people/{elsewhere.person_id}/ask-who-prescribes/")
    assert page.status_code == 409
    assert "Record first that they came into custody" in page.content.decode()
    assert CustodyQuestion.objects.count() == 1


@pytest.mark.django_db
def test_a_ward_asks_about_its_own_patient_and_reads_what_the_summary_holds() -> None:
    world = World()
    ward = worlds.worker("hospital", worlds.service("Ward 7", takes_hand_overs=False))
    patient = worlds.person(ward, family="Inpatient")
    asked = actions.ask(
        by=ward, at=world.at, record=patient, asked=world.team, reason="Admitted", call_back_number="020 7946 0004"
    )
    engine.take(by=world.duty, at=world.at, case=asked.case_id, verb="answer_prescribing", facts=ANSWER)
    text = world.page(ward, f"/people/{patient.person_id}/")
    for shown in (ANSWER["who_prescribes"], ANSWER["dose"], "Mon 23 Nov 2026, 8:10am", "confirmed by R. Patel"):
        assert shown in text


@pytest.mark.django_db
def test_a_question_goes_where_somebody_may_answer_it_the_home_area_first() -> None:
    world = World()
    kinds = {role: worlds.worker(role, worlds.service(f"With a {role}")) for role in ("housing_worker", *MAY_BE_ASKED)}
    near = worlds.service("Zeta, which is near", areas=["E09000001"])
    worlds.worker("keyworker", near)
    record = worlds.person(world.nurse, family="Athome", area="E09000001")
    worlds.held(record, world.suite)
    text = world.page(world.nurse, f"/people/{record.person_id}/ask-who-prescribes/")
    offered = text.split("<select")[1].split("</select>")[0]
    assert "With a housing_worker" not in offered
    assert all(f"With a {role}" in offered for role in MAY_BE_ASKED)
    assert offered.index("Zeta, which is near") < offered.index("Riverside")
    with pytest.raises(Refused) as refused:
        world.ask(Service.objects.get(pk=kinds["housing_worker"].service))
    assert faults(refused) == ["CQ-102"]


@pytest.mark.django_db
def test_a_custody_nurse_who_opens_a_record_says_first_that_the_person_came() -> None:
    """The table lets custody healthcare read nobody before they are held: not even whom it has just written down."""
    world = World()
    client = worlds.signed_in(world.nurse)
    opened = client.post("/people/new/", {"given_name": "Nell", "family_name": "New", "key": "one-form"})
    person = Record.objects.get(family_name="New").person_id
    came = f"/people/{person}/custody/came/"
    assert (opened.status_code, opened.headers["Location"]) == (302, came)
    assert client.get(f"/people/{person}/").status_code == 403
    page = client.get(came).content.decode()
    assert "Nell New" in page
    assert f'href="/people/{person}/"' not in page
    local = timezone.localtime()
    day = {"day_day": local.day, "day_month": local.month, "day_year": local.year, "time": "12am"}
    answer = client.post(came, {"site": world.suite.pk, **day}, follow=True)
    assert answer.redirect_chain == [(f"/people/{person}/", 302)]
    assert "Ask who prescribes" in answer.content.decode()
    assert worlds.signed_in(worlds.worker("custody_healthcare")).get(came).status_code == 403
    keyworker = worlds.signed_in(world.duty)
    plain = keyworker.post("/people/new/", {"given_name": "Pat", "family_name": "Plain", "key": "another"})
    assert plain.headers["Location"] == f"/people/{Record.objects.get(family_name='Plain').person_id}/"


# What it opens


@pytest.mark.django_db
def test_whoever_is_asked_learns_who_it_is_about_and_nothing_of_what_others_know() -> None:
    world = World()
    other = worlds.worker("clinician", worlds.service("Aldergate"))
    hers = worlds.person(other)
    worlds.held(hers, world.suite)
    case = actions.ask(
        by=world.nurse, at=world.at, record=hers, asked=world.team, reason="Why", call_back_number="020 7946 0003"
    ).case
    now = timezone.now()
    diary.book(
        by=other, at=now, case=case, service=other.service or 0, starts_at=now + timedelta(days=1), place="Room 9"
    )
    where = Provenance(world.at, "prescriber", "Dr Roy")
    sheet.answer(by=other, at=world.at, record=hers, answers={"allergies": "Penicillin"}, where=where)

    assert set(sight(world.duty, hers.person_id, now).rules) == {"identity_core"}
    appointments = Appointment.objects.all()
    assert readable(appointments, other, "appointments_attendance", now, organisation="service__organisation").exists()
    assert not readable(
        appointments, world.duty, "appointments_attendance", now, organisation="service__organisation"
    ).exists()
    assert readable(Record.objects.all(), world.duty, "identity_core", now).filter(pk=hers.pk).exists()
    for url in (f"/people/{hers.person_id}/", f"/cases/{case.pk}/"):
        text = world.page(world.duty, url)
        assert hers.full_name in text
        for hidden in ("Penicillin", "Room 9", "Aldergate", "Custody suite", "held at"):
            assert hidden not in text, f"{hidden} on {url}"
    for url in (f"/people/{hers.person_id}/may-i-tell/", f"/people/{hers.person_id}/prescriber/"):
        assert worlds.signed_in(world.duty).get(url).status_code == 403


@pytest.mark.django_db
def test_a_service_that_knows_the_person_by_itself_loses_nothing_by_being_asked() -> None:
    world = World()
    own = worlds.person(world.duty)
    before = set(sight(world.duty, own.person_id, world.at).rules)
    worlds.held(own, world.suite)
    actions.ask(
        by=world.nurse, at=world.at, record=own, asked=world.team, reason="Why", call_back_number="020 7946 0003"
    )
    assert before <= set(sight(world.duty, own.person_id, world.at).rules)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["front_desk", "peer_mentor"])
def test_a_colleague_who_may_not_read_a_dose_does_not_learn_that_custody_asks(role: str) -> None:
    world = World()
    colleague = worlds.worker(role, world.team)
    assert worlds.signed_in(colleague).get(f"/cases/{world.case}/").status_code == 403
    assert "asks who prescribes" not in world.page(colleague, "/")
    with pytest.raises(NotAllowed):
        world.take(colleague, "answer_prescribing", **ANSWER)
    assert world.state == "asked"


@pytest.mark.django_db
def test_the_asker_s_pages_are_the_same_whether_or_not_the_asked_service_knows_the_person() -> None:
    world = World()
    pages: list[list[str]] = []
    known, unknown = worlds.person(world.duty), worlds.person(world.nurse)
    for record in (known, unknown):
        worlds.held(record, world.suite)
        asked = actions.ask(
            by=world.nurse, at=world.at, record=record, asked=world.team, reason="Why", call_back_number="020 7946 0003"
        )
        pages.append(
            [
                _alike(world.page(world.nurse, url), record, asked.case_id)
                for url in (f"/people/{record.person_id}/ask-who-prescribes/", f"/cases/{asked.case_id}/")
            ]
        )
    assert pages[0] == pages[1]
    assert all("Riverside" in text for text in pages[0])


def _alike(text: str, record: Record, case: int) -> str:
    """A page without what differs from one person to the next: ids, keys of forms, and why the reader may see it."""
    text = re.sub(r'value="[^"]{30,}"|<details.*?</details>', "", text, flags=re.DOTALL)
    return re.sub(rf"/(people|cases)/({record.person_id}|{case})/", "", text)


# Answered, corrected, asked again, closed


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("R. Patel, pharmacist", "R. Patel, pharmacist"),
        ("Nobody", ""),
        ("nobody yet.", ""),
        ("no one", ""),
        ("Not confirmed", ""),
        ("unconfirmed", ""),
        ("not_known", ""),
        ("Unknown", ""),
        ("n/a", ""),
        ("?", ""),
        ("-", ""),
        ("None Such, nurse", "None Such, nurse"),
        ("Noone Patel", "Noone Patel"),
    ],
)
def test_what_nobody_confirmed_is_unconfirmed_however_that_is_put(written: str, who: str) -> None:
    assert confirmed_by(written) == who
    world = World()
    world.take(world.duty, "answer_prescribing", **ANSWER | {"confirmed_by": written})
    for url in (f"/cases/{world.case}/", f"/people/{world.record.person_id}/"):
        text = world.page(world.nurse, url)
        assert (text.count("Unconfirmed"), "nobody has confirmed it" in text) == ((0, False) if who else (3, True))
        assert (f"confirmed by {who}" in text) == bool(who)


@pytest.mark.django_db
def test_a_wrong_answer_is_corrected_the_asker_is_told_and_what_was_said_first_stays() -> None:
    world = World(at=timezone.now() - timedelta(hours=1))
    world.take(world.duty, "answer_prescribing", **ANSWER)
    form = world.page(world.duty, f"/cases/{world.case}/answer_prescribing/")
    assert "Correct the answer" in form
    assert ANSWER["dose"] in form
    step = world.take(world.duty, "answer_prescribing", at=world.at + timedelta(minutes=40), **CORRECTED)
    assert (step.row, step.flags, world.state) == ("CQU-010", [], "answered")
    assert Message.objects.filter(service=world.nurse.service, verb="custody_question.answer_prescribing").count() == 2
    text = world.page(world.nurse)
    assert text.index("40 mg") < text.index("Answered before") < text.index("60 mg")
    person = world.page(world.nurse, f"/people/{world.record.person_id}/")
    assert "40 mg" in person
    assert "60 mg" not in person


@pytest.mark.django_db
def test_an_answer_that_lacks_something_is_kept_and_flagged_and_shows_what_is_not_known() -> None:
    world = World()
    step = world.take(world.duty, "answer_prescribing", **{k: v for k, v in ANSWER.items() if k != "confirmed_by"})
    assert [number for number, _, _ in step.flags] == ["PR-104"]
    for url in (f"/cases/{world.case}/", f"/people/{world.record.person_id}/"):
        assert world.page(world.nurse, url).count("Unconfirmed") == 3


@pytest.mark.django_db
def test_an_answer_after_the_ladder_was_climbed_is_taken_and_stops_it() -> None:
    world = World()
    for hours in (2, 4, 6, 8):
        engine.sweep(world.at + timedelta(hours=hours))
    assert world.state == "escalated"
    world.take(world.duty, "answer_prescribing", at=world.at + timedelta(hours=9), **ANSWER)
    assert world.state == "answered"
    assert not Due.objects.filter(case=world.case, met_at=None, replaced_at=None).exists()
    assert engine.sweep(world.at + timedelta(days=30)) == 0


@pytest.mark.django_db
def test_asked_again_it_is_owed_anew_and_the_team_is_told_first_again() -> None:
    world = World()
    engine.sweep(world.at + timedelta(hours=2))
    world.take(world.duty, "answer_prescribing", at=world.at + timedelta(hours=3), **ANSWER)
    again = world.at + timedelta(hours=5)
    world.take(world.nurse, "ask_again", at=again, what_is_missing="Which strength?")
    due = Due.objects.get(case=world.case, met_at=None, replaced_at=None)
    assert due.due_at == again + timedelta(hours=2)
    assert CustodyQuestion.objects.get(pk=world.case).ladder == ""
    assert "Which strength?" in world.page(world.duty)
    engine.sweep(due.due_at)
    assert CustodyQuestion.objects.get(pk=world.case).ladder == LADDER[0]


@pytest.mark.django_db
def test_a_service_whose_answer_is_needed_no_more_is_told_so_without_a_name() -> None:
    world = World(at=timezone.now() - timedelta(minutes=5))
    world.take(world.nurse, "close", reason="Released without charge")
    outbox.deliver(timezone.now())
    told = [line.what for group in groups(world.duty, timezone.now()) for line in group.rows]
    assert told == [f"Question about prescribing {world.case}: question closed"]
    assert worlds.signed_in(world.duty).get(f"/cases/{world.case}/").status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked_at",
    [
        datetime(2026, 12, 18, 18, 0, tzinfo=LONDON),  # a Friday before Christmas
        datetime(2027, 3, 27, 23, 30, tzinfo=LONDON),  # the night in which an hour is left out
        datetime(2027, 10, 30, 23, 30, tzinfo=LONDON),  # the night in which an hour comes twice
    ],
)
def test_the_ladder_climbs_a_step_every_two_real_hours_by_day_and_by_night(asked_at: datetime) -> None:
    world = World()
    began = asked_at.astimezone(UTC)
    case = world.ask(at=began).case_id
    told = []
    for hours in (2, 4, 6, 8):
        assert engine.sweep(began + timedelta(hours=hours) - timedelta(seconds=1)) in (0, 1)  # the first question's own
        engine.sweep(began + timedelta(hours=hours))
        told.append(CustodyQuestion.objects.get(pk=case).ladder)
    assert told == [*LADDER, LADDER[-1]]
    missed = Due.objects.filter(case=case, missed_at__isnull=False).order_by("due_at").values_list("due_at", flat=True)
    assert [(due - began) / timedelta(hours=1) for due in missed] == [2, 4, 6, 8]


@pytest.mark.django_db
def test_the_asker_sees_on_every_page_that_nobody_answered_and_the_asked_service_whom_it_owes() -> None:
    world = World(at=timezone.now() - timedelta(hours=5))
    engine.sweep(world.at + timedelta(hours=2))
    engine.sweep(world.at + timedelta(hours=4))
    for url in ("/", f"/cases/{world.case}/", f"/people/{world.record.person_id}/"):
        assert "NOT ANSWERED" in world.page(world.nurse, url)
    for url in ("/", f"/cases/{world.case}/"):
        assert "020 7946 0002" in world.page(world.nurse, url)
    assert "Ring M. Manager" not in world.page(world.duty)


@pytest.mark.django_db
def test_today_reads_questions_in_one_statement_however_many_there_are() -> None:
    world = World()
    costs = []
    for further in (0, 6):
        for number in range(further):
            record = worlds.person(world.nurse, family=f"Person {number}")
            worlds.held(record, world.suite)
            asked = actions.ask(
                by=world.nurse, at=world.at, record=record, asked=world.team, reason="Why", call_back_number="0"
            )
            if number % 2:
                engine.take(by=world.duty, at=world.at, case=asked.case_id, verb="answer_prescribing", facts=ANSWER)
        for reader in (world.nurse, world.duty):
            statements = worlds.own_statements(worlds.signed_in(reader), "/", look=1)
            assert sum('FROM "handovers_custodyquestion"' in sql for sql in statements) == 1
            costs.append(len(statements))
    assert costs[:2] == costs[2:]


@pytest.mark.django_db
def test_a_person_s_page_reads_questions_and_callers_in_the_statements_that_it_has() -> None:
    world = World()
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    url = f"/people/{record.person_id}/"
    plain = len(worlds.own_statements(worlds.signed_in(clinician), url, look=2))
    tell(clinician, record, ["dose"])
    worlds.held(record, world.suite)
    actions.ask(
        by=world.nurse, at=world.at, record=record, asked=world.team, reason="Why", call_back_number="020 7946 0003"
    )
    colleague = worlds.worker("clinician", Service.objects.get(pk=clinician.service))
    assert len(worlds.own_statements(worlds.signed_in(colleague), url, look=2)) == plain <= 4


# May I tell this caller?


def tell(by: Actor, record: Record, told: list[str], *, caller: str = "hospital", **more: Any) -> CallerTold:
    return actions.told_caller(
        by=by,
        at=more.pop("at", worlds.BEGAN),
        record=record,
        caller=caller,
        name="Sr Okafor",
        number="020 7946 0005",
        told=told,
        **more,
    )


@pytest.mark.parametrize("role", sorted(CALLERS))
def test_every_condition_and_field_of_a_row_has_words_for_the_telephone(role: str) -> None:
    row = rule("prescribing_medicines", role, ON)
    words = may_tell(row, role)
    if row.access is Access.SEE or (row.access is Access.SUMMARY and set(row.summary_fields) & set(TOLD)):
        assert words.when == ", and ".join(WHEN[code] for code in row.conditions)
        assert words.when
    else:
        assert words.answer in ("No", "Not by telephone")
    for code, thing in TOLD.items():
        allowed = code not in beyond(row, TOLD)
        assert allowed == (row.access is Access.SEE or FIELD_OF.get(code, code) in _fields(row))
        if row.access is Access.SUMMARY:
            assert (thing in words.answer) == allowed
    assert words.basis == row.basis


def _fields(row: Any) -> tuple[str, ...]:
    return row.summary_fields if row.access is Access.SUMMARY else ()


def test_the_words_for_each_caller_of_an_evening() -> None:
    def words(role: str) -> tuple[str, str, str, str]:
        one = may_tell(rule("prescribing_medicines", role, ON), role)
        return one.answer, one.not_told, one.when, one.in_writing

    assert words("custody_healthcare") == (
        "Yes: the medicine, the dose, the last dose and who prescribes",
        "",
        "while the person is held there",
        "",
    )
    assert words("police_custody") == ("Not by telephone", "", "", "when health care must attend")
    assert words("court") == ("No", "", "", "")
    assert words("gp") == (
        "Only the medicine, the dose, who prescribes, allergies",
        "the last dose",
        "if the person is in their care",
        "",
    )
    assert words("responsible_officer") == (
        "Only whether they are prescribed a medicine for dependence",
        "the dose, the last dose, who prescribes",
        "with the person’s written consent in force, and while an order or licence runs that names their service",
        "",
    )


def test_on_a_day_without_a_table_nobody_may_be_told_anything() -> None:
    before = rule("prescribing_medicines", "custody_healthcare", date(2026, 11, 1))
    assert may_tell(before, "custody_healthcare").answer == "No"
    assert beyond(before, ["dose"]) == ["dose"]


@pytest.mark.django_db
def test_what_a_caller_was_told_stands_on_the_timeline_of_the_service_that_told_them_and_on_no_other() -> None:
    clinician = worlds.worker("clinician", name="Cleo Clinician")
    record = worlds.person(clinician)
    client, url = worlds.signed_in(clinician), f"/people/{record.person_id}/"
    typed = {"caller": "hospital", "name": "Sr Okafor", "number": "020 7946 0005", "told": ["dose", "prescriber"]}
    answers = [client.post(f"{url}may-i-tell/", typed | {"key": "one-form"}).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert CallerTold.objects.count() == 1
    assert Event.objects.filter(verb="caller.told").count() == 1
    colleague = worlds.worker("keyworker", Service.objects.get(pk=clinician.service))
    front_desk = worlds.worker("front_desk", Service.objects.get(pk=clinician.service))
    words = "Hospital ward or emergency department rang and was told: the dose, who prescribes"
    texts = {who: unescape(worlds.signed_in(who).get(url).content.decode()) for who in (colleague, front_desk)}
    assert words in texts[colleague]
    assert "Flagged" not in texts[colleague]
    assert "rang and was told" not in texts[front_desk]
    site = worlds.site()
    prison = worlds.worker("prison_healthcare", worlds.service(sites=[site]))
    worlds.held(record, site)
    assert "rang and was told" not in unescape(worlds.signed_in(prison).get(url).content.decode())


@pytest.mark.django_db
def test_what_was_told_against_the_table_is_kept_and_flagged() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    kept = tell(clinician, record, ["dose"], caller="police_custody")
    assert kept.beyond == ["dose"]
    assert tell(clinician, record, [], caller="court").beyond == []
    text = unescape(worlds.signed_in(clinician).get(f"/people/{record.person_id}/").content.decode())
    assert "Police custody rang and was told: the dose" in text
    assert "Flagged: the sharing table did not let them be told the dose" in text
    assert "Court rang and was told: nothing" in text


@pytest.mark.django_db
def test_a_form_is_nobody_else_s_and_a_stranger_records_nothing() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    tell(clinician, record, ["dose"], form="one-form")
    colleague = worlds.worker("clinician", Service.objects.get(pk=clinician.service))
    for by in (colleague, worlds.worker("clinician")):
        with pytest.raises(NotAllowed) as refused:
            tell(by, record, ["dose"], form="one-form")
        assert faults(refused) == ["SH-101"]
    housing = worlds.worker("housing_worker")
    with pytest.raises(NotAllowed) as refused:
        tell(housing, worlds.person(housing), ["dose"])
    assert faults(refused) == ["CQ-104"]
    assert CallerTold.objects.count() == 1


@pytest.mark.django_db
def test_what_a_caller_was_told_is_never_changed_or_removed() -> None:
    clinician = worlds.worker("clinician")
    kept = tell(clinician, worlds.person(clinician), ["dose"])
    for change in (
        lambda: CallerTold.objects.filter(pk=kept.pk).update(told=[]),
        lambda: CallerTold.objects.filter(pk=kept.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), acting(SYSTEM, worlds.BEGAN):
            change()
    assert CallerTold.objects.get().told == ["dose"]


@pytest.mark.django_db
def test_a_form_with_errors_keeps_what_was_typed() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    typed = {"caller": "gp", "name": "", "number": "020 7946 0008", "told": ["dose"]}
    answer = worlds.signed_in(clinician).post(f"/people/{record.person_id}/may-i-tell/", typed)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "FM-101" in text
    assert "020 7946 0008" in text
    assert text.count(" checked") == 2
    assert not CallerTold.objects.exists()


def test_the_process_is_the_reference_table_and_says_no_difference() -> None:
    assert CUSTODY_QUESTION.differs == {}
    assert [step.id for step in CUSTODY_QUESTION.steps] == [f"CQU-{number:03}" for number in range(1, 11)]


@pytest.mark.django_db
def test_asking_costs_the_same_however_much_was_asked_before() -> None:
    world = World()
    costs = []
    for number in range(3):
        record = worlds.person(world.nurse, family=f"Person {number}")
        worlds.held(record, Site.objects.get())
        with CaptureQueriesContext(connection) as sent:
            actions.ask(
                by=world.nurse, at=world.at, record=record, asked=world.team, reason="Why", call_back_number="0"
            )
        costs.append(len(sent))
    assert len(set(costs)) == 1
