"""An action: a verb, `by=`, one transaction, and at least one event. The only way to write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction

from throughcare.events.actor import Actor
from throughcare.web.faults import Refused

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Said:
    """What an action says of itself: one event to be. `about` is for reactions and is not stored."""

    verb: str
    by: Actor
    at: datetime
    person: int | None = None
    record: int | None = None
    case: int | None = None
    subject: str = ""
    count: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict)
    about: Any = None


class WriteOutsideAction(RuntimeError):
    """Something tried to change a kept row without being an action."""


class NothingSaid(RuntimeError):
    """An action ended without saying what it did."""


_said: ContextVar[list[Said] | None] = ContextVar("said", default=None)
_reactions: dict[str, list[Callable[[Said], None]]] = {}


def must_be_acting(model: type) -> None:
    """Raise WriteOutsideAction unless an action is under way."""
    if _said.get() is None:
        raise WriteOutsideAction(f"{model.__name__} may be changed only inside an action")


def react(verb: str, reaction: Callable[[Said], None]) -> None:
    """Have `reaction` run, in the same transaction, whenever an action says `verb`. Called from AppConfig.ready."""
    known = _reactions.setdefault(verb, [])
    if reaction not in known:
        known.append(reaction)


def say(verb: str, *, by: Actor, at: datetime, **ids: Any) -> Said:
    """Say, inside an action, what was done: it becomes an event when the transaction is about to end."""
    said = _said.get()
    if said is None:
        raise WriteOutsideAction(f"{verb} was said outside an action")
    word = Said(verb=verb, by=by, at=at, **ids)
    said.append(word)
    for reaction in _reactions.get(verb, ()):
        reaction(word)
    return word


@contextmanager
def acting(by: Actor, at: datetime) -> Iterator[None]:
    """One act: a transaction that ends with its events, or a rollback and, when it was refused, the refusal's event.

    An act inside an act is part of it. The events are appended last, because the chain is held until commit.
    """
    from throughcare.events import chain

    if _said.get() is not None:
        yield
        return
    token = _said.set([])
    try:
        with transaction.atomic():
            yield
            said = _said.get()
            if not said:
                raise NothingSaid("an action ended without saying what it did")
            chain.append(said)
    except Refused as refused:
        with transaction.atomic():
            chain.append([refusal(refused, by=by, at=at)])
        refused.kept = True
        raise
    finally:
        _said.reset(token)


def refusal(refused: Refused, *, by: Actor, at: datetime) -> Said:
    """The event of an act or a reading that was refused: its numbers, and the ids it was about."""
    return Said(
        verb="refused",
        by=by,
        at=at,
        person=refused.person,
        case=refused.case,
        subject=", ".join(sorted({fault.number for fault in refused.faults}))[:80],
        detail={"faults": [[fault.number, fault.field] for fault in refused.faults]},
    )


def action(verb: Callable[P, R]) -> Callable[P, R]:
    """Make a function an action. It takes keyword arguments, `by` (Actor) and `at` (aware datetime) among them."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        by, at = kwargs["by"], kwargs["at"]
        assert isinstance(by, Actor)
        assert isinstance(at, datetime)
        with acting(by, at):
            return verb(*args, **kwargs)

    return run
