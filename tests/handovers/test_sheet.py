"""The clinical sheet: each answer with its source and who confirmed it, read answer by answer by the one rule."""

from datetime import UTC, datetime, timedelta

import pytest
import worlds
from django.utils.timezone import localtime

from throughcare.events.actor import Actor
from throughcare.events.models import Event
from throughcare.handovers.actions import sheet as actions
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import Sheet, SheetSent
from throughcare.handovers.queries import sheet as queries
from throughcare.handovers.rules import sheet as rules
from throughcare.handovers.rules.sheet import PARTS, QUESTIONS, SAFETY_CODES, Item
from throughcare.organisations.models import Service
from throughcare.people.models import Record
from throughcare.reference.sharing import categories
from throughcare.sharing.rule import sight
from throughcare.web.faults import NotAllowed, Refused

pytestmark = pytest.mark.django_db
SEEN = datetime(2026, 11, 23, 8, 10, tzinfo=UTC)
DOSE = {"medicine": "methadone_1", "dose": "60 mg once a day", "supervision": "daily"}


def answered(by: Actor, record: Record, confirmed_by: str = "R. Patel, pharmacist", **answers: str) -> Sheet:
    where = Provenance(as_at=SEEN, source="pharmacy", confirmed_by=confirmed_by)
    return actions.answer(by=by, at=worlds.BEGAN, record=record, answers=answers, where=where)


def page(actor: Actor, url: str) -> str:
    return worlds.signed_in(actor).get(url).content.decode()


def test_every_question_names_a_category_and_a_field_of_the_disclosure_table() -> None:
    for code, fact in QUESTIONS.items():
        assert fact.category in categories(), code
        assert fact.field in categories()[fact.category].fields, code
    assert {rules.PART_OF[code] for code in QUESTIONS} == set(PARTS)
    assert set(SAFETY_CODES) <= set(QUESTIONS)


def test_the_record_page_shows_dose_source_time_and_who_confirmed_it() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE)
    answered(clinician, record, "", allergies="None known")
    text = page(clinician, f"/people/{record.person_id}/")
    assert "Methadone oral solution 1 mg/ml, 60 mg once a day, Every dose supervised" in text
    assert "as at Mon 23 Nov 2026, 8:10am; from: pharmacy; confirmed by R. Patel, pharmacist" in text
    assert "nobody has confirmed it" in text.split("Allergies")[1].split("</dd>")[0]
    assert "Unconfirmed" in text.split("Allergies")[1].split("</dd>")[0]
    assert "Unconfirmed" not in text.split("Methadone")[1].split("</dd>")[0]


def test_an_answer_confirmed_beside_one_that_is_not_looks_unconfirmed_as_a_whole() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, medicine="methadone_10")
    answered(clinician, record, "", dose="6 ml once a day")
    (row,) = queries.safety_rows(queries.items_of(record.person_id), {})
    assert (row.tag, row.value) == ("Unconfirmed", "Methadone oral solution 10 mg/ml, 6 ml once a day")


@pytest.mark.parametrize(
    ("answers", "where", "number", "field"),
    [
        ({"dose": "60"}, Provenance(SEEN, "given"), "CS-102", "dose"),
        ({"dose": "60 tablets"}, Provenance(SEEN, "given"), "CS-102", "dose"),
        ({"missed": "two"}, Provenance(SEEN, "given"), "CS-103", "missed"),
        ({"dose": "60 mg"}, Provenance(worlds.BEGAN + timedelta(minutes=1), "given"), "CS-104", "as_at"),
        ({"last_dose": "2026-11-24T09:00:00+00:00"}, Provenance(SEEN, "given"), "CS-104", "last_dose"),
        ({"injection_last": "2026-11-24"}, Provenance(SEEN, "given"), "CS-104", "injection_last"),
        ({"dose": "60 mg"}, Provenance(SEEN, "rumour"), "CS-105", "source"),
    ],
)
def test_an_answer_that_could_harm_is_refused_by_number_and_field(
    answers: dict[str, str], where: Provenance, number: str, field: str
) -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    with pytest.raises(Refused) as refused:
        actions.answer(by=clinician, at=worlds.BEGAN, record=record, answers=answers, where=where)
    assert [(fault.number, fault.field) for fault in refused.value.faults] == [(number, field)]
    assert not Sheet.objects.exists()
    assert Event.objects.filter(verb="refused", subject=number).count() == 1


