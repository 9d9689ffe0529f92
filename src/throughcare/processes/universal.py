"""Events that happen to a person, whatever is open: reported once, and done to every open case in one transaction."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from functools import partial

from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.accounts.models import User
from throughcare.events.acting import action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.messages import outbox
from throughcare.messages.models import Message
from throughcare.people.happened import KINDS
from throughcare.people.holding import hold, hold_person_of
from throughcare.people.models import PersonEvent, Record
from throughcare.people.queries import deaths, records_of
from throughcare.processes import actions as engine
from throughcare.processes import universal_rules as anywhere
from throughcare.processes.models import Case, Effect
from throughcare.processes.registry import Room, room_of, rooms
from throughcare.processes.table import NOT_KNOWN, as_text
from throughcare.processes.universal_effects import (
    change,
    keep_step,
    own_step,
    owners_of,
    pause,
    run_on,
    told_by,
)
from throughcare.processes.universal_values import OF_A_CASE, keep_effect, put_back, state_of
from throughcare.reference.calendar import LONDON
from throughcare.reference.pathways import UniversalRow
from throughcare.sharing.rule import may_not_open, sight
from throughcare.web.faults import Fault, Refused


@action
def report(
    *, by: Actor, at: datetime, person: int, event: str, facts: Mapping[str, object], key: str | None = None
) -> PersonEvent:
    """Keep that something happened to a person, and do to every open case what the table says of it.

    It is always recorded, with its oddities as flags. Refused only when questions are open (UE-101), when the role may
    not report it (UE-102), or when the reader may not know the person. The same form sent twice reports once.
    """
    return happened(by=by, at=at, record=_known_to(by, person, at), event=event, facts=facts, key=key)


@action
def happened(
    *, by: Actor, at: datetime, record: Record, event: str, facts: Mapping[str, object], key: str | None = None
) -> PersonEvent:
    """The same for a caller who knows that the actor may know the person, through this record."""
    person = record.person_id
    hold(person)
    if earlier := _repeated(key, event, record, by, at, facts):
        return earlier
    rows = _rows_for(event, by, person)
    if event not in anywhere.reportable_by(by.role, rooms()):
        raise Refused(_wrong_role(event, rows), person=person)
    given = _given(facts, event, rows)
    if faults := anywhere.missing(event, tuple(rows.values()), given):
        raise Refused(*faults, person=person)
    on = _day(given.get(KINDS[event].day))
    death = deaths().filter(person=person).first()
    known = anywhere.Known(
        born=record.date_of_birth,
        died=death.on if death else None,
        dead=death is not None,
        held_since=next((since for ask in _held for since in [ask(person)] if since), None),
    )
    flags = anywhere.odd(event, on, known, localdate(at))
    kept = _keep(by, at, record, event, given, on=on, flags=flags, key=key)
    told: dict[int, tuple[str, int]] = {}
    for case, room in _open_cases(person):
        now = room.with_parties(Case.objects.filter(pk=case.pk, closed_at=None)).first()
        if now is not None:  # as it is by now: what one case does can move or close another
            _do(kept, now, room, rows[case.process], by=by, at=at, told=told)
    if event in anywhere.LEAVES_CUSTODY:
        ended = outstanding(person).filter(kind__in=anywhere.IN_CUSTODY)
        _go_on(kept, ended, at, by=by, moment=_from(on or localdate(at), at), told={})
    _tell(told, at)
    say(
        f"person.{event}",
        by=by,
        at=at,
        person=person,
        record=record.pk,
        subject=f"person event {kept.pk}",
        detail={"facts": kept.facts, "flags": kept.flags},
        about=kept,
    )
    return kept


@action
def resume(
    *, by: Actor, at: datetime, person: int, event: int, facts: Mapping[str, object], key: str | None = None
) -> PersonEvent:
    """Say that what paused the deadlines has ended. They run again once nothing else pauses them.

    Performed, so refused when wrong: UE-101 for an open question, UE-110 where that event pauses nothing now, UE-111
    for a date that lies ahead or before the pause.
    """
    record = _known_to(by, person, at)
    hold(person)
    if earlier := _repeated(key, anywhere.RESUMED, record, by, at, facts):
        return earlier
    rows = _rows_for(anywhere.RESUMED, by, person)
    paused = outstanding(person).filter(pk=event).first()
    if paused is None:
        raise Refused(_nothing_paused(), person=person)
    if not any(by.role in row.roles for row in rows.values()):
        raise Refused(_wrong_role(anywhere.RESUMED, rows), person=person)
    given = _given(facts, anywhere.RESUMED, rows)
    faults = anywhere.missing(anywhere.RESUMED, tuple(rows.values()), given)
    on = _day(given.get("resumed_date"))
    if on and not localdate(paused.at) <= on <= localdate(at):
        faults.append(
            Fault(
                "UE-111",
                "resumed_date",
                "Deadlines run again from a day between the one on which the pause was reported and today.",
                "Check the date. If the pause was reported by mistake, have the report undone.",
            )
        )
    if faults or on is None:
        raise Refused(*faults, person=person)
    return _resumed(by, at, record, paused, given, on, key)


@action
def left_custody(*, by: Actor, at: datetime, record: Record, on: date) -> PersonEvent | None:
    """What being held had paused goes on, because the person left custody. None where nothing was paused by it."""
    hold(record.person_id)
    kept = None
    for paused in outstanding(record.person_id).filter(kind__in=anywhere.IN_CUSTODY):
        facts = {"resumed_date": max(on, localdate(paused.at)).isoformat(), "reason": "Left custody"}
        kept = _resumed(by, at, record, paused, facts, max(on, localdate(paused.at)), None)
    if kept is None:
        say("person.nothing_paused", by=by, at=at, person=record.person_id, record=record.pk)
    return kept


@action
def void(*, by: Actor, at: datetime, case: int, facts: Mapping[str, object], version: int | None = None) -> Case:
    """Close a case that was opened in error. It stays on the history and is left out of counts.

    Refused: UE-130 for a case that is closed, UE-101 for an open question, UE-131 where the reviewer is no second
    colleague, UE-102 for the role, PR-201 where somebody acted first.
    """
    held = hold_person_of(Case.objects.filter(pk=case))
    room = rooms().get(held.process) if held else None
    if held is None or room is None:
        raise engine.stranger(case)
    found = room.with_parties(Case.objects.filter(pk=case)).get()
    roles = room.roles_of(found, by)
    if not roles:
        raise engine.stranger(case)
    row = anywhere.rows_of(anywhere.VOID, [found.process])[found.process]
    faults = [] if by.role in row.roles else [_wrong_role(anywhere.VOID, {found.process: row})]
    if found.closed_at is not None:
        faults.append(Fault("UE-130", "", "This is closed already.", "Nothing more need be done."))
    given = _given(facts, anywhere.VOID, {found.process: row})
    faults += anywhere.missing(anywhere.VOID, (row,), given)
    faults += _reviewer(given, by)
    if faults:
        raise Refused(*faults, person=found.person_id, case=case)
    engine.must_be_at(found, version, roles)
    opened_in_error(by=by, at=at, case=found, facts=given)
    return found


def opened_in_error(*, by: Actor, at: datetime, case: Case, facts: Mapping[str, object]) -> None:
    """Inside an action: close a case that should never have been opened. It was read with its parties."""
    room = room_of(case)
    row = anywhere.rows_of(anywhere.VOID, [case.process])[case.process]
    told = owners_of(room, case)
    change(case, room, row, at, ended_by=anywhere.VOID)
    keep_step(case, room, row, by=by, at=at, facts=facts, flags=(), party=True)
    outbox.post_all(told, verb=f"{case.process}.{row.verb}", case=case.pk, at=at)


@action
def undo(
    *, by: Actor, at: datetime, person: int, event: int, facts: Mapping[str, object], key: str | None = None
) -> PersonEvent:
    """Say that a reported event was not so: what it closed or paused is as if it had never been reported.

    Performed. Refused: UE-140 where the event is not there, was undone, or only ended a pause; UE-101 for an open
    question, UE-131 for the reviewer, UE-102 for the role. Steps taken since stay; both reports stay on the history.
    """
    record = _known_to(by, person, at)
    hold(person)
    if earlier := _repeated(key, anywhere.CORRECTED, record, by, at, facts):
        return earlier
    rows = _rows_for(anywhere.CORRECTED, by, person)
    if not any(by.role in row.roles for row in rows.values()):
        raise Refused(_wrong_role(anywhere.CORRECTED, rows), person=person)
    wrong = PersonEvent.objects.filter(pk=event, person=person, undone_by=None).first()
    if wrong is None or wrong.kind in (anywhere.RESUMED, anywhere.CORRECTED):
        raise Refused(
            Fault(
                "UE-140",
                "",
                "There is no such report that could be undone.",
                "Look at what happened on the person’s page: it may have been undone already.",
            ),
            person=person,
        )
    given = _given(facts, anywhere.CORRECTED, rows)
    faults = anywhere.missing(anywhere.CORRECTED, tuple(rows.values()), given)
    faults += _reviewer(given, by)
    if faults:
        raise Refused(*faults, person=person)
    kept = _keep(by, at, record, anywhere.CORRECTED, given, on=localdate(at), of=wrong)
    PersonEvent.objects.filter(pk=wrong.pk).update(undone_by=kept)
    _take_back(kept, wrong, rows, by=by, at=at)
    say(
        "person.event_corrected",
        by=by,
        at=at,
        person=person,
        record=record.pk,
        subject=f"person event {kept.pk}",
        detail={"undone": wrong.pk, "kind": wrong.kind, "facts": kept.facts},
        about=kept,
    )
    return kept


def outstanding(person: int) -> QuerySet[PersonEvent]:
    """What pauses the person's local deadlines now: reported, not ended, not undone, oldest first."""
    return PersonEvent.objects.filter(person=person, kind__in=PAUSING, ended_by=None, undone_by=None).order_by("pk")


