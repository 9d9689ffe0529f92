"""Dates, times and deadlines in words, always as Europe/London tells them. Pure functions: no clock is read here."""

import datetime as dt
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
SOON = dt.timedelta(hours=6)


def day(when: dt.date) -> str:
    """A date, or the London date of an aware moment: "Wed 4 Feb 2026"."""
    date = when.astimezone(LONDON).date() if isinstance(when, dt.datetime) else when
    return f"{date:%a} {date.day} {date:%b %Y}"


def born(date: dt.date) -> str:
    """A date of birth: "3 Mar 1986"."""
    return f"{date.day} {date:%b %Y}"


def clock(when: dt.datetime | dt.time) -> str:
    """The time of an aware moment in London, or a plain time: "6:05pm", "5pm", "midday", "midnight"."""
    time = when.astimezone(LONDON).time() if isinstance(when, dt.datetime) else when
    if time.minute == 0 and time.hour in (0, 12):
        return "midday" if time.hour else "midnight"
    minutes = f":{time.minute:02}" if time.minute else ""
    return f"{time.hour % 12 or 12}{minutes}{'pm' if time.hour >= 12 else 'am'}"


def moment(when: dt.datetime) -> str:
    """Date and time of an aware moment: "Wed 4 Feb 2026, 6:05pm"."""
    return f"{day(when)}, {clock(when)}"


def due_in(due: dt.datetime, now: dt.datetime) -> str:
    """A deadline as words and date, seen from now. Both moments are aware.

    "due in 3 hours, 6:05pm today", "due tomorrow, Thu 5 Feb, 5pm", "missed 2 days ago, Mon 2 Feb, 5pm". Time left and
    time passed are rounded down: nobody is told that they have longer than they have.
    """
    gap = abs(due - now)
    missed = due <= now
    here, there = now.astimezone(LONDON).date(), due.astimezone(LONDON).date()
    days = (there - here).days
    if days == 0 or gap < SOON:
        name = {-1: " yesterday", 0: " today", 1: " tomorrow"}[days]
        return f"{_span(gap, missed)}, {clock(due)}{name}"
    date = f"{day(due) if there.year != here.year else day(due)[:-5]}, {clock(due)}"
    if missed:
        return f"missed {'yesterday' if days == -1 else f'{-days} days ago'}, {date}"
    return f"due {'tomorrow' if days == 1 else f'in {days} days'}, {date}"


def _span(gap: dt.timedelta, missed: bool) -> str:
    minutes = int(gap.total_seconds() // 60)
    count, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    if not count:
        return "missed just now" if missed else "due now"
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"missed {words} ago" if missed else f"due in {words}"
