"""What the engine asks of hand-overs: who is on which side, what follows from what is known, what else must move."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.accounts.models import User
from throughcare.appointments import actions as diary
from throughcare.appointments.models import Appointment
from throughcare.appointments.rules import ATTENDED, DID_NOT_ATTEND, where
from throughcare.events.acting import Said
from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions import link as links
from throughcare.handovers.actions.sheet import keep_what_was_sent
from throughcare.handovers.models import CustodyStay, HandOver, PrescribingCover, Release
from throughcare.handovers.process.hand_over import (
    ASKED_FOR_THEM,
    BASES,
    CONTACT_OWED,
    ENDED,
    FACTS,
    HAND_OVER,
    NOT_SENT,
    NOT_THE_RECEIVERS,
    UNOPENED,
    next_step,
)
from throughcare.handovers.queries import file
from throughcare.handovers.queries import link as answering
from throughcare.handovers.queries.file import files_of, reads_files
from throughcare.handovers.queries.services import home_area_service
from throughcare.handovers.queries.sheet import as_rule, items_of, not_covered
from throughcare.handovers.room import front_door
from throughcare.handovers.rules.sheet import PARTS
from throughcare.messages import email, outbox
from throughcare.messages.models import Message
from throughcare.messages.outbox import TODAY
from throughcare.organisations.queries import receiving_services
from throughcare.people import actions as people
from throughcare.people.holding import hold_person_of
from throughcare.people.models import Record
from throughcare.processes import actions as engine
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.processes.table import NOT_KNOWN, OUTSIDE, OWNER, RECEIVER, SENDER, Facts
from throughcare.processes.table import SYSTEM as SYSTEM_ROLE
from throughcare.reference.pathways import decline_reasons
from throughcare.reference.roles import works_with_people
from throughcare.sharing import grants
from throughcare.sharing.models import Grant
from throughcare.sharing.rule import Sight, sight
from throughcare.web.faults import Fault, Refused
from throughcare.web.parts import Row
from throughcare.web.wording import LONDON, day, moment

LADDER_CLOCK = "HOV-C06"
COVER_CLOCK = "HOV-C10"
COVERED_BY = ("REL-C01", "REL-C02", "REL-C03")
"""The clocks of the release that stand in the place of the first-contact clock, which a prescribed person has not."""
ENDS_FOR_RECEIVER = ("decline", "reroute", "close")
ENDS_FOR_BOTH = ("withdraw", "supersede", "void")
BASES_IN_WORDS = dict((*BASES, ASKED_FOR_THEM))
NOT_YET_SEEN = (*CONTACT_OWED, "contact_made")
"""While it can be recorded that the person was not reached."""
SEEN = {"in_person": "Seen by us", "telephone": "Spoken to by us, by telephone", "video": "Seen by us, by video"}
OUTCOME_READABLE = timedelta(days=28)
"""How long the sender of a closed hand-over may still open it, to read what came of it."""

WORDS = {
    "send": ("Send the hand-over", "The receiving service will see who the person is and what you wrote."),
    "open_by_receiver": ("Open the hand-over", "The sender is told that you have opened it."),
    "ask_question": ("Ask a question", "The sender is told. The time to answer the hand-over runs on."),
    "answer_question": ("Answer the question", "The receiving service is told your answer."),
    "accept": (
        "Accept the hand-over",
        "Your service takes over coordination of this person's care, and the sender is told.",
    ),
    "decline": (
        "Decline the hand-over",
        "The sender is told your reason at once and stays responsible. Your service can no longer open it.",
    ),
    "book_contact": ("Book or move the appointment", "The sender is told."),
    "record_contact": ("Record the first contact", "The sender is told that the person was seen."),
    "reroute": ("Send to another service", "The service it was sent to can no longer open it."),
    "withdraw": ("Withdraw the hand-over", "The receiving service is told and can no longer open it."),
    "supersede": (
        "Replace by another hand-over",
        "This one ends, and the other service is told. The hand-over that takes its place goes on.",
    ),
    "record_not_reached": ("Record that they were not reached", "The sender is told when you will try again."),
    "record_treatment_started": ("Record that treatment started", "The sender is told."),
    "close": ("Close the hand-over", "The sender is told what came of it."),
}


class HandOvers:
    """The room behind `hand_over`."""

    process = HAND_OVER
    checked_before = frozenset({"send"})
    home = ("All hand-overs", "hand-overs")

    def with_parties(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        return cases.select_related(
            "hand_over__sender__organisation",
            "hand_over__receiver__organisation",
            "hand_over__owner",
            "hand_over__written_by",
            "record",
        ).prefetch_related(Prefetch("strands"))

    def roles_of(self, case: Case, actor: Actor) -> frozenset[str]:
        if actor == SYSTEM:
            return frozenset({SYSTEM_ROLE})
        if front_door.from_public_page(case) and actor.user is None:
            return front_door.sides(case, actor, state_of(case))
        if actor.role == OUTSIDE:  # whoever is given this role has come by a link
            theirs = case.hand_over.receiver_id == actor.service and state_of(case) not in NOT_THE_RECEIVERS
            return frozenset({OUTSIDE}) if theirs else frozenset()
        if not works_with_people(actor.role):
            return frozenset()
        sides = set()
        if case.hand_over.sender_id == actor.service:
            sides.add(SENDER)
        state = state_of(case)
        if case.hand_over.receiver_id == actor.service and state not in NOT_THE_RECEIVERS:
            sides.add(RECEIVER)
        return frozenset(sides)

    def knows_others(self, roles: frozenset[str]) -> bool:
        return True

    def service_of(self, case: Case, role: str) -> int | None:
        if role == SENDER and front_door.from_public_page(case):
            return None  # nobody works there: a word to it would stand as told, and be read by nobody
        if role == "home_area_service":
            return home_area_service(case.record.area)
        sender, receiver = case.hand_over.sender_id, case.hand_over.receiver_id
        owner = receiver if case.hand_over.owner_id or case.hand_over.owner_name else sender
        return {SENDER: sender, RECEIVER: receiver, OWNER: owner}.get(role)

    def owners(self, case: Case) -> list[int]:
        reached = state_of(case) not in NOT_THE_RECEIVERS
        return [case.hand_over.sender_id, *([case.hand_over.receiver_id] if reached else [])]

    def derived(self, case: Case, code: str, given: Facts, actor: Actor, at: datetime) -> object | None:
        hand_over = case.hand_over
        match code:
            case "receiving_service" if hand_over.sent_at is None:
                return hand_over.receiver_id
            case "basis" | "safe_contact" | "opioid_agonist_medicine" | "urgent" if hand_over.sent_at is None:
                return getattr(hand_over, code) or None  # what the draft says; asked anew when the hand-over is closed
            case "attempts":
                return case.steps.filter(verb="record_not_reached").count() or None
            case "closed_time" | "told_time":
                return at.isoformat()
            case "opened_by":
                return actor.user_name
            case "coordination_owner" if actor.role == OUTSIDE:
                return actor.user_name
            case "opened_time":
                return at.isoformat()
            case "prescribed_leaving_custody":
                return "yes" if hand_over.opioid_agonist_medicine != "no" and _leaving_custody(case, at) else "no"
            case "first_appointment_or_reason":
                booked = given.get("appointment_time") and given.get("place")
                return "appointment" if booked else given.get("no_appointment_reason")
        return None

    def doubts(self, case: Case, verb: str, facts: Facts, at: datetime) -> tuple[Fault, ...]:
        return ()

    def offered(self, case: Case, code: str, actor: Actor) -> object | None:
        if code == "coordination_owner":
            return actor.user
        if code == "area_of_return":
            return case.record.area or None
        return None

    def choices(self, case: Case, code: str, actor: Actor) -> list[tuple[str, str]]:
        if code == "receiving_service":
            others = receiving_services(other_than=actor.service)
            return [(str(s.pk), str(s)) for s in others]
        if code in ("coordination_owner", "reviewer"):
            colleagues = User.objects.filter(
                memberships__service=actor.service, memberships__until=None, is_active=True
            )
            if code == "reviewer":
                colleagues = colleagues.exclude(pk=actor.user or 0)
            return [(str(pk), name) for pk, name in colleagues.order_by("name").distinct().values_list("pk", "name")]
        if code == "superseded_by":
            mine, theirs = Q(hand_over__sender=actor.service), Q(hand_over__receiver=actor.service)
            states = Strand.objects.filter(case=OuterRef("pk"), name="main")
            reached = Q(Exists(states.exclude(state__in=NOT_THE_RECEIVERS)))
            ours = (mine | theirs) & reached
            if state_of(case) in NOT_THE_RECEIVERS:  # nobody looks after one that reached no service: a draft will do
                ours |= mine
            open_ones = Case.objects.filter(ours, person=case.person_id, closed_at=None).exclude(pk=case.pk)
            named = open_ones.order_by("-pk").values_list("pk", "hand_over__receiver__name", "opened_at")
            return [(str(pk), f"To {name}, written {moment(opened)}") for pk, name, opened in named]
        return []

    def words(self, case: Case, verb: str) -> tuple[str, str]:
        button, consequence = WORDS.get(verb, (self.process.verb_words(verb), ""))
        if front_door.from_public_page(case):
            consequence = front_door.WORDS.get(verb, front_door.TELLS_NOBODY)
        return button, consequence

    def title(self, case: Case) -> str:
        return f"Hand-over to {case.hand_over.receiver.name}"

    def parties(self, case: Case) -> list[tuple[str, str, str]]:
        sender, receiver = case.hand_over.sender, case.hand_over.receiver
        if front_door.from_public_page(case):
            return [("To", receiver.name, receiver.telephone)]
        return [("From", sender.name, sender.telephone), ("To", receiver.name, receiver.telephone)]

    def rows(self, case: Case, seen: Sight, now: datetime) -> list[Row]:
        hand_over = case.hand_over
        rows = [
            Row(
                "Why, and what matters most",
                hand_over.reason,
                note=hand_over.written_by.name if hand_over.written_by else "",
            )
        ]
        if hand_over.asked:
            rows.append(Row("What is asked", hand_over.asked))
        if state_of(case) == "declined" and hand_over.sender_id == seen.actor.service:
            rows.insert(0, Row("What to do now", _after_decline(case)))
        if hand_over.attached:
            rows.append(Row("Clinical sheet", ", ".join(PARTS[part] for part in hand_over.attached)))
        uncovered = []
        if hand_over.attached and hand_over.sent_at is None and hand_over.sender_id == seen.actor.service:
            uncovered = not_covered(hand_over, items_of(case.person_id), now)
        if uncovered:
            why = _uncovered_words(uncovered)
            rows.append(Row("Nobody there could read", why, tag="Cannot be sent", tone="today"))
        for code in ("opioid_agonist_medicine", "urgent", "safe_contact", "basis"):
            fact, value = FACTS[code], getattr(hand_over, code)
            mine = hand_over.sender_id == seen.actor.service
            if value and (mine or not fact.category or seen.reads(fact.category, fact.field)):
                unconfirmed = fact.category == "overdose_safety_summary" and value != NOT_KNOWN
                tag, tone = ("Unconfirmed", "today") if unconfirmed else ("", "")
                words = BASES_IN_WORDS if code == "basis" else dict(fact.choices)
                rows.append(Row(fact.label, words.get(value, value), tag=tag, tone=tone))
        if state_of(case) in NOT_SENT and reads_files(hand_over, seen):  # to be checked; sent, they have their own part
            rows += [Row("File", one.title, note=one.words) for one in files_of(case)]
        if front_door.from_public_page(case):
            rows += front_door.rows(case, seen, now)
        stay = CustodyStay.objects.select_related("site").filter(person=case.person_id).order_by("-since").first()
        if stay and seen.reads("release_details", "release_date") and stay.release_date:
            rows.append(Row("Release date", day(stay.release_date), note="the latest date known"))
        if stay and seen.reads("release_details", "prison"):
            held = "Held at" if stay.until is None else "Was held at"
            rows.append(Row(held, stay.site.name))
        if hand_over.owner:
            rows.append(Row("Coordination owner", f"{hand_over.owner.name}, {hand_over.receiver.name}"))
        elif front_door.from_public_page(case):
            rows.append(Row("Coordination owner", "Nobody yet", note=f"{hand_over.receiver.name} is asked"))
        elif hand_over.owner_name:
            rows.append(Row("Coordination owner", f"{hand_over.owner_name} (by link), {hand_over.receiver.name}"))
        else:
            rows.append(Row("Coordination owner", hand_over.sender.name, note="until the hand-over is accepted"))
        return rows

    def links(self, case: Case, roles: frozenset[str]) -> list[tuple[str, str]]:
        found = []
        if SENDER in roles and state_of(case) in NOT_SENT:
            found.append(("Change the draft", reverse("edit-hand-over", args=[case.pk])))
            found.append(("Attach a file", reverse("attach-file", args=[case.pk])))
        if case.hand_over.attached and case.hand_over.sent_at:
            found.append(("Clinical sheet as sent", reverse("sheet-sent", args=[case.pk])))
        return found

    def sections(
        self, case: Case, roles: frozenset[str], seen: Sight, now: datetime
    ) -> list[tuple[str, Mapping[str, object]]]:
        shown = answering.for_sender(case, state_of(case), now) if SENDER in roles else None
        link: list[tuple[str, Mapping[str, object]]] = [("handovers/answer_link.html", shown)] if shown else []
        files = [] if self.hides(case, roles) else list(files_of(case))
        unsent = SENDER in roles and state_of(case) in NOT_SENT
        about = {"files": files, "unsent": unsent, "reads": reads_files(case.hand_over, seen)}
        return [*link, *([("handovers/files.html", about)] if files else [])]

    def hides(self, case: Case, roles: frozenset[str]) -> str:
        state = state_of(case)
        if SENDER not in roles and state in UNOPENED and front_door.from_public_page(case):
            return front_door.UNOPENED
        if SENDER not in roles and state in UNOPENED:
            return "Open the hand-over to read what was sent. The sender is told that you have."
        return ""

    def history_for(self, steps: list[StepTaken], roles: frozenset[str]) -> list[StepTaken]:
        if SENDER in roles:
            return steps
        last_sent = max((place for place, step in enumerate(steps) if step.verb == "send"), default=0)
        return steps[last_sent:]

    def missed(self, case: Case, due: Due, at: datetime) -> tuple[str, dict[str, object]] | None:
        state = state_of(case)
        if due.strand == "cover":
            return ("report_uncovered", {"missed_clock": due.clock}) if due.clock == COVER_CLOCK else None
        if not any(step.verb == "escalate" and step.from_ == state for step in self.process.steps):
            return None
        return "escalate", {
            "missed_clock": due.clock,
            "ladder_step": next_step(case.hand_over.ladder),
            "owed_by": SENDER if state == "question_asked" else RECEIVER,
        }

    def after(self, step: StepTaken, by: Actor, at: datetime) -> None:
        hand_over, facts = step.case.hand_over, step.facts
        if step.verb == "escalate":
            hand_over.ladder, hand_over.owed_by = facts["ladder_step"], facts["owed_by"]
            if hand_over.owed_by == RECEIVER:  # the sender is told by the step itself
                email.tell_these_at_once([hand_over.receiver], verb="hand_over.escalate", case=step.case_id, at=at)
        elif LADDER_CLOCK in _stopped(step):
            hand_over.ladder = hand_over.owed_by = ""
        elif hand_over.ladder and step.verb in ("ask_question", "answer_question"):
            hand_over.owed_by = SENDER if step.verb == "ask_question" else RECEIVER
        if step.verb in ENDS_FOR_RECEIVER:
            grants.end(source=_source(step.case), at=at, service=hand_over.receiver_id)
        if step.verb == "reroute":
            hand_over.receiver_id, hand_over.sent_at = int(facts["receiving_service"]), None
        if step.verb == "send":
            hand_over.sent_at = at
            for field in ("basis", "safe_contact", "opioid_agonist_medicine", "urgent"):
                setattr(hand_over, field, facts[field])
            _attach(hand_over, by, at)
            _open_grants(step.case, at)
        if step.verb == "undo_event" and hand_over.sent_at and step.to_state not in (*ENDED, *NOT_THE_RECEIVERS):
            _open_grants(step.case, at)
        if step.verb == "fall_to_home_area":
            grants.end(source=_source(step.case), at=at, service=hand_over.receiver_id)
            hand_over.receiver_id, hand_over.sent_at, hand_over.urgent = int(facts["home_area_service"]), at, "yes"
            _open_grants(step.case, at)
        if step.verb in ENDS_FOR_BOTH:
            grants.end(source=_source(step.case), at=at)
        if step.verb in ("close", "report_died"):
            grants.end(source=_source(step.case), at=at + OUTCOME_READABLE)
        if step.verb == "accept":
            if by.role == OUTSIDE:  # nobody there could keep a record: what is written stays with the hand-over
                hand_over.owner_name = by.user_name
            else:
                hand_over.owner_id = int(facts["coordination_owner"])
                _take_on(step.case, by, at)
        seen_on = parse_date(str(facts.get("contact_date", "")))  # none where it is not known
        if step.verb == "record_contact" and seen_on:
            begun, over = (datetime.combine(one, time(), LONDON) for one in (seen_on, seen_on + timedelta(days=1)))
            diary.follow(by=by, at=at, case=step.case, outcome=ATTENDED, since=begun, until=over)
        if step.verb == "record_not_reached" and facts["route"] == "appointment_missed":
            attempt = parse_datetime(str(facts["attempt_time"]))
            assert attempt is not None
            diary.follow(by=by, at=at, case=step.case, outcome=DID_NOT_ATTEND, since=None, until=attempt)
        if step.verb == "book_contact":
            starts_at = parse_datetime(str(facts["appointment_time"]))
            assert starts_at is not None
            diary.book(
                by=by,
                at=at,
                case=step.case,
                service=hand_over.receiver_id,
                starts_at=starts_at,
                place=str(facts["place"]),
            )
        hand_over.save()
        if step.verb in (*ENDS_FOR_RECEIVER, *ENDS_FOR_BOTH, "fall_to_home_area"):
            links.ends_with(step.case_id, at)
        if step.verb == "send" and links.answers_by_link(hand_over.receiver, at):
            links.issue(by=by, at=at, case=step.case_id)
        if step.strand == "main" and step.verb in (*ENDS_FOR_RECEIVER, *ENDS_FOR_BOTH, "send", "fall_to_home_area"):
            watch_prescribing(step.case, at)


def delivered(said: Said) -> None:
    """A sent hand-over has arrived on the receiving team's Today: its case moves from sent to delivered."""
    message = said.about
    assert isinstance(message, Message)
    if message.verb not in ("hand_over.send", "hand_over.fall_to_home_area") or message.channel != TODAY:
        return
    hold_person_of(Case.objects.filter(pk=message.case))  # nobody opens it between the look and the step
    case = Case.objects.select_related("hand_over").prefetch_related("strands").get(pk=message.case)
    state = state_of(case)
    if state == "sent" and case.hand_over.receiver_id == message.service_id:
        facts = {"delivery_time": said.at.isoformat(), "channel": message.channel}
        engine.take(by=SYSTEM, at=said.at, case=case.pk, verb="deliver", facts=facts)


