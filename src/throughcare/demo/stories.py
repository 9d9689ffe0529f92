"""The stories that the guide tells, told through the very actions that pages call.

A story is a generator: it yields the moment of what comes next, and then does it. The stories run beside each other in
the order of those moments, and the worker delivers and sweeps between them as it would have done.
"""

import heapq
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from throughcare.appointments import actions as diary
from throughcare.appointments.actions import Cancellation, Slot
from throughcare.appointments.models import Appointment
from throughcare.demo import area
from throughcare.demo.area import (
    ALDERGATE,
    AREA,
    CUSTODY_HEALTH,
    DIVERSION,
    HOUSING,
    PRISON_HEALTH,
    PRISON_SERVICE,
    PROBATION,
    QUAYSIDE,
    RIVERSIDE,
    SURGERY,
)
from throughcare.demo.moments import READ, WORKER, Days, moment
from throughcare.demo.names import LONGEST, MADE_UP_PEOPLE_AT_MOST, mobile, nhs_number, prison_number
from throughcare.events.acting import refusal, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import cover, custody, question, sheet
from throughcare.handovers.actions import hand_over as hand_overs
from throughcare.handovers.actions import release as releases
from throughcare.handovers.actions.hand_over import Draft
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import CustodyStay, HandOver
from throughcare.handovers.rules.cover import Cover, end_of
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.organisations.models import Site
from throughcare.people import actions as people
from throughcare.people.actions import Contact, Identity
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes import universal
from throughcare.processes.models import Due
from throughcare.sharing import looks
from throughcare.sharing.rule import sight
from throughcare.web.faults import NotAllowed

Story = Generator[datetime, None, None]
THURSDAY, FRIDAY = 3, 4
NUMBERS = MADE_UP_PEOPLE_AT_MOST - 18
"""The made-up NHS and prison numbers from here on belong to the stories; lives count from 0."""


@dataclass(frozen=True)
class Teller:
    """What a story needs: the days, who works where, and the acts it is made of."""

    days: Days
    staffed: area.Staffed

    def register(
        self,
        number: int,
        by: Actor,
        at: datetime,
        given: str,
        family: str,
        born: date,
        preferred: str = "",
        home: str = AREA,
    ) -> Record:
        """Open a record. `number` is the number of the story; `home` is empty where nobody knows the area."""
        identity = Identity(
            given_name=given,
            family_name=family,
            preferred_name=preferred,
            date_of_birth=born,
            address=f"{number * 3} Weir Street, Northbridge" if home else "",
            area=home,
            telephone=mobile(number),
            safe_contact="Mobile after 4pm. No messages that name the service.",
            nhs_number=nhs_number(NUMBERS + number),
            prison_number=prison_number(NUMBERS + number) if by.role == "prison_drug_worker" else "",
        )
        return people.register(by=by, at=at, identity=identity, made_up=True)

    def receive(self, by: Actor, at: datetime, record: Record, legal_status: str = "sentenced") -> CustodyStay:
        site = Site.objects.get(name=area.PRISON_SITE)
        return custody.receive(by=by, at=at, record=record, site=site, since=at, legal_status=legal_status)

    def draft(
        self,
        by: Actor,
        at: datetime,
        record: Record,
        to: str,
        reason: str,
        asked: str,
        *,
        opioid: str,
        urgent: str = "no",
        release: date | None = None,
        attached: tuple[str, ...] = (),
    ) -> HandOver:
        draft = Draft(
            receiver=self.staffed.service(to),
            reason=reason,
            asked=asked,
            basis="direct_care",
            safe_contact=record.safe_contact,
            opioid_agonist_medicine=opioid,
            urgent=urgent,
            release_date=release,
            attached=attached,
        )
        return hand_overs.draft(by=by, at=at, record=record, draft=draft)

    def answers(self, by: Actor, at: datetime, record: Record, source: str, confirmed_by: str, **answers: str) -> None:
        """Answers of the clinical sheet, as they stood at that moment."""
        where = Provenance(as_at=at, source=source, confirmed_by=confirmed_by)
        sheet.write_down(by=by, at=at, record=record, answers=answers, where=where)

    def take(self, by: Actor, at: datetime, hand_over: HandOver, verb: str, **facts: object) -> None:
        engine.take(by=by, at=at, case=hand_over.case_id, verb=verb, facts=facts)

    def opened(self, by: Actor, at: datetime, hand_over: HandOver) -> None:
        """The hand-over is opened, and its person's page read."""
        self.take(by, at, hand_over, "open_by_receiver")
        looks.at_person(by, hand_over.case.person_id, at)

    def turned_away(self, by: Actor, at: datetime, record: Record) -> None:
        """Somebody tried to read the page of a person who is not theirs to read about, and was refused."""
        try:
            sight(by, record.person_id, at)
        except NotAllowed as refused:
            word = refusal(refused, by=by, at=at)
            say(word.verb, by=by, at=at, person=word.person, subject=word.subject, detail=word.detail)

    def booked(self, by: Actor, at: datetime, record: Record, slot: Slot) -> Appointment:
        return diary.book_for(by=by, at=at, record=record, slot=slot)

    def came(self, by: Actor, at: datetime, booked: Appointment, outcome: str, words: str) -> None:
        diary.record_outcome(by=by, at=at, appointment=booked.pk, outcome=outcome, words=words)

    def accept(self, by: Actor, at: datetime, hand_over: HandOver, seen_at: datetime, place: str) -> None:
        self.take(
            by,
            at,
            hand_over,
            "accept",
            appointment_time=seen_at.isoformat(),
            place=place,
            coordination_owner=str(by.user),
        )


