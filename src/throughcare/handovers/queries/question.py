"""Scoped reads of questions about prescribing, and how an answer is shown."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from throughcare.events.actor import Actor
from throughcare.handovers.models import CustodyQuestion
from throughcare.handovers.process.custody_question import ANSWER, ASKED, FACTS
from throughcare.handovers.queries.hand_over import open_dues
from throughcare.handovers.rules.question import ANSWERERS, confirmed_by
from throughcare.processes.models import Case
from throughcare.processes.table import NOT_KNOWN
from throughcare.sharing.rule import Sight, readable
from throughcare.web.parts import Row
from throughcare.web.wording import moment


def questions(actor: Actor, now: datetime) -> QuerySet[Any]:
    """The open questions that the service asked or is asked, with `state` and `due_at`, the longest waiting first."""
    mine = Q(asker=actor.service)
    if actor.role in ANSWERERS:
        mine |= Q(asked=actor.service, case__strands__state__in=ASKED)
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
    """An answer, as far as the reader may see it: each with when, from whom, and whether anybody confirmed it."""
    return [
        Row(FACTS[code].label.rstrip("?"), _value(code, answer), **_source(answer, service))
        for code in _readable(answer, seen, organisation)
    ]


def answers_to(case: Case, seen: Sight) -> list[Row]:
    """Every answer to one question, the last first: what was said before it was corrected or asked again stays."""
    asked = case.custody_question.asked
    steps = case.steps.filter(verb="answer_prescribing").select_related("user").order_by("-version")
    given = [
        {code: str(step.facts.get(code, NOT_KNOWN)) for code in ANSWER}
        | {"by": step.user.name if step.user else "", "at": step.at.isoformat()}
        for step in steps
    ]
    rows = answer_rows(given[0], asked.name, seen, asked.organisation_id) if given else []
    for answer in given[1:]:
        parts = [
            f"{FACTS[code].label.rstrip('?').lower()}: {_value(code, answer)}"
            for code in _readable(answer, seen, asked.organisation_id)
        ]
        if parts:
            rows.append(Row("Answered before", "; ".join(parts), **_source(answer, asked.name)))
    return rows


def _readable(answer: Mapping[str, str], seen: Sight, organisation: int | None) -> Iterable[str]:
    """The facts of an answer that the reader may see; who confirmed them stands beside each."""
    for code in ANSWER[:-1] if answer else ():
        if seen.reads_item(FACTS[code].category or "", organisation, FACTS[code].field):
            yield code


def _value(code: str, answer: Mapping[str, str]) -> str:
    value = answer[code]
    when = parse_datetime(value) if code == "last_taken" and value != NOT_KNOWN else None
    return "Not known" if value == NOT_KNOWN else moment(when) if when else value


def _source(answer: Mapping[str, str], service: str) -> dict[str, str]:
    """Where an answer comes from, and the mark of what nobody has confirmed."""
    at, confirmed = parse_datetime(answer["at"]), confirmed_by(answer["confirmed_by"])
    assert at is not None, "written by the room alone"
    by = ", ".join(filter(None, (answer["by"], service)))
    return {
        "note": f"answered {moment(at)} by {by}; "
        + (f"confirmed by {confirmed}" if confirmed else "nobody has confirmed it"),
        "tag": "Confirmed" if confirmed else "Unconfirmed",
        "tone": "done" if confirmed else "today",
    }