def cover_kept(said: Said) -> None:
    """Who prescribes has changed: every open hand-over of the person is watched anew, for both of its sides."""
    for case in Case.objects.filter(process=HAND_OVER.name, person=said.person, closed_at=None):
        watch_prescribing(case, said.at)


def watch_prescribing(case: Case, at: datetime) -> None:
    """Raise, move, close or set aside the deadline that a gap in prescribing is for both sides of a hand-over."""
    strands = dict(case.strands.values_list("name", "state"))
    main, watched = strands["main"], strands.get("cover")
    cover = PrescribingCover.objects.filter(person=case.person_id, replaced_at=None).first()
    verb, facts = "", {}
    if main in ENDED:
        verb = "end_watch" if watched and watched not in HAND_OVER.final else ""
    elif main in NOT_THE_RECEIVERS:
        verb = "set_aside" if watched in ("gap", "uncovered") else ""
    elif cover:
        gap = as_rule(cover).has_gap
        verb = "raise_gap" if gap else "close_gap" if watched in ("gap", "uncovered") else ""
        facts = {"covered_until": cover.covered_until.isoformat()}
    if verb:
        engine.take(by=SYSTEM, at=at, case=case.pk, verb=verb, facts=facts)


def attended(said: Said) -> None:
    """The diary has it that the person came: the first contact of their hand-over is recorded with it."""
    if case := _awaiting_contact(said):
        seen_on = localdate(said.about.starts_at).isoformat()
        heard = f"{SEEN[said.about.way]}: recorded in the diary"
        facts = {"contact_date": seen_on, "heard_from": heard}
        engine.take(by=said.by, at=said.at, case=case.pk, verb="record_contact", facts=facts)