def james_adeyemi(t: Teller) -> Story:
    """James leaves HMP Northgate on Thursday. His hand-over was sent and nobody opened it: it climbs the ladder."""
    grace = t.staffed.actor(PRISON_SERVICE, "Grace Mbeki")
    yield (at := moment(t.days.before[120], 14, 5))
    james = t.register(1, grace, at, "James", "Adeyemi", date(1986, 3, 3), "Jay")
    t.receive(grace, at, james)
    rajan = t.staffed.actor(PRISON_HEALTH, "Rajan Pillai")
    yield (at := moment(t.days.before[2], 9, 10))
    t.answers(
        rajan,
        at,
        james,
        "given",
        "R. Pillai, prison nurse",
        medicine="methadone_1",
        dose="60 mg once a day",
        stage="stable",
        supervision="daily",
        last_dose=at.isoformat(),
        missed="0",
        script_end=t.days.next(THURSDAY).isoformat(),
    )
    t.answers(
        rajan,
        at,
        james,
        "person",
        "",
        allergies="None known",
        overdosed="yes",
        naloxone="no",
        pregnancy="no",
        units="0",
    )
    until = end_of(t.days.next(THURSDAY))
    cover.name_prescriber(
        by=rajan, at=at, record=james, cover=Cover("Dr S. Rao, Fellside", until), telephone="0113 496 0140"
    )
    yield (at := moment(t.days.before[2], 16, 20))
    hand_over = t.draft(
        grace,
        at,
        james,
        RIVERSIDE,
        "James takes methadone, 60 mg a day, supervised. His prison supply ends on the day he leaves.",
        "Please take over prescribing from the day he leaves, and see him within a day.",
        opioid="yes",
        release=t.days.next(THURSDAY),
        attached=("opioid", "medicines", "overdose"),
    )
    yield (at := moment(t.days.before[1], 16, 50))
    t.take(grace, at, hand_over, "send")


