"""What an event does to one case: its states, its clocks, its history, and whom it tells."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.utils.timezone import localdate

from throughcare.events.actor import SYSTEM, Actor
from throughcare.people.models import PersonEvent
from throughcare.processes import actions as engine
from throughcare.processes import rules
from throughcare.processes import universal_rules as anywhere
from throughcare.processes.models import Case, Due
from throughcare.processes.pausing import pauses, resumed_due
from throughcare.processes.registry import Room
from throughcare.processes.table import OWNER, START, Step
from throughcare.processes.universal_values import OF_A_CASE
from throughcare.reference.calendar import due_at
from throughcare.reference.pathways import UniversalRow
from throughcare.web.faults import Fault


def own_step(
    room: Room, case: Case, row: UniversalRow, event: PersonEvent, at: datetime
) -> tuple[rules.Verdict, dict[str, object]] | None:
    """A step written for the state wins over the event of the same verb; with the facts that it asks for.

    What cannot be for the process is kept and flagged, and moves nothing.
    """
    verb, facts = anywhere.as_step(row, event.facts)
    for strand in case.strands.all():
        steps = [s for s in room.process.steps if (s.verb, s.from_, s.strand) == (verb, strand.state, strand.name)]
        if steps and steps[0].in_force(localdate(at)):
            verdict = rules.judge(
                room.process,
                strand=strand.name,
                state=strand.state,
                verb=verb,
                roles=steps[0].roles,
                facts=facts,
                on=localdate(at),
            )
            if not verdict.moves or verdict.step is None:
                return None
            asked = {code: facts[code] for code in verdict.step.asked if facts.get(code)}
            if doubts := room.doubts(case, verb, asked, at):
                verdict = replace(verdict, faults=(*verdict.faults, *doubts), moves=False)
            return verdict, asked
    return None


def change(case: Case, room: Room, row: UniversalRow, at: datetime, *, ended_by: str = "") -> None:
    """What the row says of strands and clocks; the room's own clocks that name the verb start or stop with it.

    That somebody left custody moves nothing where no step of the process is for it: they have left already.
    """
    if row.effect == anywhere.GOTO and row.event in anywhere.LEAVES_CUSTODY:
        return
    dues = Due.objects.filter(case=case, met_at=None, replaced_at=None)
    strands = list(case.strands.all())
    if row.strands != ("*",):
        strands = [strand for strand in strands if strand.name in row.strands]
    if row.effect in (anywhere.CLOSE, anywhere.GOTO):
        for strand in strands:
            if strand.state not in room.process.final:
                strand.state, strand.since = row.to_state, at
                strand.save(update_fields=["state", "since"])
        if row.effect == anywhere.CLOSE or row.clock_effect.startswith("release clocks stop"):
            dues.filter(strand__in=[strand.name for strand in strands]).update(replaced_at=at)
    clocks = room.process.clocks.values()
    dues.filter(clock__in=[clock.id for clock in clocks if row.verb in clock.stops_on]).update(replaced_at=at)
    if row.effect == anywhere.PAUSE:
        pause(case, room, at)
    if row.effect == anywhere.CLOSE:
        ended = {*room.process.final, row.to_state}
        if all(strand.state in ended for strand in case.strands.all()):
            case.closed_at = at
        case.ended_by, case.paused_at = ended_by, None
    started = [clock for clock in clocks if strands and row.verb in clock.starts_on]
    Due.objects.bulk_create(
        Due(
            case=case,
            strand=strands[0].name,
            clock=clock.id,
            started_at=at,
            due_at=(due := due_at(clock.counting_rule, clock.value, clock.unit, at)).at,
            verified=due.verified,
            owner_id=room.service_of(case, clock.owner_role),
        )
        for clock in started
    )


def pause(case: Case, room: Room, at: datetime) -> None:
    """Stop the local clocks that still run and were not due before; the others run on."""
    local = [clock.id for clock in room.process.clocks.values() if pauses(clock)]
    running = Due.objects.filter(
        case=case, clock__in=local, met_at=None, replaced_at=None, missed_at=None, paused_at=None, due_at__gt=at
    )
    running.filter(started_at__lte=at).update(paused_at=at)
    case.paused_at = case.paused_at or at


def run_on(case: Case, room: Room, moment: datetime) -> None:
    """Have paused clocks run again from a moment, with the time that was left."""
    for due in Due.objects.filter(case=case, met_at=None, replaced_at=None, paused_at__isnull=False):
        assert due.paused_at is not None
        clock = room.process.clocks[due.clock]
        again = resumed_due(clock.counting_rule, due.due_at, due.paused_at, max(moment, due.paused_at))
        due.due_at, due.verified, due.paused_at = again.at, due.verified and again.verified, None
        due.save(update_fields=["due_at", "verified", "paused_at"])
    case.paused_at = None


def keep_step(
    case: Case,
    room: Room,
    row: UniversalRow,
    *,
    by: Actor,
    at: datetime,
    facts: Mapping[str, object],
    flags: Iterable[Fault],
    party: bool,
) -> None:
    """Keep the event on the history of the case. Nobody on it learns which other service knows the person."""
    main = min(case.strands.all(), key=lambda strand: room.process.strands().index(strand.name))
    case.version += 1
    case.save(update_fields=["version", *OF_A_CASE])
    last = case.steps.filter(strand=main.name).order_by("-version").first()
    step = Step(
        id=f"U-{row.event}",
        strand=main.name,
        from_=last.to_state if last else START,
        verb=row.verb,
        to=main.state,
        roles=row.roles,
        kind=row.kind,
    )
    doer = by if party else SYSTEM
    taken = engine.store(
        case, step, main.state, by=doer, at=at, facts=facts_for(facts, party), flags=tuple(flags), key=None
    )
    room.after(taken, doer, at)


def facts_for(facts: Mapping[str, object], party: bool) -> dict[str, object]:
    """What the history of a case keeps: for a stranger to the case, no more than every party reads."""
    return {code: value for code, value in facts.items() if party or anywhere.FACTS[code].category == ""}


def owners_of(room: Room, case: Case) -> list[int]:
    """The services that answer for the case now, each once."""
    return list(dict.fromkeys(room.owners(case)))


def told_by(room: Room, case: Case, row: UniversalRow, owners: list[int]) -> list[int]:
    """Whom an event tells: every owner where it closes or pauses, else the owners whom the row names."""
    if row.effect in (anywhere.CLOSE, anywhere.PAUSE) or "notify every open owner" in row.opens:
        return owners
    named = [word.removeprefix("notify ") for words in row.opens for word in [words.strip()] if "notify " in word]
    services = [room.service_of(case, role) for role in named]
    if row.effect == anywhere.OPEN_HANDOVER:
        services.append(room.service_of(case, OWNER))
    return [service for service in dict.fromkeys(services) if service in owners and service is not None]