def moved(said: Said) -> None:
    """The diary has the appointment moved: the hand-over says so too, and its sender is told."""
    if case := _awaiting_contact(said):
        new = said.about
        facts = {"appointment_time": new.starts_at.isoformat(), "place": where(new.way, new.place)}
        engine.take(by=said.by, at=said.at, case=case.pk, verb="book_contact", facts=facts)


def called_off(said: Said) -> None:
    """The diary has the first appointment called off and none in its place: the sender of the hand-over is told."""
    case = None if said.detail["moved"] else _awaiting_contact(said)
    if case:
        outbox.post_all([case.hand_over.sender_id], verb="hand_over.appointment_called_off", case=case.pk, at=said.at)


def _awaiting_contact(said: Said) -> Case | None:
    """The hand-over that an appointment belongs to, while its first contact is still to come."""
    appointment = said.about
    assert isinstance(appointment, Appointment)
    cases = Case.objects.filter(appointments=appointment, process=HAND_OVER.name)
    case = cases.select_related("hand_over").prefetch_related("strands").first()
    if case is None or case.hand_over.receiver_id != appointment.service_id or state_of(case) not in CONTACT_OWED:
        return None
    return case


def state_of(case: Case) -> str:
    """The state of the hand-over itself; its strands have been read with it."""
    return next(strand.state for strand in case.strands.all() if strand.name == "main")


