"""What the page of a case shows: worked out from the tables, and filtered by the access rule."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.accounts.models import User
from throughcare.events.actor import Actor
from throughcare.messages.models import Message
from throughcare.messages.outbox import TODAY
from throughcare.organisations.models import Service, Site
from throughcare.people.happened import KINDS
from throughcare.people.models import PersonEvent
from throughcare.processes.actions import stranger
from throughcare.processes.forms import questions
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.registry import Room, forbidden, rooms
from throughcare.processes.rules import Act, acts, reportable
from throughcare.processes.table import (
    CASE,
    DAY,
    MOMENT,
    NOT_KNOWN,
    OUTSIDE,
    RECEIVER,
    SENDER,
    SERVICE,
    START,
    SYSTEM,
    USER,
    sentence,
)
from throughcare.processes.universal import outstanding
from throughcare.processes.universal_rules import ENDED_WORDS, RESUMED, SITE, VOID, rows_of
from throughcare.reference.areas import area_name, is_area
from throughcare.reference.roles import roles as all_roles
from throughcare.sharing.rule import Sight, sight
from throughcare.web.parts import Entry, Row
from throughcare.web.wording import day, moment


@dataclass(frozen=True)
class Deadline:
    """One deadline as shown: what, whose, when, and how it stands ("missed", "today" or ""); paused since, or None."""

    name: str
    owner: str
    due_at: datetime
    tone: str
    verified: bool
    mark: str
    paused_at: datetime | None = None


@dataclass(frozen=True)
class Button:
    """One thing the reader can do: straight away (`asks` false), or by answering questions."""

    act: Act
    words: str
    consequence: str
    asks: bool
    key: str
    primary: bool = False


@dataclass(frozen=True)
class CasePage:
    """Everything on the page of one case, for one reader. paused: why its local deadlines stand still; else empty."""

    case: Case
    room: Room
    sight: Sight
    roles: frozenset[str]
    states: Mapping[str, str]
    buttons: list[Button]
    others: list[tuple[str, str]]
    reports: list[Button]
    links: list[tuple[str, str]]
    deadlines: list[Deadline]
    rows: list[Row]
    hidden: str
    history: list[Entry]
    messages: "list[Told]"
    parties: list[tuple[str, str, str]]
    sections: list[tuple[str, Mapping[str, object]]]
    paused: str
    knows_others: bool

    @property
    def title(self) -> str:
        return self.room.title(self.case)

    @property
    def state_words(self) -> str:
        words = ", ".join(self.room.process.label(state) for state in self.states.values())
        return f"{words}: {ENDED_WORDS[self.case.ended_by]}" if self.case.ended_by in ENDED_WORDS else words

    @property
    def person_name(self) -> str:
        return name_for(self.case, self.sight)

    @property
    def born(self) -> date | None:
        """The date of birth, where the reader may know it."""
        return self.case.record.date_of_birth if self.sight.reads("identity_core", "date_of_birth") else None


def open_case(case: int, actor: Actor, now: datetime) -> tuple[Case, Room, Sight, frozenset[str]]:
    """A case with its room, for a reader who is party to it and may see the person. Otherwise NotAllowed."""
    for room in rooms().values():
        found = room.with_parties(Case.objects.filter(pk=case, process=room.process.name)).first()
        if found is not None:
            roles = room.roles_of(found, actor)
            if not roles:
                raise stranger(case)
            seen = sight(actor, found.person_id, now)
            if not seen.reads("identity_core"):
                raise stranger(case)
            return found, room, seen, roles
    raise stranger(case)


def case_page(case: int, actor: Actor, now: datetime) -> CasePage:
    """The page of a case. Raises NotAllowed for anybody who is not party to it."""
    return page_of(*open_case(case, actor, now), now)


def page_of(found: Case, room: Room, seen: Sight, roles: frozenset[str], now: datetime) -> CasePage:
    """The page of a case for a reader of whom it is known what they may see, and in which roles they are party."""
    actor = seen.actor
    states = {strand.name: strand.state for strand in found.strands.all()}
    on = localdate(now)
    possible = [act for act in acts(room.process, states, roles, on) if not forbidden(found, act.verb)]
    taken = list(found.steps.select_related("user", "service").order_by("version"))
    knows = room.knows_others(roles)
    ours = [step for step in taken if step.service_id == actor.service]
    steps = room.history_for(taken, roles) if knows else ours
    dues = found.dues.select_related("owner").order_by("due_at")
    hidden = room.hides(found, roles)
    names = _names(room, steps)
    paused_by = list(outstanding(found.person_id)) if found.paused_at else []
    return CasePage(
        case=found,
        room=room,
        sight=seen,
        roles=roles,
        states=states,
        buttons=_in_order([_button(room, found, act, actor, now) for act in possible if act.mine], room.process.onward),
        others=[
            (room.words(found, act.verb)[0], ", ".join(dict.fromkeys(named(role) for role in act.by if role != SYSTEM)))
            for act in possible
            if not act.mine and act.by != (SYSTEM,)
        ],
        reports=[_button(room, found, act, actor, now) for act in reportable(room.process, states, roles, on)],
        links=[*room.links(found, roles), *_links(found, actor, paused_by)],
        deadlines=deadlines(dues if knows else dues.filter(owner=actor.service), room, now),
        rows=[] if hidden else [*room.rows(found, seen, now), *_facts(room, steps, seen, names)],
        hidden=hidden,
        history=[_entry(room, step, names, None if hidden else seen) for step in reversed(steps)],
        messages=_messages(room, found, since=None if steps == taken else steps[0].at) if knows else [],
        parties=room.parties(found) if knows else [],
        sections=room.sections(found, roles, seen, now),
        knows_others=knows,
        paused=", ".join(KINDS[event.kind].words.lower() for event in paused_by),
    )


@dataclass(frozen=True)
class Told:
    """That a service was told of a step: what, whom, when, and since when it stands on their Today."""

    words: str
    service: Service
    written_at: datetime
    delivered_at: datetime | None
    on_today: bool


def _messages(room: Room, case: Case, since: datetime | None) -> list[Told]:
    rows = Message.objects.filter(case=case.pk).select_related("service").order_by("-pk")
    if since is not None:
        rows = rows.filter(written_at__gte=since)
    return [
        Told(
            room.process.done_words(m.verb.partition(".")[2]),
            m.service,
            m.written_at,
            m.delivered_at,
            on_today=m.channel == TODAY,
        )
        for m in rows
    ]


def deadlines(dues: Iterable[Due], room: Room, now: datetime) -> list[Deadline]:
    """The deadlines that still matter: open ones, and missed ones that nobody has met since."""
    shown = []
    for due in dues:
        if due.met_at or due.replaced_at:
            continue
        clock_row = room.process.clocks[due.clock]
        late = due.missed_at is not None or (due.due_at <= now and due.paused_at is None)
        today = localdate(due.due_at) == localdate(now)
        shown.append(
            Deadline(
                name=room.process.clock_words(due.clock),
                owner=due.owner.name if due.owner else "Throughcare itself",
                due_at=due.due_at,
                tone="missed" if late else "today" if today and due.paused_at is None else "",
                verified=due.verified,
                mark=clock_row.verified,
                paused_at=due.paused_at if due.missed_at is None else None,
            )
        )
    return shown


def _links(case: Case, actor: Actor, paused_by: list[PersonEvent]) -> list[tuple[str, str]]:
    """What every open case offers beside its own acts: that a pause has ended, and that it was opened in error."""
    if case.closed_at is not None:
        return []
    links = []
    if actor.role in rows_of(RESUMED, [case.process])[case.process].roles:
        for event in paused_by:
            address = reverse("resume-event", args=[case.person_id, event.pk])
            links.append((f"Say that it has ended: {KINDS[event.kind].words.lower()}", address))
    if actor.role in rows_of(VOID, [case.process])[case.process].roles:
        links.append(("This was opened in error", reverse("void-case", args=[case.pk])))
    return links


def named(role: str) -> str:
    """A role of the table, or a side of the case, in words."""
    sides = {SENDER: "the sender", RECEIVER: "the service asked", OUTSIDE: "the service asked"}
    return sides.get(role) or (all_roles()[role].name if role in all_roles() else sentence(role).lower())


def name_for(case: Case, seen: Sight) -> str:
    """The person's name as the reader may know it."""
    record = case.record
    if not seen.reads("identity_core", "name"):
        return f"Person {case.person_id}"
    return record.full_name