PAUSING = ("admitted_to_hospital", *anywhere.IN_CUSTODY)
"""The events that pause the cases of some process."""

_held: list[Callable[[int], date | None]] = []


def tell_when_held(ask: Callable[[int], date | None]) -> None:
    """Have a room say since which day a person is held, None when they are not. Called from AppConfig.ready."""
    _held.append(ask)


# What an event does to a case


def _do(
    event: PersonEvent,
    case: Case,
    room: Room,
    row: UniversalRow,
    *,
    by: Actor,
    at: datetime,
    told: dict[int, tuple[str, int]],
) -> None:
    """One event, one case: its own step where the process has one for this state, else what the row says."""
    party = bool(room.roles_of(case, by))
    services = told_by(room, case, row, owners_of(room, case))  # asked before anything moves
    before = state_of(case)
    own = own_step(room, case, row, event, at)
    if own is not None:
        verdict, facts = own
        strands = {strand.name: strand for strand in case.strands.all()}
        doer = by if party else SYSTEM
        engine.move(room, case, strands, verdict, by=doer, at=at, facts=facts, key=None)
    else:
        change(case, room, row, at, ended_by=event.kind if row.effect == anywhere.CLOSE else "")
        flags = [Fault(*flag) for flag in event.flags] if party else []
        keep_step(case, room, row, by=by, at=at, facts=event.facts, flags=flags, party=party)
        for service in services:  # a step of the process's own tells whom it names itself
            told.setdefault(service, (f"{case.process}.{row.verb}", case.pk))
    keep_effect(event, case, before, always=True)


