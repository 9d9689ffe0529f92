"""E-mail to the person about an appointment, worded when it is sent: as it stands then, and as agreed then.

Without the person's agreement a message holds the date, the time and a number to ring, and nothing that says what the
service is: no name, no place, no way and no link, since each can name it.
"""

from datetime import datetime
from functools import partial

from throughcare.appointments.calendar import calendar
from throughcare.appointments.models import Appointment
from throughcare.appointments.queries import join_link
from throughcare.appointments.rules import CANCELLED as CALLED_OFF
from throughcare.appointments.rules import TELEPHONE, VIDEO, reminder_at
from throughcare.messages import email
from throughcare.messages.email import Attachment, Held, Letter
from throughcare.messages.models import Email
from throughcare.people.models import Record
from throughcare.people.queries import may_be_messaged
from throughcare.web.wording import clock, day

BOOKED, MOVED, CANCELLED, REMINDER = (
    "appointment.booked",
    "appointment.moved",
    "appointment.cancelled",
    "appointment.reminder",
)
KINDS = (BOOKED, MOVED, CANCELLED, REMINDER)


def tell(kind: str, appointment: Appointment, at: datetime) -> None:
    """Write, inside an action, that the person is to be told, and reminded the day before; if e-mail is safe by now.

    An appointment that is over is a fact to record and nothing to tell anybody.
    """
    if appointment.starts_at <= at:
        return
    own = Record.objects.filter(person=appointment.person_id, service=appointment.service_id, may_email=True)
    record = own.order_by("-pk").values_list("pk", flat=True).first()
    if record is None:
        return
    post = partial(email.post, subject_id=appointment.pk, record=record, case=appointment.case_id, at=at)
    post(kind=kind)
    remind = reminder_at(appointment.starts_at, at)
    if kind != CANCELLED and remind:
        post(kind=REMINDER, not_before=remind)


def write(one: Email, now: datetime) -> Letter | Held:
    """The letter as it is true and safe at this moment."""
    appointment = Appointment.objects.select_related("service").get(pk=one.subject_id)
    assert one.record is not None, "it goes to the person of a record"
    record = Record.objects.get(pk=one.record)
    if reason := may_be_messaged(record.person_id):
        return Held(reason)
    if not record.may_email or not record.email:
        return Held("E-mail is not agreed to, or there is no address.")
    if (record.person_id, record.service_id) != (appointment.person_id, appointment.service_id):
        return Held("The record belongs to somebody else by now.")
    if appointment.starts_at <= now:
        return Held("The appointment is over.")
    if appointment.replaced_at is not None:
        return Held("The appointment was moved.")
    if (appointment.outcome == CALLED_OFF) != (one.kind == CANCELLED):
        return Held("The appointment was cancelled." if appointment.outcome else "The appointment stands again.")
    if appointment.outcome and one.kind != CANCELLED:
        return Held("Something came of the appointment already.")
    named = record.may_name_service
    content = calendar(appointment, now, named=named, cancelled=one.kind == CANCELLED)
    return Letter(
        to=record.email,
        subject=_subject(one.kind, appointment),
        body=_body(one.kind, appointment, named=named),
        attachments=(Attachment("appointment.ics", "text/calendar", content),) if one.kind != REMINDER else (),
    )


def _subject(kind: str, appointment: Appointment) -> str:
    what = {
        BOOKED: "Your appointment",
        MOVED: "Your appointment has moved",
        CANCELLED: "Your appointment is cancelled",
        REMINDER: "Reminder: your appointment",
    }[kind]
    return f"{what}: {day(appointment.starts_at)}, {clock(appointment.starts_at)}"


def _body(kind: str, appointment: Appointment, *, named: bool) -> str:
    when = f"{day(appointment.starts_at)} at {clock(appointment.starts_at)}"
    service = f" with {appointment.service.name}" if named else ""
    says = {
        BOOKED: f"You have an appointment{service} on {when}.",
        MOVED: f"Your appointment{service} has moved. It is now on {when}.",
        CANCELLED: f"Your appointment{service} on {when} is cancelled.",
        REMINDER: f"This is a reminder of your appointment{service} on {when}.",
    }[kind]
    lines = [says]
    if named and kind != CANCELLED:
        lines += _how(appointment)
    wish = "To book another" if kind == CANCELLED else "If you cannot come, or want to ask something"
    lines.append(f"{wish}, ring {appointment.service.telephone}.")
    lines.append("Please do not answer this e-mail: nobody reads the answers.")
    return "\n\n".join(lines) + "\n"


def _how(appointment: Appointment) -> list[str]:
    """Where and how, for somebody who agreed to be told."""
    if appointment.way == VIDEO:
        link = join_link(appointment)
        return [f"It is by video. To join: {link}" if link else "It is by video. The service will send the link."]
    if appointment.way == TELEPHONE:
        return ["It is by telephone: you will be rung."]
    return [f"Where: {appointment.place}"]
