"""What hand-overs, custody, the clinical sheet and releases put on a person's page, in two statements."""

from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, Q
from django.urls import reverse
from django.utils.timezone import localdate

from throughcare.appointments.rules import CANCELLED, OUTCOMES, where
from throughcare.events.actor import Actor
from throughcare.handovers.actions.cover import may_keep
from throughcare.handovers.process.custody_question import ASKED, CUSTODY_QUESTION
from throughcare.handovers.process.hand_over import ENDED, UNOPENED
from throughcare.handovers.process.release import NOT_SEEN, RELEASE
from throughcare.handovers.queries import sheet
from throughcare.handovers.queries.hand_over import hand_overs, standing
from throughcare.handovers.queries.known import (
    APPOINTMENT,
    COVER,
    COVERS_A_SITE,
    LEAVING,
    QUESTION,
    SHEET,
    STAY,
    TOLD,
    Known,
    known_about,
)
from throughcare.handovers.queries.question import answer_rows
from throughcare.handovers.queries.release import reads_dates
from throughcare.handovers.rules import question as callers
from throughcare.handovers.rules.question import ANSWERERS, ASKERS
from throughcare.handovers.rules.sheet import takes_opioid_medicine
from throughcare.organisations.models import SiteCovered
from throughcare.people.panels import Panel, Reader, Work
from throughcare.people.queries import records_of
from throughcare.processes.models import Due
from throughcare.sharing.models import Grant
from throughcare.web.parts import Entry, Row
from throughcare.web.wording import day, due_in, moment

OPIOID = {"yes": "Yes", "no": "No", "not_known": "Not known"}


def panel(reader: Reader) -> Panel:
    """What prevents a death first; then open hand-overs with their next deadline, where held, the appointments."""
    part = Panel()
    known = known_about(reader.person, reader.actor)
    rows = list(_hand_overs(reader))
    if not reader.dead and any(grant.kind in (Grant.OWN, Grant.CUSTODY) for grant in reader.sight.grants):
        part.acts.append(("New hand-over", reverse("new-hand-over", args=[reader.person])))
    if any(grant.kind != Grant.QUESTION for grant in reader.sight.grants):
        part.acts.append(("Clinical sheet", reverse("sheet", args=[reader.person])))
    if may_keep(reader.sight):
        part.acts.append(("Who prescribes", reverse("prescriber", args=[reader.person])))
    if reader.actor.role in ASKERS:
        part.acts.append(("Ask who prescribes", reverse("ask-who-prescribes", args=[reader.person])))
    if reader.sight.reads("prescribing_medicines"):
        part.acts.append(("May I tell this caller?", reverse("may-i-tell", args=[reader.person])))
    if reader.actor.role in ASKERS | ANSWERERS:
        _add_questions(part, reader, [one for one in known if one.kind == QUESTION])
    if reader.sight.reads("prescribing_medicines"):
        part.entries.extend(_told(one) for one in known if one.kind == TOLD)
    said = _add_safety(part, reader, known, attached={code for row in rows if row.sent_at for code in row.attached})
    _add_hand_overs(part, reader, rows, opioid_said=said)
    _add_whereabouts(part, reader, known)
    _add_release(part, reader, [one for one in known if one.kind == LEAVING])
    return part


def first_page(actor: Actor, person: int, now: datetime) -> str:
    """Whose role reads nobody before they are held says first that the person came to a site of their service."""
    if records_of(person, actor, now).exists() or not SiteCovered.objects.filter(service=actor.service).exists():
        return ""
    return reverse("custody-came", args=[person])


def _add_safety(part: Panel, reader: Reader, known: list[Known], *, attached: set[str]) -> bool:
    """What prevents a death, the gravest first: a gap in prescribing, the sheet, who prescribes.

    Gives whether the sheet says that they take an opioid agonist medicine.
    """
    seen = reader.sight
    items = [
        item
        for one in known
        if one.kind == SHEET and one.organisation
        for item in sheet.items_in(one.content, one.organisation)
    ]
    names = {one.organisation: one.service for one in known if one.kind == SHEET and one.organisation}
    readable = sheet.readable_items(items, seen, sheet.open_parts(seen, attached))
    part.safety.extend(sheet.safety_rows(readable, names))
    takes = takes_opioid_medicine(items)
    unread = not any(item.code in ("medicine", "injection") for item in readable)
    if takes and unread and seen.reads("overdose_safety_summary", "opioid_agonist_present"):
        part.safety.append(Row("Opioid agonist medicine", OPIOID[takes], note="as the clinical sheet has it"))
    for one in known:
        if one.kind == COVER:
            rows = sheet.cover_rows(one.content, one.when, one.until, seen, one.organisation)
            part.safety[:0] = [row for row in rows if row.tone == "risk"]
            part.safety.extend(row for row in rows if row.tone != "risk")
    return bool(takes)