def tanisha_brook(t: Teller) -> Story:
    """Tanisha's hand-over was accepted within the day, with an appointment for the day she leaves."""
    lee, samuel = t.staffed.actor(PRISON_SERVICE, "Lee Sutcliffe"), t.staffed.actor(RIVERSIDE, "Samuel Okoro")
    yield (at := moment(t.days.before[60], 10, 40))
    tanisha = t.register(2, lee, at, "Tanisha", "Brook", date(1994, 11, 19))
    t.receive(lee, at, tanisha)
    leaves = t.days.ahead[2]
    rajan, anjali = t.staffed.actor(PRISON_HEALTH, "Rajan Pillai"), t.staffed.actor(RIVERSIDE, "Dr Anjali Shah")
    yield (at := moment(t.days.before[1], 9, 40))
    t.answers(
        rajan,
        at,
        tanisha,
        "given",
        "R. Pillai, prison nurse",
        medicine="buprenorphine",
        dose="16 mg once a day",
        stage="stable",
        supervision="daily",
        last_dose=at.isoformat(),
    )
    until = end_of(leaves)
    cover.name_prescriber(
        by=rajan, at=at, record=tanisha, cover=Cover("Dr S. Rao, Fellside", until), telephone="0113 496 0140"
    )
    yield (at := moment(t.days.before[0], 9, 30))
    hand_over = t.draft(
        lee,
        at,
        tanisha,
        RIVERSIDE,
        "Tanisha is on buprenorphine, stable for four months, and wants to carry on.",
        "A first appointment on the day she leaves.",
        opioid="yes",
        release=leaves,
        attached=("opioid",),
    )
    t.take(lee, at, hand_over, "send")
    yield (at := moment(t.days.before[0], 10, 50))
    t.opened(samuel, at, hand_over)
    yield (at := moment(t.days.before[0], 11, 20))
    t.accept(samuel, at, hand_over, moment(leaves, 14, 0), "Riverside, 2 Canal Side, ground floor")
    yield (at := moment(t.days.before[0], 12, 5))
    theirs = Cover("Dr S. Rao, Fellside", until, "Dr Anjali Shah, Riverside", moment(leaves, 14, 0))
    cover.name_prescriber(
        by=anjali,
        at=at,
        record=tanisha,
        cover=theirs,
        telephone="0113 496 0140",
        next_telephone="0113 496 0118",
    )


def michael_cole(t: Teller) -> Story:
    """Michael left HMP Northgate on Friday. He was taken on, did not come that afternoon, and nobody has seen him."""
    grace, beth = t.staffed.actor(PRISON_SERVICE, "Grace Mbeki"), t.staffed.actor(RIVERSIDE, "Beth Hargreaves")
    friday = t.days.last(FRIDAY)
    week_before = Days(friday).before[4]
    yield (at := moment(Days(friday).before[90], 15, 10))
    michael = t.register(3, grace, at, "Michael", "Cole", date(1979, 7, 28))
    stay = t.receive(grace, at, michael)
    yield (at := moment(week_before, 9, 15))
    hand_over = t.draft(
        grace,
        at,
        michael,
        RIVERSIDE,
        "Michael used heroin daily before prison and takes no medicine now: his tolerance is low.",
        "Naloxone and a first appointment on the day he leaves.",
        opioid="no",
        release=friday,
    )
    t.take(grace, at, hand_over, "send")
    yield (at := moment(week_before, 10, 5))
    t.opened(beth, at, hand_over)
    yield (at := moment(week_before, 11, 45))
    t.accept(beth, at, hand_over, moment(friday, 14, 30), "Riverside, 2 Canal Side, ground floor")
    yield (at := moment(friday, 9, 20))
    releases.left(by=grace, at=at, stay=stay, until=at)


def siobhan_o_rourke(t: Teller) -> Story:
    """Siobhán was declined: no safe space in time. The prison stays responsible and must find another service.

    Riverside's front desk, which has nothing to do with her, tried to open her page and was refused.
    """
    lee, pauline = t.staffed.actor(PRISON_SERVICE, "Lee Sutcliffe"), t.staffed.actor(ALDERGATE, "Pauline Jarvis")
    yield (at := moment(t.days.before[40], 11, 25))
    siobhan = t.register(4, lee, at, "Siobhán", "O'Rourke", date(1990, 1, 31))
    t.receive(lee, at, siobhan)
    yield (at := moment(t.days.before[1], 13, 50))
    hand_over = t.draft(
        lee,
        at,
        siobhan,
        ALDERGATE,
        "Siobhán drank heavily before prison and has had withdrawal fits.",
        "Assessment within a week of her leaving.",
        opioid="no",
        release=t.days.ahead[4],
    )
    t.take(lee, at, hand_over, "send")
    yield (at := moment(t.days.before[1], 15, 15))
    t.opened(pauline, at, hand_over)
    yield (at := moment(t.days.before[0], 11, 10))
    t.turned_away(t.staffed.actor(RIVERSIDE, "Jo Li"), at, siobhan)
    yield (at := moment(t.days.before[0], 14, 40))
    t.take(pauline, at, hand_over, "decline", decline_reason="no_safe_capacity")


