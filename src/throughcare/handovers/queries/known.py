"""What is known about one person beside their hand-overs, in one statement: the person's page has a bar of four."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import DateField, DateTimeField, F, Func, IntegerField, JSONField, Q, Value
from django.db.models.functions import Cast, JSONObject

from throughcare.appointments.models import Appointment
from throughcare.events.actor import Actor
from throughcare.handovers.models import CallerTold, CustodyQuestion, CustodyStay, PrescribingCover, Release, Sheet
from throughcare.organisations.models import SiteCovered

SHEET, STAY, APPOINTMENT, COVER, QUESTION, TOLD, COVERS_A_SITE, LEAVING = (
    "sheet",
    "stay",
    "appointment",
    "cover",
    "question",
    "told",
    "covers a site",
    "release",
)


class Known(NamedTuple):
    """One thing of any kind. A row of each kind fills the columns that it has.

    when: changed, came, starts, asked, told, opened, or covered until. until: left, closed, or the next prescriber
    begins. on: the release date. place: also the state of a question, or for whom a caller spoke.
    """

    kind: str
    when: datetime
    until: datetime | None
    on: date | None
    place: str
    service: str
    organisation: int | None
    content: Any


class _Json(Func):
    """A JSON column as part of a JSON object: SQLite alone would take it for a string."""

    function = "JSON"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return super().as_sql(compiler, connection, template="%(expressions)s", **more)


def known_about(person: int, actor: Actor) -> list[Known]:
    """Everything, unfiltered: the panel asks the disclosure table about each row. The latest of each kind first."""
    no_moment, no_day = Cast(Value(None), DateTimeField()), Cast(Value(None), DateField())
    nothing, nobody = Cast(Value(None), JSONField()), Cast(Value(None), IntegerField())
    sheets = Sheet.objects.filter(person=person).values_list(
        Value(SHEET), "changed_at", no_moment, no_day, Value(""), F("organisation__name"), "organisation", "items"
    )
    stays = CustodyStay.objects.filter(person=person).values_list(
        Value(STAY), "since", "until", "release_date", F("site__name"), Value(""), F("site__organisation"), nothing
    )
    booked = Appointment.objects.filter(person=person, replaced_at=None).values_list(
        Value(APPOINTMENT),
        "starts_at",
        no_moment,
        no_day,
        "place",
        F("service__name"),
        F("service__organisation"),
        JSONObject(id="id", way="way", outcome="outcome", service="service_id"),
    )
    cover = PrescribingCover.objects.filter(person=person, replaced_at=None).values_list(
        Value(COVER),
        "covered_until",
        "next_from",
        no_day,
        Value(""),
        Value(""),
        F("record__organisation"),
        JSONObject(
            **{name: name for name in ("prescriber", "telephone", "next_prescriber", "next_telephone")},
        ),
    )
    covers = SiteCovered.objects.filter(service=actor.service).values_list(
        Value(COVERS_A_SITE), no_moment, no_moment, no_day, F("site__name"), Value(""), nobody, nothing
    )
    questions = CustodyQuestion.objects.filter(
        Q(asker=actor.service) | Q(asked=actor.service), case__person=person, case__strands__name="main"
    ).values_list(
        Value(QUESTION),
        F("case__opened_at"),
        F("case__closed_at"),
        no_day,
        F("case__strands__state"),
        F("asked__name"),
        F("asked__organisation"),
        JSONObject(case="case_id", asked="asked_id", answer=_Json("answer")),
    )
    told = CallerTold.objects.filter(person=person, service=actor.service).values_list(
        Value(TOLD),
        "at",
        no_moment,
        no_day,
        "caller",
        F("service__name"),
        F("service__organisation"),
        JSONObject(told=_Json("told"), beyond=_Json("beyond"), by="user__name"),
    )
    releases = Release.objects.filter(
        case__person=person, case__closed_at=None, case__strands__name="plan"
    ).values_list(
        Value(LEAVING),
        F("case__opened_at"),
        "left_at",
        no_day,
        F("stay__site__name"),
        Value(""),
        F("stay__site__organisation"),
        JSONObject(case="case_id", could_leave="could_leave", state="case__strands__state"),
    )
    rows = sheets.union(stays, booked, cover, questions, told, covers, releases, all=True)
    found = [Known(*row) for row in rows]
    return sorted(found, key=lambda one: one.when.timestamp() if one.when else 0.0, reverse=True)