def _after_decline(case: Case) -> str:
    """What the coded reason of the last decline asks of the sender."""
    last = case.steps.filter(verb="decline").latest("version")
    return decline_reasons()[str(last.facts["decline_reason"])].sender_sees


def _attach(hand_over: HandOver, by: Actor, at: datetime) -> None:
    """Keep the clinical sheet as it is sent. Refused (HO-105) where the basis does not cover all that is attached."""
    uncovered = file.not_covered(hand_over, at)
    if hand_over.attached:
        uncovered += not_covered(hand_over, items_of(hand_over.case.person_id), at)
    if uncovered:
        raise Refused(
            Fault(
                "HO-105",
                "basis",
                f"Nobody at {hand_over.receiver.name} could read all that is attached: {_uncovered_words(uncovered)}.",
                "Take that part of the clinical sheet, or that file, off, and tell it in another way that is safe.",
            ),
            person=hand_over.case.person_id,
            case=hand_over.case_id,
        )
    if hand_over.attached:
        keep_what_was_sent(by=by, at=at, hand_over=hand_over, parts=hand_over.attached)


def _uncovered_words(uncovered: list[tuple[str, str]]) -> str:
    return "; ".join(f"“{words}” {why}" for words, why in uncovered)


def _stopped(step: StepTaken) -> tuple[str, ...]:
    """The clocks that a step stopped."""
    return next((row.stops for row in HAND_OVER.steps if row.id == step.row), ())


