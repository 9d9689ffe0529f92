"""Prescribing cover: is there a gap, and how long is it? Pure rules over moments; the present is passed in."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from throughcare.web.wording import LONDON, day, moment

SOON = timedelta(days=7)
"""From when a gap is shown as a risk: the days in which an appointment with a prescriber can still be found."""


@dataclass(frozen=True)
class Cover:
    """Who prescribes and until when (aware moment); next_from is None while nobody is named to go on."""

    prescriber: str
    covered_until: datetime
    next_prescriber: str = ""
    next_from: datetime | None = None

    @property
    def has_gap(self) -> bool:
        """Is there a time after the cover ends in which nobody is named?"""
        return self.next_from is None or self.next_from > self.covered_until

    def ended(self, now: datetime) -> bool:
        """Is nobody prescribing at this moment?"""
        return self.covered_until <= now and (self.next_from is None or self.next_from > now)

    def at_risk(self, now: datetime) -> bool:
        """Is there a gap that has begun, or begins within a week?"""
        return self.has_gap and self.covered_until <= now + SOON and not self.taken_up(now)

    def taken_up(self, now: datetime) -> bool:
        """Has the next prescriber begun?"""
        return self.next_from is not None and self.next_from <= now

    @property
    def gap(self) -> timedelta | None:
        """How long nobody prescribes: nothing where there is no gap, None where no end of it is known."""
        if self.next_from is None:
            return None
        return max(self.next_from - self.covered_until, timedelta())


def gap_words(cover: Cover) -> str:
    """The gap as boards show it: "GAP 2 days (ends Thu 5 Feb 2026, next Sat 7 Feb 2026)"; empty where there is none."""
    if not cover.has_gap:
        return ""
    ends = day(cover.covered_until)
    if cover.gap is None or cover.next_from is None:
        return f"NO NEXT PRESCRIBER (ends {ends})"
    days = max((cover.next_from.astimezone(LONDON).date() - cover.covered_until.astimezone(LONDON).date()).days, 1)
    if cover.gap < timedelta(days=1):
        return f"GAP (ends {moment(cover.covered_until)}, next {moment(cover.next_from)})"
    return f"GAP {days} {'day' if days == 1 else 'days'} (ends {ends}, next {day(cover.next_from)})"


def end_of(day: date) -> datetime:
    """The last minute of a day in London: a prescription that ends that day covers it whole."""
    return datetime.combine(day, time(23, 59), LONDON)