def _resumed(
    by: Actor,
    at: datetime,
    record: Record,
    paused: PersonEvent,
    facts: Mapping[str, object],
    on: date,
    key: str | None,
) -> PersonEvent:
    kept = _keep(by, at, record, anywhere.RESUMED, facts, on=on, of=paused, key=key)
    told: dict[int, tuple[str, int]] = {}
    _go_on(kept, PersonEvent.objects.filter(pk=paused.pk), at, by=by, moment=_from(on, at), told=told)
    _tell(told, at)
    say(
        "person.resumed",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=f"person event {kept.pk}",
        detail={"ended": paused.pk, "kind": paused.kind, "facts": kept.facts},
        about=kept,
    )
    return kept


def _go_on(
    ender: PersonEvent,
    ended: QuerySet[PersonEvent],
    at: datetime,
    *,
    by: Actor,
    moment: datetime,
    told: dict[int, tuple[str, int]],
) -> None:
    """End those events; where nothing pauses the person's cases any more, their clocks run again."""
    if not PersonEvent.objects.filter(pk__in=ended.values_list("pk", flat=True)).update(ended_by=ender):
        return
    still = outstanding(ender.person_id).exists()
    for case, room in _open_cases(ender.person_id):
        if case.paused_at is None:
            continue
        row = anywhere.rows_of(anywhere.RESUMED, [case.process])[case.process]
        before = state_of(case)
        if not still:
            run_on(case, room, moment)
        party = bool(room.roles_of(case, by))
        if ender.kind == anywhere.RESUMED or not still:
            keep_step(case, room, row, by=by, at=at, facts=ender.facts, flags=(), party=party)
        keep_effect(ender, case, before)
        for service in owners_of(room, case):
            told.setdefault(service, (f"{case.process}.{row.verb}", case.pk))


