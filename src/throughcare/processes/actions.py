"""Taking a step: the one way in which a case changes."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from django.db import IntegrityError
from django.db.models import Model, Q, QuerySet
from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.messages import outbox
from throughcare.people.holding import hold, hold_person_of
from throughcare.people.models import Record
from throughcare.people.queries import deaths
from throughcare.processes import rules
from throughcare.processes.models import Case, Due, StepTaken, Strand
from throughcare.processes.pausing import pauses
from throughcare.processes.registry import Room, forbidden, room_of, rooms
from throughcare.processes.table import OF_THE_ROOM, OUTSIDE, START, Process, Step, as_text
from throughcare.reference.calendar import LAST_SECOND, LONDON, due_at
from throughcare.reference.pathways import Clock
from throughcare.web import logs
from throughcare.web.faults import Fault, NotAllowed, Refused

log = logging.getLogger("throughcare.processes")


@action
def begin(
    *,
    by: Actor,
    at: datetime,
    process: Process,
    verb: str,
    record: Record,
    facts: Mapping[str, object],
    roles: Sequence[str],
    own: Callable[[Case], Model],
    key: str | None = None,
) -> Case:
    """Open a case with the first step of a process, and do what the step asks for.

    own: the room's own row for the case, unsaved: what its answers are read from.
    Refused with the table's own faults. A form sent twice is caught by its `key`: see `once`.
    """
    opening = rules.opening(process, verb, localdate(at))
    verdict = rules.judge(
        process,
        strand=opening.strand,
        state=START,
        verb=verb,
        roles=roles,
        facts=facts,
        on=localdate(at),
    )
    if verdict.refused or verdict.step is None:
        raise Refused(*verdict.faults, person=record.person_id)
    hold(record.person_id)
    must_be_alive(record)
    case = Case(process=process.name, person_id=record.person_id, record=record, opened_at=at)
    case.save()
    Strand(case=case, name=verdict.step.strand, state=verdict.step.to, since=at).save()
    taken = store(case, verdict.step, verdict.step.to, by=by, at=at, facts=facts, flags=(), key=key)
    own(case).save(force_insert=True)
    if verdict.step.opens or verdict.step.starts:
        room = room_of(case)
        _follow(room, room.with_parties(Case.objects.filter(pk=case.pk)).get(), verdict.step, taken, by, at, facts)
    return case


def must_be_alive(record: Record) -> None:
    """Refuses (UE-103) to open anything about somebody who has died."""
    if deaths().filter(person=record.person_id).exists():
        raise Refused(
            Fault(
                "UE-103",
                "",
                "This person is recorded as having died: nothing is opened or sent on about them.",
                "If the death was reported about the wrong person, ask a service manager or responsible officer to "
                "undo it.",
            ),
            person=record.person_id,
        )


def once(key: str, same: Callable[[StepTaken], bool], open_case: Callable[[], Case]) -> Case:
    """Open a case, or give the one that the same form opened before: the database holds each key once.

    same: did that first step come of the very same form, with the same answers? If not, it is refused (PR-203).
    """
    try:
        return open_case()
    except IntegrityError:
        earlier = StepTaken.objects.select_related("case").filter(key=key).first()
        if earlier is None:
            raise
    if not same(earlier):
        raise Refused(_used_before())
    return earlier.case


def _sent_already() -> Fault:
    rule = "This form was sent already, with other answers, and those are kept."
    return Fault("PR-203", "", rule, "Nothing of what you typed now was stored. Send it again if it is to count too.")


def _used_before() -> Fault:
    return Fault("PR-203", "", "This form was already used for something else.", "Open the page again, then act.")


@action
def take(
    *,
    by: Actor,
    at: datetime,
    case: int,
    verb: str,
    facts: Mapping[str, object],
    version: int | None = None,
    key: str | None = None,
    applied: bool = False,
) -> StepTaken:
    """Take one step of a case.

    facts:   what was answered; what can be derived is added.
    version: of the case when the form was opened; a step taken by somebody else since is a conflict (PR-201).
    key:     the form's own number; the same form sent twice takes one step and answers alike, even where that step
             ended the actor's part in the case. With other answers, or of another case, it is refused (PR-203).
    applied: Throughcare takes it because of what was done elsewhere: for whichever role the table has for it. Whoever
             did that was allowed to; this table is still asked for the state and the facts.
    Raises Refused with every fault at once. A reported fact that breaks a rule is recorded, with its faults as flags.
    """
    held = hold_person_of(Case.objects.filter(pk=case))
    if held is None:
        raise stranger(case)
    earlier = StepTaken.objects.filter(key=key).first() if key else None
    if earlier and _is_same(earlier, case, verb, by):
        if any(as_text(earlier.facts.get(code)) != as_text(told) for code, told in facts.items()):
            raise Conflict(_sent_already(), person=held.person_id, case=case)
        say("step.repeated", by=by, at=at, person=held.person_id, case=case, subject=verb)
        return earlier
    room = room_of(held)
    found = room.with_parties(Case.objects.filter(pk=case)).get()
    roles = _roles_for(room.process, verb) if applied else room.roles_of(found, by)
    if not roles:
        raise stranger(case)
    if earlier and earlier.case_id != case:
        raise Refused(_used_before(), person=found.person_id, case=case)
    if earlier:
        raise Conflict(_conflict(found, roles), person=found.person_id, case=case)
    must_be_at(found, version, roles)
    return _step(room, found, roles, by=by, at=at, verb=verb, facts=facts, key=key)


def _step(
    room: Room,
    found: Case,
    roles: Collection[str],
    *,
    by: Actor,
    at: datetime,
    verb: str,
    facts: Mapping[str, object],
    key: str | None = None,
) -> StepTaken:
    """Take a step of a case that was read with its parties after its person was held."""
    guarded = forbidden(found, verb) if by != SYSTEM else None
    if guarded:
        raise Refused(guarded, person=found.person_id, case=found.pk)
    strands = {strand.name: strand for strand in found.strands.all()}
    strand = _strand_for(room.process, verb, strands)
    known = _known(room, found, strand, verb, facts, by, at)
    verdict = rules.judge(
        room.process,
        strand=strand,
        state=strands[strand].state if strand in strands else START,
        verb=verb,
        roles=roles,
        facts=known,
        on=localdate(at),
    )
    if verdict.step and (doubts := room.doubts(found, verb, known, at)):
        verdict = replace(verdict, faults=(*verdict.faults, *doubts), moves=False)
    faults = (*verdict.faults, *_not_offered(room, found, verdict.step, facts, by))
    if verdict.refused or verdict.step is None or faults != verdict.faults:
        raise Refused(*faults, person=found.person_id, case=found.pk)
    return move(room, found, strands, verdict, by=by, at=at, facts=known, key=key)


@action
def miss(*, by: Actor, at: datetime, due: int) -> Due:
    """Mark one deadline as missed and take the step that follows. Raises NoLongerOpen when there is nothing to mark.

    The mark is a conditional update: of two workers that try, one makes it, and of one that was moved while its person
    was waited for, none. The person is held before it, as by everybody who acts on the case: the other way round each
    could wait for the other.
    """
    missed = hold_person_of(Due.objects.filter(pk=due), "case__person")
    if missed is None or not _mark(missed, at):
        raise NoLongerOpen
    room = room_of(missed.case)
    case = room.with_parties(Case.objects.filter(pk=missed.case_id)).get()
    missed.case = case
    say(
        "deadline.missed",
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        subject=missed.clock,
        detail={"due_at": missed.due_at},
    )
    follows = room.missed(case, missed, at)
    if follows:
        verb, facts = follows
        _step(room, case, room.roles_of(case, SYSTEM), by=SYSTEM, at=at, verb=verb, facts=facts)
    return missed


def _mark(due: Due, at: datetime) -> bool:
    """Mark a deadline that has passed, if it still stands as it was read."""
    stands = Due.objects.filter(
        pk=due.pk, due_at=due.due_at, met_at=None, missed_at=None, paused_at=None, replaced_at=None
    )
    due.missed_at = at
    return due.due_at <= at and bool(stands.update(missed_at=at))


class Conflict(Refused):
    """Somebody else acted first."""


class NoLongerOpen(Exception):
    """Somebody else marked the deadline, or it was met or replaced: no refusal, and nothing to keep."""


Place = tuple[datetime, int]
"""Where a sweep stands: when the last deadline that it looked at was due, and its id."""
READ_AT_ONCE = 500


@dataclass(frozen=True)
class Swept:
    """What one sweep came to. stopped_at: where another goes on, when it was not let go on to the end."""

    marked: int
    stopped_at: Place | None


def sweep(now: datetime) -> int:
    """Mark every deadline that has passed, oldest first, each in a transaction of its own. Returns how many."""
    return sweep_on(now).marked


def sweep_on(now: datetime, *, after: Place | None = None, go_on: Callable[[], bool] = lambda: True) -> Swept:
    """Mark deadlines that have passed, oldest first from a place on, for as long as `go_on` says; at least one.

    One that cannot be marked is logged, left as it is, and does not come again before all the others have.
    """
    marked = 0
    while found := next_passed(now, after):
        for after in found:
            marked += _marked(after[1], now)
            if not go_on():
                return Swept(marked, after)
    return Swept(marked, None)


def passed(now: datetime) -> QuerySet[Due]:
    """Deadlines that have passed, and that nobody has met, marked, paused or replaced."""
    return Due.objects.filter(due_at__lte=now, met_at=None, missed_at=None, paused_at=None, replaced_at=None)


def next_passed(now: datetime, after: Place | None) -> list[Place]:
    """The next few hundred of them, oldest first."""
    found = passed(now)
    if after is not None:
        at, pk = after
        found = found.filter(Q(due_at__gt=at) | Q(pk__gt=pk), due_at__gte=at)
    return list(found.order_by("due_at", "pk").values_list("due_at", "pk")[:READ_AT_ONCE])


def _marked(due: int, now: datetime) -> bool:
    try:
        miss(by=SYSTEM, at=now, due=due)
    except NoLongerOpen:
        return False
    except Exception as error:  # one that cannot be marked must not keep the others waiting
        log.error("deadline not marked", extra={"due": due, **logs.of_error(error)})
        return False
    return True


def taken_already(*, by: Actor, case: int, verb: str, key: str) -> bool:
    """Has this actor taken this very step with this very form?"""
    if "\x00" in key:  # no form of ours; PostgreSQL would not even look for it
        return False
    taken = StepTaken.objects.filter(case=case, verb=verb, user=by.user, service=by.service, key=key)
    return any(_is_same(step, case, verb, by) for step in taken)


def must_be_at(case: Case, version: int | None, roles: frozenset[str]) -> None:
    """Raises Conflict (PR-201) where somebody acted since the form with that version was opened by these roles."""
    if version is not None and _acted_since(case, version):
        raise Conflict(_conflict(case, roles), person=case.person_id, case=case.pk)


def _acted_since(case: Case, version: int) -> bool:
    """Has somebody changed the case since that version? What Throughcare does by itself takes nothing from anybody."""
    by_itself = StepTaken.objects.filter(case=case, version__gt=version, user=None, service=None).count()
    return version + by_itself != case.version


def _is_same(step: StepTaken, case: int, verb: str, by: Actor) -> bool:
    who = (step.user_id, step.service_id, step.by_name)
    return (step.case_id, step.verb, *who) == (case, verb, by.user, by.service, _by_name(by))


def _by_name(by: Actor) -> str:
    """The name of somebody without an account; an account has its own, and Throughcare needs none."""
    if by.user is not None or by.service is None:
        return ""
    return f"{by.user_name} (by link)" if by.role == OUTSIDE else by.user_name


def stranger(case: int | None = None) -> NotAllowed:
    """The refusal to anybody who is not party to a case: the same words whether or not it exists."""
    return NotAllowed(
        Fault(
            "PR-202",
            "",
            "There is nothing here for the service you are acting for.",
            "If you act for more than one service, check which one. What was declined, withdrawn or closed is "
            "no longer open to the service it was sent to.",
        ),
        case=case,
    )


def _known(
    room: Room, case: Case, strand: str, verb: str, facts: Mapping[str, object], by: Actor, at: datetime
) -> dict[str, object]:
    """What was answered, with what the verb asks for and follows from what is known."""
    known = dict(facts)
    for step in room.process.steps:
        if step.verb == verb and step.strand == strand:
            for code in step.asked:
                if known.get(code) in (None, ""):
                    known[code] = room.derived(case, code, facts, by, at)
    return {code: value for code, value in known.items() if value not in (None, "")}


def _not_offered(room: Room, case: Case, step: Step | None, facts: Mapping[str, object], by: Actor) -> Iterator[Fault]:
    """Services, colleagues and cases that an actor named in an act and the room does not offer for it."""
    if step is None or by == SYSTEM:
        return
    for code in step.asked:
        fact, named = room.process.fact(code), as_text(facts.get(code))
        if named and fact.kind in OF_THE_ROOM and named not in dict(room.choices(case, code, by)):
            yield Fault("PR-109", code, f"“{fact.label}” cannot be answered with that.", "Choose one that is offered.")


def _roles_for(process: Process, verb: str) -> frozenset[str]:
    """Every role that the table has for a verb."""
    return frozenset(role for step in process.steps if step.verb == verb for role in step.roles)


def _strand_for(process: Process, verb: str, strands: Mapping[str, Strand]) -> str:
    """The strand that a verb belongs to: the one whose state it fits, or else the first that has it at all."""
    having = [step for step in process.steps if step.verb == verb]
    for step in having:
        if step.strand in strands and strands[step.strand].state == step.from_:
            return step.strand
    return having[0].strand if having else next(iter(strands), "main")


def move(
    room: Room,
    case: Case,
    strands: Mapping[str, Strand],
    verdict: rules.Verdict,
    *,
    by: Actor,
    at: datetime,
    facts: Mapping[str, object],
    key: str | None,
) -> StepTaken:
    step = verdict.step
    assert step is not None
    strand = strands.get(step.strand)
    state = strand.state if strand else START
    case.version += 1
    if verdict.moves:
        if strand is None:
            Strand(case=case, name=step.strand, state=step.to, since=at).save()
        else:
            strand.state, strand.since = step.to, at
            strand.save(update_fields=["state", "since"])
        _stop_clocks(room.process, case, step, at)
        states = {s.state for name, s in strands.items() if name != step.strand} | {step.to}
        case.closed_at = at if states <= room.process.final else None
    case.save(update_fields=["version", "closed_at"])
    taken = store(
        case,
        step,
        step.to if verdict.moves else state,
        by=by,
        at=at,
        facts=facts,
        flags=verdict.faults,
        key=key,
        from_state=state,
    )
    if verdict.moves:
        _follow(room, case, step, taken, by, at, facts)
    return taken


def _follow(
    room: Room, case: Case, step: Step, taken: StepTaken, by: Actor, at: datetime, facts: Mapping[str, object]
) -> None:
    """What a step that moves a case brings with it: whom it tells, the room's own rows, its clocks, further steps."""
    told = _told(room, case, step)
    room.after(taken, by, at)
    _start_clocks(room, case, step, at, facts)
    outbox.post_all(told, verb=f"{case.process}.{step.verb}", case=case.pk, at=at)
    _apply(room, case, step, by, at, facts)