def kwame_boateng_mensah(t: Teller) -> Story:
    """Riverside asked probation a question about Kwame. The answer is waited for, and the clock runs on."""
    fiona, yasmin = t.staffed.actor(PROBATION, "Fiona Campbell-Reid"), t.staffed.actor(RIVERSIDE, "Yasmin Qureshi")
    yield (at := moment(t.days.before[9], 10, 0))
    kwame = t.register(5, fiona, at, "Kwame", "Boateng-Mensah", date(1999, 5, 6))
    yield (at := moment(t.days.before[1], 16, 10))
    hand_over = t.draft(
        fiona,
        at,
        kwame,
        RIVERSIDE,
        "Kwame has a drug rehabilitation requirement of six months.",
        "Assessment, and a start date for the requirement.",
        opioid="not_known",
    )
    t.take(fiona, at, hand_over, "send")
    yield (at := moment(t.days.before[0], 9, 40))
    t.opened(yasmin, at, hand_over)
    yield (at := moment(t.days.before[0], 15, 30))
    question = "Does he take methadone or buprenorphine, and who prescribes it?"
    t.take(yasmin, at, hand_over, "ask_question", question=question, call_back_number="0113 496 0181")


def chloe_hart(t: Teller) -> Story:
    """Chloe was bailed by the court in the afternoon. The urgent hand-over was opened but not answered by 5pm."""
    esther, samuel = t.staffed.actor(DIVERSION, "Esther Quaye"), t.staffed.actor(RIVERSIDE, "Samuel Okoro")
    yield (at := moment(t.days.before[0], 14, 35))
    chloe = t.register(6, esther, at, "Chloe", "Hart", date(2002, 9, 12))
    yield (at := moment(t.days.before[0], 15, 40))
    hand_over = t.draft(
        esther,
        at,
        chloe,
        RIVERSIDE,
        "Chloe was bailed by Northbridge magistrates this afternoon. She uses heroin daily and has no prescriber.",
        "Please see her tomorrow: she has nothing to take.",
        opioid="no",
        urgent="yes",
    )
    t.take(esther, at, hand_over, "send")
    yield (at := moment(t.days.before[0], 16, 5))
    t.opened(samuel, at, hand_over)


