"""An appointment as a calendar file (RFC 5545), for the person's own calendar and the worker's.

PUBLISH and CANCEL, not REQUEST: nobody is asked to answer by calendar. An appointment that moves keeps its UID and
raises its SEQUENCE, so that the old entry is replaced. No end is given, because none is known.
"""

from datetime import UTC, datetime

import icalendar
from django.conf import settings

from throughcare.appointments.models import Appointment
from throughcare.appointments.queries import join_link
from throughcare.appointments.rules import where


def calendar(appointment: Appointment, now: datetime, *, named: bool, cancelled: bool = False) -> bytes:
    """The file. named: may it say with which service, how and where?"""
    entry = icalendar.Event()
    host = settings.DEFAULT_FROM_EMAIL.partition("@")[2] or "throughcare.invalid"
    entry.add("uid", f"appointment-{appointment.first_id or appointment.pk}@{host}")
    entry.add("sequence", appointment.version)
    entry.add("dtstamp", now.astimezone(UTC))
    entry.add("dtstart", appointment.starts_at.astimezone(UTC))
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("summary", f"Appointment with {appointment.service.name}" if named else "Appointment")
    if settings.DEFAULT_FROM_EMAIL:
        entry.add("organizer", f"mailto:{settings.DEFAULT_FROM_EMAIL}")
    if named and (place := where(appointment.way, appointment.place)):
        entry.add("location", place)
    if named and (link := join_link(appointment)):
        entry.add("url", link)
    file = icalendar.Calendar()
    file.add("prodid", "-//Throughcare//Appointments//EN")
    file.add("version", "2.0")
    file.add("method", "CANCEL" if cancelled else "PUBLISH")
    file.add_component(entry)
    return bytes(file.to_ical())