def _take_back(
    kept: PersonEvent, wrong: PersonEvent, rows: Mapping[str, UniversalRow], *, by: Actor, at: datetime
) -> None:
    """Every value that the event, and whatever ended it, changed becomes what it was, the last change first.

    Whoever answers for the case now is told, and whoever was told of the event.
    """
    events = [wrong.pk, *([wrong.ended_by_id] if wrong.ended_by_id else [])]
    effects = list(Effect.objects.filter(event__in=events).order_by("-pk"))
    told: dict[int, tuple[str, int]] = {}
    for pk in dict.fromkeys(effect.case_id for effect in effects):
        room = room_of(Case.objects.get(pk=pk))
        case = room.with_parties(Case.objects.filter(pk=pk)).get()
        for effect in effects:
            if effect.case_id == pk:
                put_back(case, effect.changes, at)
        case = room.with_parties(Case.objects.filter(pk=pk)).get()
        _stand_by(case, room)
        party = bool(room.roles_of(case, by))
        facts = {**kept.facts, "event": KINDS[wrong.kind].words}
        keep_step(case, room, rows[case.process], by=by, at=at, facts=facts, flags=(), party=party)
        before = Message.objects.filter(case=pk, written_at=wrong.at).order_by("pk").values_list("service", flat=True)
        for service in [*owners_of(room, case), *before]:
            told.setdefault(service, (f"{case.process}.{rows[case.process].verb}", case.pk))
    _tell(told, at)


def _stand_by(case: Case, room: Room) -> None:
    """Other reports that still stand do to the case what they would have done without the one that was undone."""
    if case.closed_at is not None:
        return
    if death := deaths().filter(person=case.person_id).order_by("pk").first():
        row = anywhere.rows_of(anywhere.DIED, [case.process])[case.process]
        _again(death, case, partial(change, case, room, row, death.at, ended_by=anywhere.DIED))
        return
    standing = PersonEvent.objects.filter(
        person=case.person_id, kind__in=PAUSING, undone_by=None, at__gte=case.opened_at
    ).select_related("ended_by")
    for event in standing.order_by("pk") if case.paused_at is None else ():
        if anywhere.rows_of(event.kind, [case.process])[case.process].effect == anywhere.PAUSE:
            _again(event, case, partial(pause, case, room, event.at))
    last = standing.filter(ended_by__isnull=False).order_by("-ended_by").first()
    if case.paused_at and last and last.ended_by and not outstanding(case.person_id).exists():
        _again(last.ended_by, case, partial(run_on, case, room, last.ended_by.at))


def _again(event: PersonEvent, case: Case, do: Callable[[], None]) -> None:
    """Do to a case what an earlier event would have done, and keep that it did."""
    before = state_of(case)
    do()
    case.save(update_fields=OF_A_CASE)
    keep_effect(event, case, before)


# Small parts


def _known_to(by: Actor, person: int, at: datetime) -> Record:
    """The record through which the actor knows the person; NotAllowed for whoever may not know them."""
    if not sight(by, person, at).reads("identity_core"):
        raise may_not_open(person)
    record = records_of(person, by, at).order_by("-pk").first()
    if record is None:
        raise may_not_open(person)
    return record