def _add_questions(part: Panel, reader: Reader, questions: list[Known]) -> None:
    """Open questions about prescribing as work; the newest answer among what prevents a death; when it was asked."""
    for one in questions:
        part.entries.append(Entry(when=one.when, title=f"Who prescribes? Asked of {one.service}"))
        if one.until is None:
            late = one.place == "escalated"
            if one.place in ASKED and one.content["asked"] == reader.actor.service:
                answer = reverse("act", args=[one.content["case"], "answer_prescribing"])
                part.acts.append(("Answer who prescribes", answer))
            part.work.append(
                Work(
                    title=f"Question to {one.service}: who prescribes?",
                    url=reverse("case", args=[one.content["case"]]),
                    state="NOT ANSWERED" if late else CUSTODY_QUESTION.label(one.place).capitalize(),
                    tone="missed" if late else "done" if one.place == "answered" else "today",
                )
            )
    answered = [one for one in questions if one.content["answer"]]
    newest = max(answered, key=lambda one: one.content["answer"]["at"], default=None)
    if newest:
        part.safety.extend(answer_rows(newest.content["answer"], newest.service, reader.sight, newest.organisation))


def _told(one: Known) -> Entry:
    """What a caller was told of prescribing: that it was said, never a dose."""
    things = ", ".join(callers.TOLD[code] for code in one.content["told"]) or "nothing"
    beyond = ", ".join(callers.TOLD[code] for code in one.content["beyond"])
    return Entry(
        when=one.when,
        title=f"{callers.CALLERS[one.place]} rang and was told: {things}",
        by=f"{one.content['by']}, {one.service}",
        text=f"Flagged: the sharing table did not let them be told {beyond}" if beyond else "",
    )


def _hand_overs(reader: Reader) -> Any:
    return (
        hand_overs(reader.actor, reader.now)
        .filter(case__person=reader.person)
        .annotate(
            open_due=FilteredRelation(
                "case__dues",
                condition=Q(case__dues__met_at=None, case__dues__replaced_at=None)
                & (Q(case__dues__paused_at=None) | Q(case__dues__missed_at__isnull=False)),
            ),
            clock=F("open_due__clock"),
            due_at=F("open_due__due_at"),
            missed_at=F("open_due__missed_at"),
        )
        .select_related("written_by")
        .order_by("-case", "due_at")
    )


def _add_hand_overs(part: Panel, reader: Reader, rows: list[Any], *, opioid_said: bool) -> None:
    """Open hand-overs; and the sender's answer about an opioid agonist medicine where the sheet is silent."""
    seen: set[int] = set()
    for row in rows:
        if row.case_id in seen:
            continue
        seen.add(row.case_id)
        part.entries.append(
            Entry(when=row.case.opened_at, title=f"Hand-over to {row.receiver.name} written", by=row.sender.name)
        )
        if row.sent_at:
            part.entries.append(
                Entry(when=row.sent_at, title=f"Hand-over sent to {row.receiver.name}", by=row.sender.name)
            )
        if row.state not in ENDED:
            part.work.append(_work(row, reader))
        unopened = row.state in UNOPENED and row.receiver_id == reader.actor.service
        reads = reader.sight.reads("overdose_safety_summary", "opioid_agonist_present") and not unopened
        if row.opioid_agonist_medicine and not opioid_said and reads:
            opioid_said = True
            when = row.sent_at or row.case.opened_at
            part.safety.append(
                Row(
                    "Opioid agonist medicine",
                    OPIOID[row.opioid_agonist_medicine],
                    note=f"{row.sender.name}, {moment(when)}",
                    tag="Unconfirmed",
                    tone="today",
                )
            )