@pytest.mark.parametrize("dose", ["60 mg once a day", "6ml", "2.5 mg", "12,5 mg", "500 micrograms", "8MG morning"])
def test_a_dose_is_a_number_with_its_unit(dose: str) -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    assert answered(clinician, record, dose=dose).items["dose"]["value"] == dose


@pytest.mark.parametrize("role", ["housing_worker", "peer_mentor", "front_desk", "prison_drug_worker"])
def test_a_dose_is_not_written_by_roles_that_may_not_see_the_whole_of_prescribing(role: str) -> None:
    worker = worlds.worker(role)
    record = worlds.person(worker)
    with pytest.raises(NotAllowed) as refused:
        answered(worker, record, **DOSE)
    assert refused.value.faults[0].number == "CS-101"
    answer = worlds.signed_in(worker).get(f"/people/{record.person_id}/sheet/opioid/")
    assert answer.status_code == 403
    assert "CS-101" in answer.content.decode()


def test_a_stranger_reads_no_sheet_and_does_not_learn_that_there_is_one() -> None:
    clinician, stranger = worlds.worker("clinician"), worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE)
    for url in ("sheet/", "sheet/print/", "sheet/opioid/", "prescriber/"):
        there = worlds.signed_in(stranger).get(f"/people/{record.person_id}/{url}")
        nowhere = worlds.signed_in(stranger).get(f"/people/99999/{url}")
        assert there.status_code == nowhere.status_code == 403
        assert "SH-101" in there.content.decode()


def test_only_changed_answers_take_the_new_source_unless_all_were_checked_again() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE)
    now = Provenance(as_at=worlds.BEGAN, source="person")
    changed = actions.answer(
        by=clinician, at=worlds.BEGAN, record=record, answers=DOSE | {"dose": "50 mg once a day"}, where=now
    )
    assert changed.items["dose"]["source"] == "person"
    assert changed.items["medicine"]["source"] == "pharmacy"
    again = actions.answer(by=clinician, at=worlds.BEGAN, record=record, answers=DOSE, where=now, checked_again=True)
    assert {one["source"] for one in again.items.values()} == {"person"}


def test_the_form_keeps_what_was_typed_when_a_colleague_changed_the_sheet_first() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    client, url = worlds.signed_in(clinician), f"/people/{record.person_id}/sheet/opioid/"
    typed = {
        "medicine": "methadone_1",
        "dose": "45 mg once a day",
        "stage": "",
        "supervision": "daily",
        "source": "prescriber",
        "confirmed_by": "Dr A. Shah",
        "version": "0",
        "as_at_day_day": "23",
        "as_at_day_month": "11",
        "as_at_day_year": "2026",
        "as_at_time": "9am",
    }
    answered(clinician, record, **DOSE)
    conflict = client.post(url, typed)
    text = conflict.content.decode()
    assert conflict.status_code == 422
    assert "CS-106" in text
    assert "45 mg once a day" in text
    assert Sheet.objects.get().items["dose"]["value"] == "60 mg once a day"
    again = client.post(url, typed | {"version": str(Sheet.objects.get().version)})
    assert again.status_code == 302
    assert Sheet.objects.get().items["dose"]["value"] == "45 mg once a day"