def ioan_prydderch(t: Teller) -> Story:
    """Riverside asks the housing service for a tenancy for Ioan, who sleeps on a friend's floor.

    It also asks a practice for which nobody signs in to look after his leg: that one waits for an answer by link.
    """
    beth = t.staffed.actor(RIVERSIDE, "Beth Hargreaves")
    yield (at := moment(t.days.before[70], 13, 15))
    ioan = t.register(7, beth, at, "Ioan", "Prydderch", date(1983, 12, 2))
    yield (at := moment(t.days.before[12], 11, 0))
    seen, missed = (
        t.booked(beth, at, ioan, Slot(moment(t.days.before[day], 14, 0), "in_person", "Riverside House, room 2"))
        for day in (9, 4)
    )
    yield (at := moment(t.days.before[9], 14, 50))
    t.came(beth, at, seen, "late", "Came at twenty past")
    yield (at := moment(t.days.before[4], 14, 40))
    t.came(beth, at, missed, "did_not_attend", "No word from him")
    yield (at := moment(t.days.before[3], 10, 15))
    for_video = t.booked(beth, at, ioan, Slot(moment(t.days.ahead[0], 13, 30), "video"))
    yield (at := moment(t.days.before[1], 15, 5))
    by_telephone = Slot(moment(t.days.ahead[0], 14, 0), "telephone", "on his mobile")
    how = Cancellation("person", "travel", "His data has run out")
    diary.rebook(by=beth, at=at, appointment=for_video.pk, cancellation=how, slot=by_telephone)
    yield (at := moment(t.days.before[0], 16, 20))
    contact = Contact(
        telephone=ioan.telephone,
        email="ioan.prydderch@example.org",
        safe_contact="E-mail is read by him alone. Do not ring before noon.",
        may_email=True,
    )
    people.set_contact(by=beth, at=at, record=ioan, contact=contact)
    yield (at := moment(t.days.before[0], 16, 25))
    hand_over = t.draft(
        beth,
        at,
        ioan,
        HOUSING,
        "Ioan has slept on a friend's floor since September and has been asked to leave by the end of the month.",
        "A supported tenancy, and a visit this week.",
        opioid="no",
    )
    t.take(beth, at, hand_over, "send")
    yield (at := moment(t.days.before[0], 16, 40))
    hand_over = t.draft(
        beth,
        at,
        ioan,
        QUAYSIDE,
        "Ioan has an open wound on his left leg and is with no practice.",
        "Please register him and dress the wound, at a first appointment this week.",
        opioid="no",
    )
    t.take(beth, at, hand_over, "send")


def zofia_wisniewska(t: Teller) -> Story:
    """Riverside handed Zofia's court requirement to probation, who will see her today or on the next working day."""
    tomasz, imran = t.staffed.actor(RIVERSIDE, "Tomasz Zieliński"), t.staffed.actor(PROBATION, "Imran Siddiqui")
    yield (at := moment(t.days.before[30], 9, 50))
    zofia = t.register(8, tomasz, at, "Zofia", "Wiśniewska", date(1988, 4, 17))
    yield (at := moment(t.days.before[4], 15, 30))
    early = t.draft(tomasz, at, zofia, PROBATION, "Zofia will be sentenced tomorrow.", "A first meeting.", opioid="no")
    yield (at := moment(t.days.before[3], 11, 0))
    hand_over = t.draft(
        tomasz,
        at,
        zofia,
        PROBATION,
        "Zofia was sentenced to a community order with alcohol treatment. Treatment has begun here.",
        "A responsible officer, and a first meeting.",
        opioid="no",
    )
    t.take(tomasz, at, early, "supersede", superseded_by=str(hand_over.case_id))
    t.take(tomasz, at, hand_over, "send")
    yield (at := moment(t.days.before[3], 14, 10))
    t.opened(imran, at, hand_over)
    yield (at := moment(t.days.before[2], 10, 30))
    t.accept(imran, at, hand_over, moment(t.days.ahead[0], 11, 30), "Probation office, 40 Upper Bridge Street")


def anushka(t: Teller) -> Story:
    """Anushka moved into shared care at her surgery, was seen there, and Riverside was told: all went well."""
    yasmin, owen = t.staffed.actor(RIVERSIDE, "Yasmin Qureshi"), t.staffed.actor(SURGERY, "Dr Owen Blake")
    yield (at := moment(t.days.before[200], 15, 45))
    anushka = t.register(9, yasmin, at, "Anushka", LONGEST, date(1975, 8, 8))
    anjali = t.staffed.actor(RIVERSIDE, "Dr Anjali Shah")
    yield (at := moment(t.days.before[7], 15, 0))
    t.answers(
        anjali,
        at,
        anushka,
        "prescriber",
        "Dr A. Shah",
        medicine="buprenorphine",
        dose="8 mg once a day",
        stage="stable",
        supervision="none",
        pharmacy="High Street Pharmacy, 0113 496 0155",
        naloxone="yes",
    )
    until = end_of(t.days.before[0])
    cover.name_prescriber(
        by=anjali, at=at, record=anushka, cover=Cover("Dr Anjali Shah", until), telephone="0113 496 0118"
    )
    yield (at := moment(t.days.before[6], 10, 15))
    hand_over = t.draft(
        yasmin,
        at,
        anushka,
        SURGERY,
        "Anushka has been stable on buprenorphine for a year and would like to collect it nearer home.",
        "Shared care, with a review here every three months.",
        opioid="yes",
    )
    t.take(yasmin, at, hand_over, "send")
    yield (at := moment(t.days.before[6], 12, 30))
    t.opened(owen, at, hand_over)
    yield (at := moment(t.days.before[5], 9, 10))
    t.accept(owen, at, hand_over, moment(t.days.before[2], 9, 40), "Mill Lane Surgery, room 3")
    yield (at := moment(t.days.before[2], 10, 20))
    seen = t.days.before[2].isoformat()
    t.take(owen, at, hand_over, "record_contact", contact_date=seen, heard_from="Seen by me at the surgery")