def _add_release(part: Panel, reader: Reader, releases: list[Known]) -> None:
    """The release that is prepared or followed, to those who may read of it."""
    release = max(releases, key=lambda one: one.content["case"], default=None)
    if release is None or not reader.sight.reads("release_details"):
        return
    state, words = release.content["state"], ""
    if release.until:
        words = f"day {(localdate(reader.now) - localdate(release.until)).days} since leaving"
    elif release.content["could_leave"] == "yes" and reader.sight.reads("release_details", "release_date"):
        words = "could leave any day"
    part.work.append(
        Work(
            title="Release from custody",
            url=reverse("case", args=[release.content["case"]]),
            state=RELEASE.label(state).capitalize(),
            tone="risk" if state in NOT_SEEN else "",
            words=words,
        )
    )


def _work(row: Any, reader: Reader) -> Work:
    due = Due(clock=row.clock, due_at=row.due_at, missed_at=row.missed_at) if row.clock else None
    how = standing(row, due, reader.actor, reader.now)
    return Work(
        title=f"Hand-over to {row.receiver.name}",
        url=reverse("case", args=[row.case_id]),
        state=how.state,
        tone=how.tone,
        words=f"{how.words}: {due_in(due.due_at, reader.now)}" if due else how.words,
    )


def _add_whereabouts(part: Panel, reader: Reader, known: list[Known]) -> None:
    """The stays, the latest first, and the appointments."""
    stays = [one for one in known if one.kind == STAY]
    if any(one.kind == COVERS_A_SITE for one in known):
        held_here = any(grant.kind == Grant.CUSTODY for grant in reader.sight.grants)
        acts = [("Came into custody", "custody-came")]
        if held_here:
            acts = [("Left custody", "custody-left")]
            if reads_dates(reader.actor.role, reader.now):
                acts.insert(0, ("Release date", "custody-release-date"))
        part.acts.extend((words, reverse(name, args=[reader.person])) for words, name in acts)
    for stay in stays:
        _add_stay(part, reader, stay, latest=stay is stays[0])
    for booked in reversed([one for one in known if one.kind == APPOINTMENT]):
        _add_appointment(part, reader, booked)


def _add_stay(part: Panel, reader: Reader, stay: Known, *, latest: bool) -> None:
    reads = reader.sight.reads_item
    if latest and stay.on and reads("release_details", stay.organisation, "release_date"):
        part.facts.append(Row("Release date", day(stay.on), note="the latest date known"))
    if not reads("release_details", stay.organisation, "prison"):
        return
    if latest:
        part.facts.append(Row("Held at" if stay.until is None else "Was held at", stay.place))
    part.entries.append(Entry(when=stay.when, title=f"Came to {stay.place}"))
    if stay.until:
        part.entries.append(Entry(when=stay.until, title=f"Left {stay.place}"))
        if latest and reads("overdose_safety_summary", stay.organisation, "recent_release_or_tolerance_loss"):
            part.safety.append(
                Row(
                    "Left custody",
                    day(stay.until),
                    note="tolerance may be lost: the first weeks are the most dangerous",
                )
            )


def _add_appointment(part: Panel, reader: Reader, booked: Known) -> None:
    reads = reader.sight.reads_item
    if not reads("appointments_attendance", booked.organisation, "next_appointment"):
        return
    reads_place = reads("appointments_attendance", booked.organisation, "place")
    place = where(booked.content["way"], booked.place) if reads_place else ""
    words = f"{moment(booked.when)}{', ' if place else ''}{place}"
    # A summary holds the time and the place: not with whom, since that alone may say that somebody is in treatment.
    service = booked.service if reads("appointments_attendance", booked.organisation, "kind") else ""
    outcome = booked.content["outcome"]
    came = dict(OUTCOMES).get(outcome, "")
    if not reads("appointments_attendance", booked.organisation, "attended") and outcome != CANCELLED:
        came = ""
    if booked.content["service"] == reader.actor.service and not outcome and not reader.dead:
        url = reverse("appointment", args=[booked.content["id"]])
        part.work.append(Work(title=f"Appointment {moment(booked.when)}", url=url, state="Booked", words=place))
    if booked.when >= reader.now and reader.dead:
        title = "Appointment, not to be kept: the person has died"
        part.entries.append(Entry(when=booked.when, title=title, by=service, text=place))
    elif booked.when >= reader.now and outcome != CANCELLED:
        part.facts.append(Row("Appointment", words, note=service))
    else:
        title = f"Appointment{': ' if came else ''}{came.lower()}"
        part.entries.append(Entry(when=booked.when, title=title, by=service, text=place))