def test_the_sheet_as_sent_stays_and_what_changed_since_stands_beside_it() -> None:
    clinician, receiver = worlds.worker("clinician"), worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE, viruses="Not tested")
    hand_over = worlds.sent(clinician, record, Service.objects.get(pk=receiver.service), attached=("opioid",))
    answered(clinician, record, dose="50 mg once a day")
    url = f"/hand-overs/{hand_over.case_id}/sheet/"
    before = worlds.signed_in(receiver).get(url)
    assert before.status_code == 403, "what was written is hidden until the hand-over is opened"
    worlds.take(receiver, hand_over, "open_by_receiver")
    text = page(receiver, url)
    changed, as_sent = text.split("Changed or added since it was sent")[1].split("</div>", 1)[0], text
    assert "50 mg once a day" in changed
    assert "60 mg once a day" in as_sent
    assert "Not tested" not in text, "the part was not attached"
    assert SheetSent.objects.get().items[0]["value"] == "methadone_1"


def test_a_receiver_who_has_not_accepted_reads_only_the_parts_that_were_attached() -> None:
    clinician, receiver = worlds.worker("clinician"), worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE, self_harm="Cut her arm in June")
    hand_over = worlds.sent(clinician, record, Service.objects.get(pk=receiver.service), attached=("opioid",))
    worlds.take(receiver, hand_over, "open_by_receiver")
    text = page(receiver, f"/people/{record.person_id}/sheet/")
    assert "60 mg once a day" in text
    assert "Cut her arm" not in text
    worlds.take(receiver, hand_over, "accept", no_appointment_reason="By Friday", coordination_owner=str(receiver.user))
    assert "Cut her arm" in page(receiver, f"/people/{record.person_id}/sheet/")


def test_what_nobody_at_the_receiving_service_could_read_is_refused_at_sending_with_the_reason() -> None:
    clinician, housing = worlds.worker("clinician"), worlds.worker("housing_worker")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE)
    receiver = Service.objects.get(pk=housing.service)
    hand_over = worlds.drafted(clinician, record, receiver, attached=("opioid",))
    check = page(clinician, f"/cases/{hand_over.case_id}/send/")
    assert "Nobody there could read" in check
    with pytest.raises(Refused) as refused:
        worlds.take(clinician, hand_over, "send")
    (fault,) = refused.value.faults
    assert (fault.number, fault.field) == ("HO-105", "basis")
    assert "“Dose” is not for anybody there" in fault.rule
    assert not SheetSent.objects.exists()


def test_blood_borne_viruses_never_leave_by_hand_over_and_are_not_offered_ticked() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    answered(clinician, record, **DOSE, viruses="Hepatitis C treated in 2024")
    items = queries.items_of(record.person_id)
    assert queries.leaving_parts(items, localtime(worlds.BEGAN).date()) == ["opioid"]
    offered = queries.offered_parts(items, sight(clinician, record.person_id, worlds.BEGAN))
    assert [part for part, _ in offered] == ["opioid", "viruses"]


def test_the_view_of_another_organisation_stands_beside_ones_own_and_the_newest_comes_first() -> None:
    clinician = worlds.worker("clinician")
    record = worlds.person(clinician)
    old = Item("dose", "60 mg", SEEN, "given", "", "A", 1)
    new = Item("dose", "40 mg", SEEN + timedelta(hours=1), "given", "", "B", 2)
    assert [item.value for item in rules.readable([old, new], lambda *_: True)] == ["40 mg", "60 mg"]
    assert rules.current([old, new])["dose"] == new
    labels = [row.label for row in queries.rows([new, old], {})]
    assert labels == ["Dose", "Dose, as another has it"]
    assert record


@pytest.mark.parametrize(
    ("answers", "takes"),
    [
        ({}, ""),
        ({"medicine": "none"}, "no"),
        ({"medicine": "not_known"}, "not_known"),
        ({"medicine": "other"}, "yes"),
        ({"medicine": "none", "injection": "64 mg monthly"}, "yes"),
    ],
)
def test_whether_an_opioid_agonist_medicine_is_taken_follows_from_the_sheet(
    answers: dict[str, str], takes: str
) -> None:
    items = [Item(code, value, SEEN, "given", "", "A", 1) for code, value in answers.items()]
    assert rules.takes_opioid_medicine(items) == takes
