"""What hand-overs and custody put on a person's page, in two queries whatever the number of rows."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, FilteredRelation, Q
from django.urls import reverse

from throughcare.appointments.rules import CANCELLED, OUTCOMES, where
from throughcare.handovers.process.hand_over import ENDED, UNOPENED
from throughcare.handovers.queries.hand_over import hand_overs, standing
from throughcare.organisations.models import Service
from throughcare.people.panels import Panel, Reader, Work
from throughcare.processes.models import Due
from throughcare.sharing.models import Grant, Person
from throughcare.web.parts import Entry, Row
from throughcare.web.wording import day, due_in, moment

OPIOID = {"yes": "Yes", "no": "No", "not_known": "Not known"}


def panel(reader: Reader) -> Panel:
    """Open hand-overs with their next deadline, where the person is held, and the next appointment."""
    part = Panel()
    if any(grant.kind in (Grant.OWN, Grant.CUSTODY) for grant in reader.sight.grants):
        part.acts.append(("New hand-over", reverse("new-hand-over", args=[reader.person])))
    _add_hand_overs(part, reader)
    _add_whereabouts(part, reader)
    return part


def _add_hand_overs(part: Panel, reader: Reader) -> None:
    rows = (
        hand_overs(reader.actor, reader.now)
        .filter(case__person=reader.person)
        .annotate(
            open_due=FilteredRelation("case__dues", condition=Q(case__dues__met_at=None, case__dues__replaced_at=None)),
            clock=F("open_due__clock"),
            due_at=F("open_due__due_at"),
            missed_at=F("open_due__missed_at"),
        )
        .select_related("written_by")
        .order_by("-case", "due_at")
    )
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
        if row.opioid_agonist_medicine and not part.safety and reads:
            when = row.sent_at or row.case.opened_at
            part.safety.append(
                Row(
                    "Opioid agonist medicine",
                    OPIOID[row.opioid_agonist_medicine],
                    note=f"{row.sender.name}, {moment(when)}; unconfirmed",
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
        words=f"{how.words}: {due_in(due.due_at, reader.now)}" if due else "",
    )


def _add_whereabouts(part: Panel, reader: Reader) -> None:
    """The latest stay and the appointments, in one query: the page has a bar of four."""
    rows = (
        Person.objects.filter(pk=reader.person)
        .annotate(
            booked=FilteredRelation("appointments", condition=Q(appointments__replaced_at=None)),
            booked_id=F("booked__pk"),
            booked_way=F("booked__way"),
            booked_outcome=F("booked__outcome"),
            booked_by_service=F("booked__service"),
            site_name=F("stays__site__name"),
            site_organisation=F("stays__site__organisation"),
            held_since=F("stays__since"),
            held_until=F("stays__until"),
            release_date=F("stays__release_date"),
            booked_at=F("booked__starts_at"),
            booked_place=F("booked__place"),
            booked_service=F("booked__service__name"),
            booked_organisation=F("booked__service__organisation"),
            covers=Exists(Service.sites.through.objects.filter(service=reader.actor.service)),
        )
        .order_by("-held_since", "booked_at")
        .values_list(
            "site_name",
            "site_organisation",
            "held_since",
            "held_until",
            "release_date",
            "booked_id",
            "booked_way",
            "booked_outcome",
            "booked_by_service",
            "booked_at",
            "booked_place",
            "booked_service",
            "booked_organisation",
            "covers",
            named=True,
        )
    )
    stays: set[datetime] = set()
    booked: set[int] = set()
    for row in rows:
        if row.covers and not stays and not booked:
            held_here = any(grant.kind == Grant.CUSTODY for grant in reader.sight.grants)
            acts = [("Came into custody", "custody-came")]
            if held_here:
                acts = [("Release date", "custody-release-date"), ("Left custody", "custody-left")]
            part.acts.extend((words, reverse(name, args=[reader.person])) for words, name in acts)
        if row.held_since and row.held_since not in stays:
            _add_stay(part, reader, row, latest=not stays)
            stays.add(row.held_since)
        if row.booked_id and row.booked_id not in booked:
            _add_appointment(part, reader, row)
            booked.add(row.booked_id)


def _add_stay(part: Panel, reader: Reader, row: Any, *, latest: bool) -> None:
    reads = reader.sight.reads_item
    if latest and row.release_date and reads("release_details", row.site_organisation, "release_date"):
        part.facts.append(Row("Release date", day(row.release_date), note="the latest date known"))
    if not reads("release_details", row.site_organisation, "prison"):
        return
    if latest:
        part.facts.append(Row("Held at" if row.held_until is None else "Was held at", row.site_name))
    part.entries.append(Entry(when=row.held_since, title=f"Came to {row.site_name}"))
    if row.held_until:
        part.entries.append(Entry(when=row.held_until, title=f"Left {row.site_name}"))
        if latest and reads("overdose_safety_summary", row.site_organisation, "recent_release_or_tolerance_loss"):
            part.safety.append(
                Row(
                    "Left custody",
                    day(row.held_until),
                    note="tolerance may be lost: the first weeks are the most dangerous",
                )
            )


def _add_appointment(part: Panel, reader: Reader, row: Any) -> None:
    reads = reader.sight.reads_item
    if not reads("appointments_attendance", row.booked_organisation, "next_appointment"):
        return
    reads_place = reads("appointments_attendance", row.booked_organisation, "place")
    place = where(row.booked_way, row.booked_place) if reads_place else ""
    words = f"{moment(row.booked_at)}{', ' if place else ''}{place}"
    # A summary holds the time and the place: not with whom, since that alone may say that somebody is in treatment.
    service = row.booked_service if reads("appointments_attendance", row.booked_organisation, "kind") else ""
    came = dict(OUTCOMES).get(row.booked_outcome, "")
    if not reads("appointments_attendance", row.booked_organisation, "attended"):
        came = came if row.booked_outcome == CANCELLED else ""
    if row.booked_by_service == reader.actor.service and not row.booked_outcome:
        url = reverse("appointment", args=[row.booked_id])
        part.work.append(Work(title=f"Appointment {moment(row.booked_at)}", url=url, state="Booked", words=place))
    if row.booked_at >= reader.now and row.booked_outcome != CANCELLED:
        part.facts.append(Row("Appointment", words, note=service))
    else:
        title = f"Appointment{': ' if came else ''}{came.lower()}"
        part.entries.append(Entry(when=row.booked_at, title=title, by=service, text=place))