def store(
    case: Case,
    step: Step,
    to: str,
    *,
    by: Actor,
    at: datetime,
    facts: Mapping[str, object],
    flags: Sequence[Fault],
    key: str | None,
    from_state: str | None = None,
) -> StepTaken:
    taken = StepTaken(
        case=case,
        strand=step.strand,
        row=step.id,
        verb=step.verb,
        from_state=from_state or step.from_,
        to_state=to,
        at=at,
        user_id=by.user,
        service_id=by.service,
        by_name=_by_name(by),
        facts=dict(facts),
        flags=[[fault.number, fault.field, f"{fault.rule} {fault.mend}"] for fault in flags],
        version=case.version,
        key=key,
    )
    taken.save()
    say(
        f"{case.process}.{step.verb}",
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        subject=step.id,
        detail={"from": taken.from_state, "to": to, "facts": taken.facts, "flags": taken.flags},
        about=taken,
    )
    return taken


def _stop_clocks(process: Process, case: Case, step: Step, at: datetime) -> None:
    """Clocks named by the step are met or replaced; in a final state whatever still runs on the strand is replaced."""
    running = Due.objects.filter(case=case, met_at=None, replaced_at=None)
    if step.stops:
        stopped = "replaced_at" if step.verb in process.replacing else "met_at"
        running.filter(clock__in=step.stops).update(**{stopped: at})
    if step.to in process.final:
        running.filter(strand=step.strand).exclude(clock__in=process.outlasting).update(replaced_at=at)