def _button(room: Room, case: Case, act: Act, actor: Actor, now: datetime) -> Button:
    words, consequence = room.words(case, act.verb)
    needs_answers = bool(questions(room, case, act, actor, now)) or act.verb in room.checked_before
    return Button(act=act, words=words, consequence=consequence, asks=needs_answers, key=uuid.uuid4().hex)


def _in_order(buttons: list[Button], onward: tuple[str, ...]) -> list[Button]:
    """What moves the case on comes first, and its first stands out; none does where only a way back is left."""
    order = {verb: place for place, verb in enumerate(onward)}
    buttons = sorted(buttons, key=lambda button: order.get(button.act.verb, len(order)))
    return [replace(b, primary=not place and b.act.verb in order) for place, b in enumerate(buttons)]


def _facts(room: Room, steps: Iterable[StepTaken], seen: Sight, names: Mapping[tuple[str, str], str]) -> list[Row]:
    """The latest answer to each question, with who gave it and when, as far as the reader may see it."""
    latest: dict[str, StepTaken] = {}
    for step in steps:
        if step.from_state != START and not step.by_itself:
            latest |= dict.fromkeys(_shown_of(room, step), step)
    rows = []
    for code, step in latest.items():
        fact = room.process.fact(code)
        if code in room.process.in_history or not _readable(fact.category, fact.field, step, seen):
            continue
        who = f"{step.who}, {moment(step.at)}"
        rows.append(Row(fact.label, shown(room, code, step.facts[code], names), note=who))
    return rows


