"""What happened to a person, on their page: the history, and what can be reported, ended or undone now."""

from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime

from throughcare.people.happened import KINDS
from throughcare.people.models import PersonEvent
from throughcare.people.panels import Panel, Reader
from throughcare.processes import universal_rules as anywhere
from throughcare.processes.registry import rooms
from throughcare.processes.table import AREA, DAY, MOMENT, NOT_KNOWN, SERVICE, USER
from throughcare.processes.universal import PAUSING
from throughcare.reference.areas import area_name
from throughcare.sharing.rule import Sight
from throughcare.web.parts import Entry
from throughcare.web.wording import day, moment


def readable(event: PersonEvent, seen: Sight) -> bool:
    """May the reader know that this happened? Whoever reported it may; else the category of its kind says."""
    kind = KINDS[event.of.kind if event.of else event.kind]
    return event.service_id == seen.actor.service or seen.reads(kind.category, kind.field)


def panel(reader: Reader) -> Panel:
    """What happened, newest first, each with who may undo it; and the acts the reader's role has."""
    part = Panel()
    role = reader.actor.role
    if anywhere.reportable_by(role, rooms()):
        part.more.append(("Report something that happened", reverse("happened", args=[reader.person])))
    undoes = any(role in row.roles for row in anywhere.rows_of(anywhere.CORRECTED, rooms()).values())
    goes_on = any(role in row.roles for row in anywhere.rows_of(anywhere.RESUMED, rooms()).values())
    for event in reader.happened:
        if not readable(event, reader.sight):
            continue
        words = KINDS[event.kind].words
        stands = event.undone_by_id is None and event.kind not in (anywhere.RESUMED, anywhere.CORRECTED)
        if stands and event.kind in PAUSING and event.ended_by_id is None and goes_on and not reader.dead:
            address = reverse("resume-event", args=[reader.person, event.pk])
            part.more.append((f"Say that it has ended: {words.lower()}", address))
        if stands and undoes:
            address = reverse("undo-event", args=[reader.person, event.pk])
            part.more.append((f"Undo: {words.lower()}", address))
        part.entries.append(_entry(event, reader))
    return part


def _entry(event: PersonEvent, reader: Reader) -> Entry:
    kind = KINDS[event.of.kind if event.of else event.kind]
    title = KINDS[event.kind].words
    if event.of:
        title = f"{title} ({kind.words.lower()})"
    words = ["Undone since: it was not so"] if event.undone_by_id else []
    ours = event.service_id == reader.actor.service
    words += [f"Flagged: {number} {rule} {mend}" for number, _, rule, mend in event.flags if ours]
    if event.on and event.kind != anywhere.CORRECTED:
        words.append(f"On: {day(event.on)}")
    for code, value in event.facts.items():
        fact = anywhere.FACTS.get(code)
        if fact is None or code == kind.day or fact.kind in (USER, anywhere.SITE, SERVICE):
            continue
        category = fact.category or ""
        if ours or (category and reader.sight.reads(category, code)):
            words.append(f"{fact.label.rstrip('?')}: {shown(code, value)}")
    by = f"{event.by.name}, {event.service.name}" if ours and event.by and event.service else ""
    return Entry(when=event.at, title=title, by=by or "Another service", text="; ".join(words))


def shown(code: str, value: object) -> str:
    """One answer in words."""
    fact, text = anywhere.FACTS[code], str(value)
    if text == NOT_KNOWN:
        return "not known"
    if fact.kind == DAY and (on := parse_date(text)):
        return day(on)
    if fact.kind == MOMENT and (when := parse_datetime(text)):
        return moment(when)
    if fact.kind == AREA:
        return area_name(text)
    return dict(fact.choices).get(text, text)
