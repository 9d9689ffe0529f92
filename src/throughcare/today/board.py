"""What a group of Today is made of."""

from dataclasses import dataclass, field
from datetime import datetime

MOST_ROWS = 10


@dataclass(frozen=True)
class Act:
    """Something that can be done from the row: words and address; `key` and `version` when it is done at once."""

    words: str
    url: str
    version: int | None = None
    key: str = ""


@dataclass(frozen=True)
class Line:
    """One row: who or what, how it stands, by when, whom to ring, and what can be done."""

    what: str
    url: str = ""
    tag: str = ""
    tone: str = ""
    words: str = ""
    due_at: datetime | None = None
    ring: tuple[str, str] | None = None
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """Rows that call for the same thing: the first of them, and how many there are in all, where that is known.

    more: where the rest is, when there are more than are shown.
    """

    title: str
    rows: list[Line]
    tone: str = ""
    more: str = ""
    total: int | None = None

    @property
    def count(self) -> str:
        if self.total is not None:
            return str(self.total)
        return f"{MOST_ROWS} or more" if self.more else str(len(self.rows))
