"""What other rooms put on a person's page: registered by them, asked for each reader."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from throughcare.events.actor import Actor
from throughcare.people.models import PersonEvent
from throughcare.sharing.rule import Sight
from throughcare.web.parts import Entry, Row


@dataclass(frozen=True)
class Reader:
    """Who reads whose page, when, and what they may see.

    happened: everything that was reported about the person, newest first, readable or not. dead: a death stands.
    """

    actor: Actor
    person: int
    sight: Sight
    now: datetime
    happened: tuple[PersonEvent, ...] = ()
    dead: bool = False


@dataclass(frozen=True)
class Work:
    """One open thing about the person: its title and page, how it stands, and its next deadline in words."""

    title: str
    url: str
    state: str
    tone: str = ""
    words: str = ""


@dataclass(frozen=True)
class Panel:
    """A room's part of the page. Every list may be empty; the page puts the parts of all rooms together.

    acts: what is done often, as buttons; more: what is done seldom, as links below them.
    """

    safety: list[Row] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    acts: list[tuple[str, str]] = field(default_factory=list)
    more: list[tuple[str, str]] = field(default_factory=list)


_panels: list[Callable[[Reader], Panel]] = []


def add_panel(panel: Callable[[Reader], Panel]) -> None:
    """Have a room's part on every person's page. Called from AppConfig.ready."""
    _panels.append(panel)


FirstPage = Callable[[Actor, int, datetime], str]
_first_pages: list[FirstPage] = []


def add_first_page(page: FirstPage) -> None:
    """Have a room say which page comes first for whoever has just opened a record. Called from AppConfig.ready.

    It gives an address, or "" where the person's own page may be opened at once.
    """
    _first_pages.append(page)


def first_page(actor: Actor, person: int, now: datetime) -> str:
    """The address of the page that must come before the person's own; "" for none."""
    return next(filter(None, (page(actor, person, now) for page in _first_pages)), "")


def panels(reader: Reader) -> Panel:
    """The parts of all rooms, put together; what happened, newest first."""
    parts = [panel(reader) for panel in _panels]
    return Panel(
        safety=[row for part in parts for row in part.safety],
        work=[work for part in parts for work in part.work],
        facts=[row for part in parts for row in part.facts],
        entries=sorted((e for part in parts for e in part.entries), key=lambda e: e.when, reverse=True),
        acts=[act for part in parts for act in part.acts],
        more=[act for part in parts for act in part.more],
    )
