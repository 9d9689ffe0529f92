"""Which processes run, and what the engine asks of the room that declares one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from django.db.models import QuerySet

from throughcare.events.actor import Actor
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.table import Facts, Process
from throughcare.sharing.rule import Sight
from throughcare.web.faults import Fault
from throughcare.web.parts import Row


class Room(Protocol):
    """What a room answers for the cases of its process."""

    process: Process
    checked_before: frozenset[str]
    """The verbs whose form first shows the whole case, because they disclose it."""
    home: tuple[str, str]
    """Where the cases of the process are found: words, and the name of the page."""

    def roles_of(self, case: Case, actor: Actor) -> frozenset[str]:
        """The roles, as the table names them, in which the actor is party to the case; empty for a stranger."""

    def knows_others(self, roles: frozenset[str]) -> bool:
        """Do these roles know who else is on a case? Those who do not see its states, their own deadlines and acts."""

    def service_of(self, case: Case, role: str) -> int | None:
        """The service behind a role of the table ("receiver"): whom a deadline belongs to and a message goes to."""

    def owners(self, case: Case) -> list[int]:
        """The services that answer for an open case, which is told to nobody else: what happens is told to each."""

    def derived(self, case: Case, code: str, given: Facts, actor: Actor, at: datetime) -> object | None:
        """A fact that need not be asked, because it follows from what is known or given; None when it must be asked."""

    def doubts(self, case: Case, verb: str, facts: Facts, at: datetime) -> tuple[Fault, ...]:
        """What cannot be, for reasons that the table does not know: an act is refused; a fact is kept and flagged, and
        moves nothing."""

    def offered(self, case: Case, code: str, actor: Actor) -> object | None:
        """What a question may be answered with before anybody touches it; None for an empty answer."""

    def choices(self, case: Case, code: str, actor: Actor) -> list[tuple[str, str]]:
        """What a fact that names a service or a user may be answered with."""

    def words(self, case: Case, verb: str) -> tuple[str, str]:
        """The button for a verb, and what will happen and who will see it."""

    def title(self, case: Case) -> str:
        """The thing and the place: "Hand-over to Riverside"."""

    def parties(self, case: Case) -> list[tuple[str, str, str]]:
        """Who is on this case: side, service, telephone."""

    def rows(self, case: Case, seen: Sight, now: datetime) -> list[Row]:
        """What the room adds to the facts of the steps, as far as the reader may see it."""

    def links(self, case: Case, roles: frozenset[str]) -> list[tuple[str, str]]:
        """Pages of the room's own that belong to the case: words and address."""

    def sections(
        self, case: Case, roles: frozenset[str], seen: Sight, now: datetime
    ) -> list[tuple[str, Mapping[str, object]]]:
        """What the room itself shows on the page of a case: the name of each template, and what it is given."""

    def hides(self, case: Case, roles: frozenset[str]) -> str:
        """Why the facts are not shown to these roles yet, in words; empty when they are."""

    def history_for(self, steps: list[StepTaken], roles: frozenset[str]) -> list[StepTaken]:
        """The part of the history that these roles may read, oldest first: nobody learns who was asked before them."""

    def missed(self, case: Case, due: Due, at: datetime) -> tuple[str, dict[str, object]] | None:
        """The verb that the system takes when a deadline is missed, with its facts; None when nothing follows."""

    def with_parties(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """The same cases, read together with whatever the other answers need."""

    def after(self, step: StepTaken, by: Actor, at: datetime) -> None:
        """Bring the room's own rows into step with one that was just taken, in the same transaction."""


_rooms: dict[str, Room] = {}


def register(room: Room) -> None:
    """Have a process run. Called from AppConfig.ready of the room that declares it."""
    _rooms[room.process.name] = room


def rooms() -> dict[str, Room]:
    """Every room with a process, by the name of the process."""
    return dict(_rooms)


def room_of(case: Case) -> Room:
    return _rooms[case.process]


Guard = Callable[[Case, str], Fault | None]
_guards: dict[str, list[Guard]] = {}


def guard(process: str, asks: Guard) -> None:
    """Have `asks(case, verb)` say why an act that the table allows is not possible in one case; None when it is.

    Called from AppConfig.ready. What is guarded is not offered on a page, nor taken by anybody but Throughcare itself.
    The case was read by `Room.with_parties`, or with the same relations.
    """
    known = _guards.setdefault(process, [])
    if asks not in known:
        known.append(asks)


def forbidden(case: Case, verb: str) -> Fault | None:
    """What the first guard of the process says against this act in this case."""
    return next((fault for asks in _guards.get(case.process, ()) if (fault := asks(case, verb))), None)