def _shown_of(room: Room, step: StepTaken) -> list[str]:
    """The facts of a step that are shown as its own: not those the room shows, nor those made of others."""
    return [c for c in step.facts if c not in room.process.kept_apart and not room.process.fact(c).made_of]


def _readable(category: str | None, field: str, step: StepTaken, seen: Sight) -> bool:
    if category == "":
        return True
    if category is None or step.service_id == seen.actor.service:
        return step.service_id == seen.actor.service
    organisation = step.service.organisation_id if step.service else None
    return seen.reads_item(category, organisation, field)


def shown(room: Room, code: str, value: object, names: Mapping[tuple[str, str], str]) -> str:
    """One answer in words."""
    fact, text = room.process.fact(code), str(value)
    if text == NOT_KNOWN:
        return "Not known"
    if (fact.kind, text) in names:
        return names[fact.kind, text]
    if fact.kind == CASE:
        return f"number {text}"
    if fact.kind == MOMENT and (when := parse_datetime(text)):
        return moment(when)
    if fact.kind == DAY and (on := parse_date(text)):
        return day(on)
    if is_area(text):
        return area_name(text)
    return dict(fact.choices).get(text, text)


def _names(room: Room, steps: Iterable[StepTaken]) -> dict[tuple[str, str], str]:
    """The names behind the services and users that the steps mention by id."""
    ids: dict[str, set[int]] = {SERVICE: set(), USER: set(), SITE: set()}
    for step in steps:
        for code, value in step.facts.items():
            kind = room.process.fact(code).kind
            if kind in ids and str(value).isdecimal():
                ids[kind].add(int(value))
    found: dict[tuple[str, str], str] = {}
    if ids[SERVICE]:
        found |= {(SERVICE, str(s.pk)): s.name for s in Service.objects.filter(pk__in=ids[SERVICE])}
    if ids[SITE]:
        found |= {(SITE, str(s.pk)): s.name for s in Site.objects.filter(pk__in=ids[SITE])}
    if ids[USER]:
        found |= {(USER, str(u.pk)): u.name for u in User.objects.filter(pk__in=ids[USER])}
    return found


def _entry(room: Room, step: StepTaken, names: Mapping[tuple[str, str], str], seen: Sight | None) -> Entry:
    """One step of the history. Without a sight, because what was written is not open yet, it says no facts."""
    itself = "A service that knows the person" if step.row.startswith("U-") else step.who
    by = ", ".join(dict.fromkeys([step.who, step.service.name])) if step.service else itself
    words = [f"Flagged: {number} {text}" for number, _, text in step.flags]
    for code in _shown_of(room, step) if step.from_state != START else ():
        fact = room.process.fact(code)
        if step.by_itself or (seen is not None and _readable(fact.category, fact.field, step, seen)):
            words.append(f"{fact.label.rstrip('?')}: {_plain(room, code, step.facts[code], names)}")
    return Entry(when=step.at, title=room.process.done_words(step.verb), by=by, text="; ".join(words))


def _plain(room: Room, code: str, value: object, names: Mapping[tuple[str, str], str]) -> str:
    if code == "missed_clock":
        return room.process.clock_words(str(value)).lower()
    return shown(room, code, value, names)