def wei_chan(t: Teller) -> Story:
    """Wei was declined as the wrong service. The prison has chosen another, and has yet to send it there."""
    renata, wai_ling = t.staffed.actor(PRISON_SERVICE, "Renáta Horváth"), t.staffed.actor(ALDERGATE, "Wai-Ling Cheung")
    yield (at := moment(t.days.before[25], 14, 30))
    wei = t.register(10, renata, at, "Wei", "Chan", date(1996, 2, 29))
    t.receive(renata, at, wei)
    yield (at := moment(t.days.before[2], 9, 25))
    hand_over = t.draft(
        renata,
        at,
        wei,
        ALDERGATE,
        "Wei used ketamine and alcohol before prison.",
        "Assessment in the week after release.",
        opioid="no",
        release=t.days.ahead[7],
    )
    t.take(renata, at, hand_over, "send")
    yield (at := moment(t.days.before[2], 11, 35))
    t.opened(wai_ling, at, hand_over)
    yield (at := moment(t.days.before[1], 10, 5))
    t.take(wai_ling, at, hand_over, "decline", decline_reason="wrong_service")
    yield (at := moment(t.days.before[0], 16, 45))
    reason = "Aldergate sees people who drink and use nothing else."
    other = str(t.staffed.service(RIVERSIDE).pk)
    t.take(renata, at, hand_over, "reroute", receiving_service=other, area_of_return=AREA, reason=reason)


def darius_vane(t: Teller) -> Story:
    """Darius was arrested yesterday afternoon. Custody asked Riverside who prescribes for him, and was answered."""
    marta, beth = t.staffed.actor(CUSTODY_HEALTH, "Marta Kowalczyk"), t.staffed.actor(RIVERSIDE, "Beth Hargreaves")
    yield (at := moment(t.days.before[0], 15, 50))
    darius = t.register(11, marta, at, "Darius", "Vane", date(1981, 6, 14))
    site = Site.objects.get(name="Northbridge custody suite")
    custody.receive(by=marta, at=at, record=darius, site=site, since=at)
    yield (at := moment(t.days.before[0], 16, 5))
    asked = question.ask(
        by=marta,
        at=at,
        record=darius,
        asked=t.staffed.service(RIVERSIDE),
        reason="In custody since 3:40pm, sweating and anxious. Says that he takes methadone and missed today.",
        call_back_number="0113 496 0175",
    )
    yield (at := moment(t.days.before[0], 16, 55))
    engine.take(
        by=beth,
        at=at,
        case=asked.case_id,
        verb="answer_prescribing",
        facts={
            "who_prescribes": "Dr Anjali Shah, Riverside, 0113 496 0118",
            "dose": "methadone 1 mg/ml, 45 mg once a day, supervised at High Street Pharmacy",
            "last_taken": moment(t.days.before[1], 9, 20).isoformat(),
            "confirmed_by": "Rupa Patel, pharmacist",
        },
    )


