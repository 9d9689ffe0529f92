"""Reads of the diary, scoped by the access rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from throughcare.appointments.models import Appointment
from throughcare.appointments.rules import DID_NOT_ATTEND
from throughcare.events.actor import Actor
from throughcare.people.models import Record
from throughcare.processes.models import Strand
from throughcare.sharing.rule import readable
from throughcare.web.wording import LONDON

UNRECORDED_DAYS = timedelta(days=28)


def of_service(actor: Actor, now: datetime) -> QuerySet[Appointment]:
    """The appointments of the actor's own service that its role may read; those that were moved are left out."""
    return _with_case(_own(actor, now).filter(replaced_at=None))


def one(actor: Actor, now: datetime, appointment: int) -> Appointment | None:
    """One of them, even where it was moved; None when there is none that the actor may read."""
    found = _with_case(_own(actor, now).filter(pk=appointment))
    return found.select_related("case", "service", "booked_by", "outcome_by", "replaced_by").first()


def _own(actor: Actor, now: datetime) -> QuerySet[Appointment]:
    rows = readable(
        Appointment.objects.all(), actor, "appointments_attendance", now, organisation="service__organisation"
    )
    return rows.filter(service=actor.service)


def _with_case(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Read together with the case and the state of its main strand."""
    state = Strand.objects.filter(case=OuterRef("case"), name="main").values("state")[:1]
    return rows.select_related("case").annotate(state=Subquery(state))


def on_days(actor: Actor, now: datetime, first: date, days: int) -> QuerySet[Appointment]:
    """Those of some days in London, in order of time."""
    begin = datetime.combine(first, time(), LONDON)
    end = datetime.combine(first + timedelta(days=days), time(), LONDON)
    return of_service(actor, now).filter(starts_at__gte=begin, starts_at__lt=end).order_by("starts_at", "pk")


def unrecorded(actor: Actor, now: datetime, before: date) -> QuerySet[Appointment]:
    """Those before that day, of the last four weeks, of which nobody has recorded what came of them; newest first."""
    day = datetime.combine(before, time(), LONDON)
    rows = of_service(actor, now).filter(starts_at__gte=now - UNRECORDED_DAYS, starts_at__lt=min(day, now), outcome="")
    return rows.order_by("-starts_at", "-pk")


def names(actor: Actor, appointments: Iterable[Appointment], now: datetime) -> dict[int, str]:
    """The names of people as the service's own records have them, by person; where the role may read them."""
    records = Record.objects.filter(person__in={one.person_id for one in appointments}, service=actor.service)
    found = readable(records, actor, "identity_core", now, organisation="organisation")
    return {record.person_id: record.listed_name for record in found.order_by("pk")}


def join_link(appointment: Appointment) -> str:
    """Where to join by video: "" where the operator named no video service, or it is not by video."""
    return str(settings.VIDEO_ADDRESS).replace("{room}", appointment.room) if appointment.room else ""


@dataclass(frozen=True)
class Follow:
    """What a process offers next of an appointment that its person did not come to, and while in which states."""

    verb: str
    words: str
    states: tuple[str, ...]


_follows: dict[str, Follow] = {}


def when_missed(process: str, follow: Follow) -> None:
    """Offer, in the diary, the act that follows when somebody did not come. Called from AppConfig.ready of its room."""
    _follows[process] = follow


def follow_of(appointment: Appointment) -> Follow | None:
    """The act that is offered now; the appointment was read by `on_days`, `unrecorded` or `one`, with its case."""
    if appointment.outcome != DID_NOT_ATTEND or appointment.case is None:
        return None
    follow = _follows.get(appointment.case.process)
    return follow if follow and appointment.state in follow.states else None  # type: ignore[attr-defined]
