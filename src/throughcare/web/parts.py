"""The plain values that the page components show."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Row:
    """One line of a summary list: what it is, what it stands at, and where that comes from (source, time, who).

    tag: a word that must not be overlooked ("Unconfirmed"); tone: its colour, as for every tag.
    """

    label: str
    value: object
    note: str = ""
    tag: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Entry:
    """One thing that happened, for a timeline: when (aware), what, by whom, and words written about it."""

    when: datetime
    title: str
    by: str = ""
    text: str = ""