def _repeated(
    key: str | None, kind: str, record: Record, by: Actor, at: datetime, facts: Mapping[str, object]
) -> PersonEvent | None:
    """What the very same form reported before. Refused (UE-105) where it told something else."""
    earlier = PersonEvent.objects.filter(key=key).first() if key else None
    if earlier is None:
        return None
    other = any(as_text(facts.get(code)) != as_text(told) for code, told in earlier.facts.items())
    if other or (earlier.person_id, earlier.kind, earlier.by_id) != (record.person_id, kind, by.user):
        fault = Fault("UE-105", "", "This form was already used for something else.", "Open the page again, then act.")
        raise Refused(fault, person=record.person_id)
    say("person.repeated", by=by, at=at, person=record.person_id, subject=f"person event {earlier.pk}")
    return earlier


def _given(facts: Mapping[str, object], event: str, rows: Mapping[str, UniversalRow]) -> dict[str, object]:
    """The answers to what the event asks."""
    asked = anywhere.asked(event, tuple(rows.values()))
    return {code: facts[code] for code in asked if facts.get(code) not in (None, "")}


def _from(on: date, at: datetime) -> datetime:
    """The moment from which clocks run again: now, or the beginning of an earlier day."""
    return at if on >= localdate(at) else datetime.combine(on, time(), LONDON)


def _open_cases(person: int) -> list[tuple[Case, Room]]:
    """The open cases of every process that runs, oldest first."""
    found = []
    for name, room in rooms().items():
        cases = room.with_parties(Case.objects.filter(person=person, closed_at=None, process=name))
        found += [(case, room) for case in cases]
    return sorted(found, key=lambda pair: pair[0].pk)


def _rows_for(event: str, by: Actor, person: int) -> dict[str, UniversalRow]:
    rows = anywhere.rows_of(event, rooms())
    if not rows or event in anywhere.NOT_BUILT:
        why = anywhere.NOT_BUILT.get(event, "it is none that a person can have")
        raise Refused(
            Fault("UE-104", "", f"“{event}” cannot be reported: {why}.", "Choose one of those offered."), person=person
        )
    return rows


def _keep(
    by: Actor,
    at: datetime,
    record: Record,
    kind: str,
    facts: Mapping[str, object],
    *,
    on: date | None,
    flags: Iterable[Fault] = (),
    of: PersonEvent | None = None,
    key: str | None = None,
) -> PersonEvent:
    kept = PersonEvent(
        person_id=record.person_id,
        record=record,
        kind=kind,
        on=on,
        facts=dict(facts),
        flags=[[fault.number, fault.field, fault.rule, fault.mend] for fault in flags],
        of=of,
        at=at,
        by_id=by.user,
        service_id=by.service,
        key=key,
    )
    kept.save()
    return kept


def _tell(told: Mapping[int, tuple[str, int]], at: datetime) -> None:
    """Tell each service once, of the oldest of its cases."""
    for service, (verb, case) in told.items():
        outbox.post_all([service], verb=verb, case=case, at=at)


def _reviewer(facts: Mapping[str, object], by: Actor) -> list[Fault]:
    """The reviewer is a second colleague of the same service."""
    named = as_text(facts.get("reviewer"))
    if not named or named in dict(reviewers(by)):
        return []
    return [
        Fault("UE-131", "reviewer", "A second person of your service looks at this with you.", "Choose a colleague.")
    ]


def reviewers(by: Actor) -> list[tuple[str, str]]:
    """Colleagues of the actor's service who could look at something with them."""
    found = User.objects.filter(memberships__service=by.service, memberships__until=None, is_active=True)
    named = found.exclude(pk=by.user or 0).order_by("name").distinct().values_list("pk", "name")
    return [(str(pk), name) for pk, name in named]


def _wrong_role(event: str, rows: Mapping[str, UniversalRow]) -> Fault:
    who = dict.fromkeys(role.replace("_", " ") for row in rows.values() for role in row.roles if role != "system")
    return Fault("UE-102", "", "Your role does not report this.", f"Ask: {', '.join(who)}.")


def _nothing_paused() -> Fault:
    return Fault("UE-110", "", "That pauses nothing now.", "Look at the page again: it may have ended already.")


def _day(value: object) -> date | None:
    """The day of an answer: a date, or the London day of a moment; None when it is not known."""
    text = as_text(value)
    if not text or text == NOT_KNOWN:
        return None
    if "T" not in text:
        return parse_date(text)
    moment = parse_datetime(text)
    return localdate(moment) if moment else None
