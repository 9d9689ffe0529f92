"""Do the shipped tables agree with each other? `./run check` prints what this finds."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

from .areas import areas, current_codes, districts
from .calendar import bank_holidays
from .pathways import SYSTEM, clocks, decline_reasons, limits, processes, state_rows, step_rows, universal_rows
from .roles import roles
from .sharing import Access, categories, conditions, matrix
from .tables import DATA, WrongReference

NUMBER_OF_AREAS = 153
NUMBER_OF_ROLES = 33
BANK_HOLIDAYS_A_YEAR = 8
JUSTICE_READERS = ("police_custody", "police_diversion", "police_investigator", "cps", "court")
"""Police, prosecutor and court never read a clinical category: a statement at most."""
NEVER_ANY_RECORD = ("commissioner", "national_analyst", "administrator")
"""Figures come from the metric catalogue, never from a record."""
VERB_AFTER_DECLINE = {
    "retry": "supersede",
    "pause_until": "supersede",
    "reroute": "reroute",
    "wrong_area": "reroute",
    "already_open": "withdraw",
}
"""What the sender can do next, by the consequence of the decline."""


def faults(folder: Path = DATA) -> list[str]:
    """Every fault found, each a sentence that names the table. Empty when all is well.

    Each table stops at its first wrong row, so that mending one may show the next.
    """
    found: list[str] = []
    parts: tuple[Callable[[Path], list[str]], ...] = (_areas, _sharing, _pathways, _declines, _bank_holidays)
    for part in parts:
        try:
            found += part(folder)
        except WrongReference as wrong:
            found.append(str(wrong))
    return list(dict.fromkeys(found))


def _areas(folder: Path) -> list[str]:
    found = []
    if len(areas(folder)) != NUMBER_OF_AREAS:
        found.append(f"england/geography.csv: {len(areas(folder))} areas where {NUMBER_OF_AREAS} are needed")
    with_district = set(districts(folder).values())
    found += [
        f"england/geography_lookup.csv: no district lies in {code}"
        for code in areas(folder)
        if code not in with_district
    ]
    for area in areas(folder).values():
        if area.code not in current_codes(area.code_from_2025, folder):
            found.append(f"england/geography.csv: {area.code_from_2025} does not lead back to {area.code}")
    return found


def _sharing(folder: Path) -> list[str]:
    found = []
    if len(roles(folder)) != NUMBER_OF_ROLES:
        found.append(f"sharing/roles.csv: {len(roles(folder))} roles where {NUMBER_OF_ROLES} are needed")
    rules = [rule for rows in matrix(folder).values() for rule in rows]
    for category in categories(folder):
        for role in roles(folder):
            spans = sorted(
                (rule.since or date.min, rule.until or date.max) for rule in matrix(folder).get((category, role), ())
            )
            place = f"sharing/matrix.csv: {category} × {role}"
            if not spans or spans[-1][1] != date.max:
                found.append(f"{place}: needs a row in force without an end")
            for (_, until), (since, _) in pairwise(spans):
                if (since - until).days != 1:
                    found.append(f"{place}: no row is in force between {until} and {since}")
    for rule in rules:
        place = f"sharing/matrix.csv: {rule.category} × {rule.role}"
        reads = rule.access in (Access.SEE, Access.SUMMARY)
        if rule.role in JUSTICE_READERS and categories(folder)[rule.category].clinical and reads:
            found.append(f"{place}: police, prosecutor and court never read a clinical category")
        if rule.role in NEVER_ANY_RECORD and rule.access is not Access.NO:
            found.append(f"{place}: this role never has anything of a person's record")
    used = {code for rule in rules for code in rule.conditions}
    found += [f"sharing/conditions.csv: {code} is used by no row" for code in conditions(folder) if code not in used]
    return found


def _pathways(folder: Path) -> list[str]:
    return [fault for process in processes(folder) for part in _PATHWAY_PARTS for fault in part(process, folder)]


def _clocks_of(process: str, folder: Path) -> list[str]:
    found = []
    for clock in clocks(process, folder).values():
        place = f"pathways/clocks.csv: {clock.id}"
        starting = {step.verb for step in step_rows(process, folder) if clock.id in step.starts}
        stopping = {step.verb for step in step_rows(process, folder) if clock.id in step.stops}
        if not (starting and stopping):
            found.append(f"{place}: needs a step that starts it and a step that stops it")
        if set(clock.starts_on) != starting or set(clock.stops_on) != stopping:
            found.append(f"{place}: starts_on or stops_on differs from steps.csv")
    return found


def _limits_of(process: str, folder: Path) -> list[str]:
    found = []
    for limit in limits(process, folder).values():
        place = f"pathways/limits.csv: {limit.id}"
        steps = [step for step in step_rows(process, folder) if limit.id in step.rule]
        if set(limit.applies_to) != {step.verb for step in steps}:
            found.append(f"{place}: applies_to differs from steps.csv")
        if limit.effect == "refuse_performed":
            found += [
                f"{place}: would refuse {step.id}, a reported fact"
                for step in steps
                if step.kind == "reported" and step.roles != (SYSTEM,)
            ]
    return found


def _states_of(process: str, folder: Path) -> list[str]:
    """Every state is reached by a step and, unless it is final, left by one."""
    moves = [step for step in step_rows(process, folder) if step.from_state != step.to_state]
    reached, left = {step.to_state for step in moves}, {step.from_state for step in moves}
    found = []
    for state in state_rows(process, folder):
        place = f"pathways/states.csv: {process} {state.state}"
        if (state.kind == "start") == (state.state in reached):
            found.append(f"{place}: every state but the start must be reached by a step, and the start by none")
        if (state.kind == "final") == (state.state in left):
            found.append(f"{place}: every state but a final one must be left by a step, and a final one by none")
    return found


def _events_of(process: str, folder: Path) -> list[str]:
    states = {state.state for state in state_rows(process, folder)}
    strands = {step.strand for step in step_rows(process, folder)} | {"*"}
    found = []
    for row in universal_rows(process, folder):
        place = f"pathways/universal.csv: {row.event} {process}"
        if not set(row.strands) <= strands:
            found.append(f"{place}: names a strand without steps")
        if row.effect == "goto" and row.to_state not in states:
            found.append(f"{place}: goes to {row.to_state!r}, which is no state of the process")
    every_event = {row.event for other in processes(folder) for row in universal_rows(other, folder)}
    for event in sorted(every_event - {row.event for row in universal_rows(process, folder)}):
        found.append(f"pathways/universal.csv: {event} has no row for {process}")
    return found


_PATHWAY_PARTS = (_clocks_of, _limits_of, _states_of, _events_of)


def _declines(folder: Path) -> list[str]:
    possible = {step.verb for step in step_rows("hand_over", folder) if step.from_state == "declined"}
    return [
        f"pathways/decline_reasons.csv: {reason.code}: no step {VERB_AFTER_DECLINE[reason.consequence]} after a decline"
        for reason in decline_reasons(folder).values()
        if VERB_AFTER_DECLINE[reason.consequence] not in possible
    ]


def _bank_holidays(folder: Path) -> list[str]:
    years = [day.year for day in bank_holidays(folder)]
    return [
        f"pathways/bank_holidays.csv: fewer than {BANK_HOLIDAYS_A_YEAR} days in {year}"
        for year in range(min(years), max(years) + 1)
        if years.count(year) < BANK_HOLIDAYS_A_YEAR
    ]