def _source(case: Case) -> str:
    return f"case {case.pk}"


def _leaving_custody(case: Case, at: datetime) -> bool:
    """Is there a release whose clocks run from the day of leaving, or will: then they cover the person, and not ours?

    Held and not left yet; or left, with the first days or the 21 days still to be met.
    """
    release = Release.objects.filter(case__person=case.person_id, case__closed_at=None).order_by("-case").first()
    if release is None:
        return False
    owed = Due.objects.filter(case=release.case_id, clock__in=COVERED_BY, met_at=None, missed_at=None, replaced_at=None)
    return release.left_at is None or owed.exists()


def _open_grants(case: Case, at: datetime) -> None:
    """The receiver may ask about the person, and the sender may hear the outcome, while the hand-over is open."""
    grants.give(
        person=case.person_id,
        record=case.record_id,
        services=[case.hand_over.receiver_id, case.hand_over.sender_id],
        kind=Grant.HAND_OVER,
        basis=BASES_IN_WORDS[case.hand_over.basis],
        source=_source(case),
        at=at,
    )


def _take_on(case: Case, by: Actor, at: datetime) -> None:
    """The accepting service opens its own record of the person, with no more than its role may read of the sender's."""
    if Record.objects.filter(person=case.person_id, service=by.service).exists():
        return
    seen = sight(by, case.person_id, at)
    identity = people.identity_of(case.record)
    if not seen.reads("identity_core", "address"):
        identity = replace(identity, address="", area="")
    if not seen.reads("identity_core", "preferred_name"):
        identity = replace(identity, preferred_name="")
    if not seen.reads("identity_core", "date_of_birth"):
        identity = replace(identity, date_of_birth=None)
    if not seen.reads("safe_contact"):
        identity = replace(identity, telephone="", email="", safe_contact="", may_email=False, may_name_service=False)
    people.open_record(
        by=by,
        at=at,
        person=case.person,
        identity=identity,
        reason=f"Hand-over accepted ({_source(case)})",
        made_up=case.record.made_up,
    )
