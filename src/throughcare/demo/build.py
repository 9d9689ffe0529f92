"""Making a made-up world in an empty database: Northbridge, its stories, and as many lives as were asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from throughcare.demo import area, bulk, lives, stories
from throughcare.demo.area import SignIn, sign_ins
from throughcare.demo.moments import Days, moment
from throughcare.demo.names import MADE_UP_PEOPLE_AT_MOST
from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM
from throughcare.events.models import Event, EventDetail
from throughcare.sharing.models import Person
from throughcare.web.faults import Fault, Refused

__all__ = ["SignIn", "Summary", "build", "sign_ins"]

FEWEST, MOST = 100, MADE_UP_PEOPLE_AT_MOST
"""Fewer could not show every state; more would run out of test NHS numbers."""
FIRST_DAY, LAST_DAY = date(2020, 1, 1), date(2099, 12, 31)
AT_ONCE = 20_000
"""People in one transaction, and in one event."""
IN_MEMORY = 1_000
BUILT = "demo.built"


@dataclass(frozen=True)
class Summary:
    """What was made: people in all, and the rows of lives by table."""

    people: int
    on: date
    seed: int
    rows: Mapping[str, int]


def build(*, people: int, on: date, seed: int, progress: Callable[[int, int, str], None]) -> Summary:
    """Make a world as it stood in the first minute of `on`. The same people, day and seed make the same world.

    Each 20,000 people are one transaction and one event. Killed half-way, it goes on where it stopped when it is asked
    for the same world again. progress: told people done, people in all, and what is being done.
    Raises Refused: DM-101 when there are people already, DM-103 and DM-104 for a number or a day out of range.
    """
    _must_be_possible(people, on)
    done = _done_already({"people": people, "on": on.isoformat(), "seed": seed})
    days = Days(on)
    total = people - len(stories.STORIES)
    written: dict[str, int] = {}
    while done < total:
        until = min(total, (done // AT_ONCE + 1) * AT_ONCE)
        with acting(SYSTEM, days.told):
            if not done:
                progress(0, people, "Northbridge")
                _begin(people, days)
            staffed = area.staffed()
            patches = lives.patches_of(staffed)
            rows = bulk.Rows()
            for number in range(done, until):
                if number % IN_MEMORY == 0:
                    rows.flush()
                    progress(number, people, "Made-up people")
                bulk.write(rows, lives.life_of(number, seed, days, patches), days.told)
            rows.finish()
            say(
                BUILT,
                by=SYSTEM,
                at=days.told,
                count=until - done,
                detail={"people": people, "on": on, "seed": seed, "done": until, "rows": rows.written},
            )
        for table, count in rows.written.items():
            written[table] = written.get(table, 0) + count
        done = until
    progress(people, people, "Made-up people")
    return Summary(people=people, on=on, seed=seed, rows=written)


def _begin(people: int, days: Days) -> None:
    """Everything that there is one of: the organisations, and the stories."""
    begun = moment(days.before[520], 9)
    area.enter(begun)
    further = bulk.Rows()
    bulk.add_further_patches(further, lives.further_patches(people), begun)
    further.finish()
    stories.tell(days, area.staffed())


def _must_be_possible(people: int, on: date) -> None:
    faults = []
    if not FEWEST <= people <= MOST:
        faults.append(
            Fault(
                "DM-103",
                "--people",
                f"A made-up world has from {FEWEST} to {MOST:,} people, and {people:,} were asked for.",
                "Ask for a number between the two: --people 400",
            )
        )
    if not FIRST_DAY <= on <= LAST_DAY:
        faults.append(
            Fault("DM-104", "--on", f"A world is told on a day from 2020 to 2099, not on {on}.", "Check the year.")
        )
    if faults:
        raise Refused(*faults)


def _done_already(asked: Mapping[str, Any]) -> int:
    """How many lives of the very world asked for are there, when it was stopped half-way; 0 for an empty database."""
    if not Person.objects.exists() and not area.is_entered():
        return 0
    last = last_built()
    begun = {name: last[name] for name in asked} if last else {}
    if last and begun == dict(asked) and last["done"] < last["people"] - len(stories.STORIES):
        return int(last["done"])
    where = connection.settings_dict["NAME"]
    mend = "Set THROUGHCARE_DATA to another folder, or "
    mend += "THROUGHCARE_DATABASE to an empty database." if connection.vendor == "postgresql" else f"remove {where}."
    if last and last["done"] < last["people"] - len(stories.STORIES):
        mend = f"Finish it with: ./run demo --people {last['people']} --on {last['on']} --seed {last['seed']}. {mend}"
    raise Refused(Fault("DM-101", "", f"The database {where} holds people already, and none of them is changed.", mend))


def last_built() -> dict[str, Any] | None:
    """What the last event of a build says of it: people, on, seed, and how many lives were done."""
    event = Event.objects.filter(verb=BUILT).order_by("-seq").first()
    detail = EventDetail.objects.filter(pk=event.pk).first() if event else None
    return json.loads(detail.body) if detail else None