def leila_haddad(t: Teller) -> Story:
    """Leila was arrested in the evening. Custody asked who prescribes at 8pm, and nobody had answered by midnight."""
    marta = t.staffed.actor(CUSTODY_HEALTH, "Marta Kowalczyk")
    yield (at := moment(t.days.before[0], 19, 30))
    leila = t.register(12, marta, at, "Leila", "Haddad", date(1992, 2, 11))
    site = Site.objects.get(name="Northbridge custody suite")
    custody.receive(by=marta, at=at, record=leila, site=site, since=at)
    yield (at := moment(t.days.before[0], 20, 0))
    question.ask(
        by=marta,
        at=at,
        record=leila,
        asked=t.staffed.service(RIVERSIDE),
        reason="Taken into custody at 7pm. Says that she is on buprenorphine and is due a dose in the morning.",
        call_back_number="0113 496 0175",
    )


def patrick_doyle(t: Teller) -> Story:
    """Patrick died while his hand-over waited for a first contact. It closed kindly, and both services were told."""
    lee, beth = t.staffed.actor(PRISON_SERVICE, "Lee Sutcliffe"), t.staffed.actor(RIVERSIDE, "Beth Hargreaves")
    yield (at := moment(t.days.before[8], 9, 35))
    patrick = t.register(13, lee, at, "Patrick", "Doyle", date(1968, 10, 5))
    yield (at := moment(t.days.before[6], 13, 20))
    reason = "Patrick left on licence last month and asks for help with his drinking."
    hand_over = t.draft(lee, at, patrick, RIVERSIDE, reason, "A first appointment this week.", opioid="no")
    t.take(lee, at, hand_over, "send")
    yield (at := moment(t.days.before[6], 15, 45))
    t.opened(beth, at, hand_over)
    yield (at := moment(t.days.before[5], 10, 15))
    t.accept(beth, at, hand_over, moment(t.days.ahead[1], 11, 0), "Riverside, 2 Canal Side, ground floor")
    yield (at := moment(t.days.before[1], 12, 10))
    facts = {"date_of_death": t.days.before[2].isoformat(), "source_of_fact": "Told by his sister, by telephone"}
    universal.happened(by=beth, at=at, record=patrick, event="died", facts=facts)


def amina_yusuf(t: Teller) -> Story:
    """Amina was taken to hospital before her first appointment. Her deadlines stand still until she comes home."""
    fiona, samuel = t.staffed.actor(PROBATION, "Fiona Campbell-Reid"), t.staffed.actor(RIVERSIDE, "Samuel Okoro")
    yield (at := moment(t.days.before[7], 10, 50))
    amina = t.register(14, fiona, at, "Amina", "Yusuf", date(1992, 6, 14))
    yield (at := moment(t.days.before[4], 11, 25))
    reason = "Amina takes buprenorphine and moves here from another town."
    hand_over = t.draft(fiona, at, amina, RIVERSIDE, reason, "Please take over prescribing.", opioid="yes")
    t.take(fiona, at, hand_over, "send")
    yield (at := moment(t.days.before[4], 12, 40))
    t.opened(samuel, at, hand_over)
    yield (at := moment(t.days.before[3], 9, 20))
    t.accept(samuel, at, hand_over, moment(t.days.ahead[2], 10, 30), "Riverside, 2 Canal Side, ground floor")
    yield (at := moment(t.days.before[1], 14, 25))
    facts = {
        "hospital": "Northbridge General",
        "admission_date": t.days.before[1].isoformat(),
        "prescribing_summary_sent": "yes",
    }
    universal.happened(by=samuel, at=at, record=amina, event="admitted_to_hospital", facts=facts)


def ruth_pemberton(t: Teller) -> Story:
    """Ruth's release date was set, brought forward by the Friday rule, and moved again: everybody reads the last."""
    lee = t.staffed.actor(PRISON_SERVICE, "Lee Sutcliffe")
    yield (at := moment(t.days.before[100], 11, 10))
    ruth = t.register(15, lee, at, "Ruth", "Pemberton", date(1981, 10, 9))
    stay = t.receive(lee, at, ruth, "sentenced")
    told = (
        (t.days.before[20], t.days.ahead[9], "Told by the offender management unit"),
        (t.days.before[6], t.days.ahead[7], "Brought forward: the day after is a Friday"),
        (t.days.before[0], t.days.ahead[8], "Moved by the prison: transport"),
    )
    for on, leaves, reason in told:
        yield (at := moment(on, 14, 20))
        releases.date_known(by=lee, at=at, stay=stay, release_date=leaves, reason=reason)
    release = releases.release_of(stay)
    releases.ready(by=lee, at=at, release=release, code="naloxone", state="ready", words="Kit given, use shown")
    releases.ready(by=lee, at=at, release=release, code="first_night", state="missing", words="Nowhere to stay yet")


