"""Moments of a made-up world, counted from the day it is told on. The world stands as it was just after midnight."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache

from throughcare.reference.calendar import LONDON, working_day

ONE_DAY = timedelta(days=1)
WORKER = timedelta(seconds=10)
"""How long after its moment the worker of a made-up world delivers a message or marks a deadline."""
READ = timedelta(hours=20)
"""How long after it arrived somebody puts a message away."""


@lru_cache(maxsize=200_000)
def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of the clock in London, in UTC."""
    return datetime.combine(day, time(hour, minute), LONDON).astimezone(UTC)


@dataclass(frozen=True)
class Days:
    """The days around `on`."""

    on: date

    @cached_property
    def told(self) -> datetime:
        """The moment up to which everything has happened: one minute past midnight."""
        return moment(self.on, 0, 1)

    @cached_property
    def before(self) -> tuple[date, ...]:
        """The working days before `on`, the last one first."""
        return tuple(day for n in range(1, 1200) if working_day(day := self.on - n * ONE_DAY))

    @cached_property
    def ahead(self) -> tuple[date, ...]:
        """The working days from `on`, the next one first: `on` itself where it is one."""
        return tuple(day for n in range(200) if working_day(day := self.on + n * ONE_DAY))

    def last(self, weekday: int) -> date:
        """The last such weekday (Monday is 0) before `on` that is a working day: nobody leaves prison on a holiday."""
        return next(day for day in self.before if day.weekday() == weekday)

    def next(self, weekday: int) -> date:
        """The next such weekday after `on` that is a working day."""
        return next(day for day in self.ahead if day.weekday() == weekday and day > self.on)
