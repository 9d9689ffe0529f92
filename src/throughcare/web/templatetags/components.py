"""The small parts of a page, built into every template. All of them escape what they are given."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template

from throughcare.web import wording
from throughcare.web.parts import Entry, Row

register = template.Library()

COLOURS = {"risk": "red", "missed": "red", "today": "yellow", "done": "green"}


@register.filter
def day(when: dt.date | None) -> str:
    """Wed 4 Feb 2026; nothing for no date."""
    return wording.day(when) if when else ""


@register.filter
def born(date: dt.date | None) -> str:
    """3 Mar 1986; nothing for no date."""
    return wording.born(date) if date else ""


@register.filter
def clock(when: dt.datetime | dt.time | None) -> str:
    """6:05pm; nothing for no time."""
    return wording.clock(when) if when is not None else ""


@register.filter
def moment(when: dt.datetime | None) -> str:
    """Wed 4 Feb 2026, 6:05pm; nothing for no moment."""
    return wording.moment(when) if when else ""


@register.filter
def due_in(due: dt.datetime | None, now: dt.datetime) -> str:
    """due in 3 hours, 6:05pm today; nothing for no deadline."""
    return wording.due_in(due, now) if due else ""


@register.filter
def words(code: str) -> str:
    """A code as words: "working_days" is "working days"."""
    return code.replace("_", " ")


@register.inclusion_tag("web/parts/tag.html")
def tag(text: str, tone: str = "") -> dict[str, str]:
    """A state in a word. Tone: risk or missed (red), today (amber), done (green); anything else is grey."""
    return {"text": text, "colour": COLOURS.get(tone, "grey")}


@register.inclusion_tag("web/parts/summary_list.html")
def summary_list(rows: Iterable[Row]) -> dict[str, Any]:
    """Labels with their values, each with a note of where it comes from."""
    return {"rows": rows}


@register.inclusion_tag("web/parts/timeline.html")
def timeline(entries: Iterable[Entry]) -> dict[str, Any]:
    """What happened, in the order given (newest first is usual)."""
    return {"entries": entries}


@register.inclusion_tag("web/parts/empty.html")
def empty(words: str) -> dict[str, str]:
    """What would be here and how it gets here."""
    return {"words": words}


@register.inclusion_tag("web/parts/verified.html")
def verified(answer: str) -> dict[str, bool]:
    """Marks a value as unverified unless the answer is exactly "yes"."""
    return {"verified": answer == "yes"}


@register.inclusion_tag("web/parts/pager.html")
def pager(page: Any) -> dict[str, Any]:
    """Previous and next, for keyset paging: the page offers previous_url and next_url, each empty at its end."""
    return {"page": page}
