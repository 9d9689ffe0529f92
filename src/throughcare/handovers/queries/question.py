"""Scoped reads of questions about prescribing, and how an answer is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyQuestion
from throughcare.handovers.process.custody_question import ANSWER, ASKED, FACTS
from throughcare.handovers.queries.hand_over import open_dues
from throughcare.processes.table import NOT_KNOWN
from throughcare.sharing.rule import Sight, readable
from throughcare.web.parts import Row
from throughcare.web.wording import moment


def questions(actor: Actor, now: datetime) -> QuerySet[Any]:
    """The open questions that the service asked or is asked, with `state` and `due_at`, the longest waiting first."""
    mine = Q(asker=actor.service) | Q(asked=actor.service, case__strands__state__in=ASKED)
    first_due = open_dues().filter(case=OuterRef("case")).order_by("due_at").values("due_at")[:1]
    return (
        readable(
            CustodyQuestion.objects.filter(mine, case__closed_at=None, case__strands__name="main"),
            actor,
            "identity_core",
            now,
            person="case__person",
            organisation="case__record__organisation",
        )
        .annotate(state=F("case__strands__state"), due_at=Subquery(first_due))
        .select_related("case__record", "asker", "asked__organisation")
        .order_by("case")
    )


def answer_rows(answer: Mapping[str, str], service: str, seen: Sight, organisation: int | None) -> list[Row]:
    """The last answer, as far as the reader may see it: each with when, from whom, and whether anybody confirmed it."""
    if not answer:
        return []
    confirmed = answer["confirmed_by"] if answer["confirmed_by"] != NOT_KNOWN else ""
    at = parse_datetime(answer["at"])
    assert at is not None, "written by the room alone"
    note = f"answered {moment(at)} by {answer['by']}, {service}; " + (
        f"confirmed by {confirmed}" if confirmed else "nobody has confirmed it"
    )
    rows = []
    for code in ANSWER[:-1]:
        fact = FACTS[code]
        if not seen.reads_item(fact.category or "", organisation, fact.field):
            continue
        value = answer[code]
        when = parse_datetime(value) if code == "last_taken" and value != NOT_KNOWN else None
        rows.append(
            Row(
                fact.label,
                "Not known" if value == NOT_KNOWN else moment(when) if when else value,
                note=note,
                tag="Confirmed" if confirmed else "Unconfirmed",
                tone="done" if confirmed else "today",
            )
        )
    return rows
