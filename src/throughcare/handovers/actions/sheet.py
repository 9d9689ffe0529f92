"""Writing the clinical sheet, and keeping what went with a hand-over."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import localdate

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.models import HandOver, Sheet, SheetSent
from throughcare.handovers.queries.sheet import items_of
from throughcare.handovers.rules.sheet import PART_OF, QUESTIONS, SOURCES
from throughcare.people.holding import hold
from throughcare.people.models import Record
from throughcare.processes.table import DAY, MOMENT
from throughcare.reference.sharing import Access
from throughcare.sharing.rule import Sight, sight
from throughcare.web.faults import Fault, NotAllowed, Refused

A_DOSE = re.compile(r"\d+([.,]\d+)?\s*(mg|mcg|micrograms?|µg|ml|g)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Provenance:
    """How it stood when, from where, and who confirmed it (empty: nobody)."""

    as_at: datetime
    source: str
    confirmed_by: str = ""


def writes(seen: Sight, code: str) -> bool:
    """Who may see the whole of a category may write its answers."""
    rule = seen.rules.get(QUESTIONS[code].category or "")
    return rule is not None and rule.access is Access.SEE


@action
def answer(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    answers: Mapping[str, str],
    where: Provenance,
    checked_again: bool = False,
    version: int | None = None,
) -> Sheet:
    """What `write_down` does, for those whose role may write each of the answers (CS-101)."""
    seen = sight(by, record.person_id, at)
    if not all(code in QUESTIONS and writes(seen, code) for code in answers):
        raise not_yours(record.person_id)
    return write_down(
        by=by, at=at, record=record, answers=answers, where=where, checked_again=checked_again, version=version
    )


@action
def write_down(
    *,
    by: Actor,
    at: datetime,
    record: Record,
    answers: Mapping[str, str],
    where: Provenance,
    checked_again: bool = False,
    version: int | None = None,
) -> Sheet:
    """Write answers down in the sheet of the actor's organisation. An empty answer takes the one before it away.

    The disclosure table is not asked: `answer` does that. checked_again: do answers that are the same carry the new
    provenance too? version: of the sheet when the form was opened, 0 where there was none; changed since, it is a
    conflict (CS-106). Refused for a dose without a unit (CS-102), a number of days that is none (CS-103), a moment
    that lies ahead (CS-104), a source that is not known (CS-105).
    """
    assert by.organisation is not None, "a sheet is the view of an organisation"
    if faults := list(_faults(answers, where, at)):
        raise Refused(*faults, person=record.person_id)
    hold(record.person_id)  # two colleagues may begin the same sheet at once
    sheet = Sheet.objects.filter(person=record.person_id, organisation=by.organisation).first()
    if version is not None and version != (sheet.version if sheet else 0):
        raise Refused(_changed_since(), person=record.person_id)
    sheet = sheet or Sheet(
        person_id=record.person_id, record=record, organisation_id=by.organisation, version=0, changed_at=at
    )
    before = {code: sheet.items[code] for code in answers if code in sheet.items}
    for code, value in answers.items():
        if not value:
            sheet.items.pop(code, None)
        elif checked_again or before.get(code, {}).get("value") != value:
            sheet.items[code] = {
                "value": value,
                "as_at": where.as_at.isoformat(),
                "source": where.source,
                "confirmed_by": where.confirmed_by.strip(),
                "entered_by": by.user_name,
            }
    after = {code: sheet.items[code] for code in answers if code in sheet.items}
    if before != after:
        sheet.version += 1
        sheet.changed_at = at
        sheet.save()
    say(
        "sheet.answered",
        by=by,
        at=at,
        person=record.person_id,
        record=record.pk,
        subject=f"sheet {sheet.pk}",
        count=len(after),
        detail={"before": before, "after": after},
    )
    return sheet


def keep_what_was_sent(*, by: Actor, at: datetime, hand_over: HandOver, parts: Iterable[str]) -> None:
    """Keep, inside the act of sending, the answers of the attached parts as they stand."""
    among = set(parts)
    attached = (item for item in items_of(hand_over.case.person_id) if PART_OF[item.code] in among)
    items = sorted(attached, key=lambda item: list(QUESTIONS).index(item.code))
    if not items:
        return
    SheetSent(
        case_id=hand_over.case_id,
        at=at,
        user_id=by.user,
        service_id=hand_over.sender_id,
        items=[
            {
                "code": item.code,
                "value": item.value,
                "as_at": item.as_at.isoformat(),
                "source": item.source,
                "confirmed_by": item.confirmed_by,
                "entered_by": item.entered_by,
                "organisation": item.organisation,
            }
            for item in items
        ],
    ).save()


def _faults(answers: Mapping[str, str], where: Provenance, at: datetime) -> Iterable[Fault]:
    dose, missed = answers.get("dose", ""), answers.get("missed", "")
    if dose and not A_DOSE.search(dose):
        yield Fault("CS-102", "dose", "A dose is a number with its unit.", "Write it like “60 mg once a day”.")
    if missed and not re.fullmatch(r"[0-9]{1,3}", missed.strip()):
        yield Fault("CS-103", "missed", "The days missed in a row are a whole number.", "Write 0, 1, 2 and so on.")
    if where.as_at > at:
        yield Fault("CS-104", "as_at", "Nothing is known of a moment that lies ahead.", "Check the date and the time.")
    for code in ("last_dose", "injection_last"):
        kind, value = QUESTIONS[code].kind, answers.get(code, "")
        ahead = (kind == MOMENT and (when := parse_datetime(value)) is not None and when > at) or (
            kind == DAY and (on := parse_date(value)) is not None and on > localdate(at)
        )
        if ahead:
            yield Fault("CS-104", code, "This has not happened yet.", "Check the date and the time.")
    if where.source not in dict(SOURCES):
        yield Fault("CS-105", "source", "Every answer has a source.", "Choose one of those listed.")


def not_yours(person: int) -> NotAllowed:
    return NotAllowed(
        Fault("CS-101", "", "Your role does not write this part of the clinical sheet.", "Ask a clinician."),
        person=person,
    )


def _changed_since() -> Fault:
    return Fault(
        "CS-106",
        "",
        "Somebody of your organisation changed this sheet while you were writing.",
        "What you typed is below, and nothing of it is stored. Look at the sheet as it is now, then send it again.",
    )