def daniel_marsh(t: Teller) -> Story:
    """Daniel was on remand and walked out of court with nothing ready.

    Nobody knows where he went: Throughcare guesses no service, and says in red that somebody must ring one.
    """
    grace = t.staffed.actor(PRISON_SERVICE, "Grace Mbeki")
    yield (at := moment(t.days.before[12], 17, 5))
    daniel = t.register(16, grace, at, "Daniel", "Marsh", date(1992, 6, 21), home="")
    stay = t.receive(grace, at, daniel, "remand")
    yield (at := moment(t.days.before[1], 16, 35))
    releases.left(by=grace, at=at, stay=stay, until=at, route="court")


def peter_okafor(t: Teller) -> Story:
    """Peter came in on remand last week and could leave any day: what he needs is prepared without a date."""
    lee = t.staffed.actor(PRISON_SERVICE, "Lee Sutcliffe")
    yield (at := moment(t.days.before[5], 18, 40))
    peter = t.register(17, lee, at, "Peter", "Okafor", date(1997, 3, 14))
    stay = t.receive(lee, at, peter, "remand")
    yield (at := moment(t.days.before[4], 10, 15))
    release = releases.release_of(stay)
    releases.ready(by=lee, at=at, release=release, code="naloxone", state="ready", words="Kit given, use shown")


STORIES: tuple[Callable[[Teller], Story], ...] = (
    james_adeyemi,
    tanisha_brook,
    michael_cole,
    siobhan_o_rourke,
    kwame_boateng_mensah,
    chloe_hart,
    ioan_prydderch,
    zofia_wisniewska,
    anushka,
    wei_chan,
    darius_vane,
    leila_haddad,
    patrick_doyle,
    amina_yusuf,
    ruth_pemberton,
    daniel_marsh,
    peter_okafor,
)


def tell(days: Days, staffed: area.Staffed) -> None:
    """Tell them all, up to the moment at which the world stands."""
    teller = Teller(days, staffed)
    running = [(next(story), number, story) for number, story in enumerate(s(teller) for s in STORIES)]
    heapq.heapify(running)
    readers = {actors[0].service: actors[0] for actors in staffed.actors.values()}
    while running:
        at, number, story = heapq.heappop(running)
        work_until(at, readers)
        try:
            heapq.heappush(running, (next(story), number, story))
        except StopIteration:
            continue
    work_until(days.told, readers)


def work_until(until: datetime, readers: Mapping[int | None, Actor]) -> None:
    """What the worker and the readers of messages did up to a moment: each thing at its own time, in order."""
    while True:
        waiting = Message.objects.filter(delivered_at=None).order_by("written_at", "pk").first()
        unread = (
            Message.objects.filter(delivered_at__isnull=False, put_away_at=None, service__in=filter(None, readers))
            .order_by("delivered_at", "pk")
            .first()
        )
        due = (
            Due.objects.filter(met_at=None, missed_at=None, paused_at=None, replaced_at=None)
            .order_by("due_at", "pk")
            .first()
        )
        moments = [
            (waiting.written_at + WORKER, 0) if waiting else None,
            (unread.delivered_at + READ, 1) if unread and unread.delivered_at else None,
            (due.due_at + WORKER, 2) if due else None,
        ]
        happening = min((moment for moment in moments if moment and moment[0] <= until), default=None)
        if happening is None:
            return
        at, what = happening
        if what == 0:
            outbox.deliver(at)
        elif what == 1 and unread:
            outbox.put_away(by=readers[unread.service_id], at=at, message=unread.pk)
        elif due:
            engine.miss(by=SYSTEM, at=at, due=due.pk)