def counted_from(process: Process, clock: Clock, facts: Mapping[str, object], at: datetime) -> datetime | None:
    """When a clock begins to count: the moment, or midday of the day, that the facts give, else the step itself.

    None where the clock belongs to a date that the facts do not give.
    """
    for code in process.counts_from.get(clock.id, ()):
        given = as_text(facts.get(code))
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            continue
        return moment if moment.tzinfo else datetime.combine(date.fromisoformat(given[:10]), time(12), LONDON)
    return None if clock.counting_rule in ("set_date", "back_from_date") else at


def _start_clocks(room: Room, case: Case, step: Step, at: datetime, facts: Mapping[str, object]) -> None:
    dues = []
    for clock_id in step.starts:
        clock = room.process.clocks[clock_id]
        start = counted_from(room.process, clock, facts, at)
        if start is None:
            continue
        due = due_at(clock.counting_rule, clock.value, clock.unit, start)
        if clock.counting_rule == "back_from_date":  # told too late for it: whoever owes it has the day
            day_over = datetime.combine(localdate(at), LAST_SECOND, LONDON)
            due = replace(due, at=max(due.at, day_over.astimezone(UTC)))
        dues.append(
            Due(
                case=case,
                strand=step.strand,
                clock=clock_id,
                started_at=at,
                due_at=due.at,
                verified=due.verified,
                owner_id=room.service_of(case, clock.owner_role),
                paused_at=at if case.paused_at and pauses(clock) else None,
            )
        )
    if dues:
        Due.objects.bulk_create(dues)


def _told(room: Room, case: Case, step: Step) -> list[int]:
    """The services that a step tells. Asked before the room moves: who loses a case is told so too."""
    told = [
        room.service_of(case, opened.removeprefix("notify ")) for opened in step.opens if opened.startswith("notify ")
    ]
    return [service for service in dict.fromkeys(told) if service is not None]


def _apply(room: Room, case: Case, step: Step, by: Actor, at: datetime, facts: Mapping[str, object]) -> None:
    """Take the steps that this one opens or applies, where the facts are enough for them; else nothing changes there.

    A strand that is opened is opened by Throughcare itself; a step is applied for whoever took this one. Each is given
    what it asks for, of the facts that this one had.
    """
    for opened in step.opens:
        what, _, rest = opened.partition(" ")
        first, _, second = rest.partition(" ")
        if what == "open" and first == room.process.name:
            verb = next(s.verb for s in room.process.steps if s.strand == second and s.from_ == START)
            take(by=SYSTEM, at=at, case=case.pk, verb=verb, facts=_asked(room.process, second, verb, facts))
        if what == "apply" and first in rooms():
            _apply_elsewhere(rooms()[first], case, second, at, facts)
        if what != "apply" or first not in room.process.strands():
            continue
        strands = dict(case.strands.values_list("name", "state"))
        given = _asked(room.process, first, second, facts)
        verdict = rules.judge(
            room.process,
            strand=first,
            state=strands.get(first, START),
            verb=second,
            roles=room.roles_of(case, by),
            facts=_known(room, case, first, second, given, by, at),
            on=localdate(at),
        )
        if not verdict.faults:
            take(by=by, at=at, case=case.pk, verb=second, facts=given)


def _apply_elsewhere(room: Room, case: Case, verb: str, at: datetime, facts: Mapping[str, object]) -> None:
    """Take a step of the person's open case of another process, where its table allows it; else nothing changes."""
    mine = Case.objects.filter(process=room.process.name, person=case.person_id, closed_at=None).order_by("-pk")
    other = room.with_parties(mine).first()
    if other is None:
        return
    strands = {strand.name: strand for strand in other.strands.all()}
    strand = _strand_for(room.process, verb, strands)
    known = _known(room, other, strand, verb, facts, SYSTEM, at)
    verdict = rules.judge(
        room.process,
        strand=strand,
        state=strands[strand].state if strand in strands else START,
        verb=verb,
        roles=_roles_for(room.process, verb),
        facts=known,
        on=localdate(at),
    )
    if not verdict.faults and not room.doubts(other, verb, known, at):
        assert verdict.step is not None
        asked = {code: known[code] for code in verdict.step.asked if code in known}
        take(by=SYSTEM, at=at, case=other.pk, verb=verb, facts=asked, applied=True)


def _asked(process: Process, strand: str, verb: str, facts: Mapping[str, object]) -> dict[str, object]:
    """Those of the facts that the verb asks for."""
    asked = {code for step in process.steps if (step.strand, step.verb) == (strand, verb) for code in step.asked}
    return {code: value for code, value in facts.items() if code in asked}


def _conflict(case: Case, roles: frozenset[str]) -> Fault:
    room = room_of(case)
    by_somebody = case.steps.exclude(user=None, service=None)
    last = by_somebody.select_related("user", "service").order_by("-version").first()
    first = "Somebody acted on this first"
    if last and room.knows_others(roles):
        where = f" ({last.service.name})" if last.service else ""
        first += f": {last.who}{where} recorded “{room.process.done_words(last.verb).lower()}”"
    now = ", ".join(room.process.label(state) for state in case.strands.values_list("state", flat=True))
    return Fault(
        "PR-201",
        "",
        f"{first}, and it is now {now}.",
        "Nothing of yours was stored. Look at what happened, then act again if it is still needed.",
    )
