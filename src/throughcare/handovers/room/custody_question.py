"""What the engine asks of questions about prescribing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from throughcare.events.actor import SYSTEM, Actor
from throughcare.handovers.actions.question import open_to_the_asked
from throughcare.handovers.process.custody_question import ANSWER, ASKED, CUSTODY_QUESTION
from throughcare.handovers.process.hand_over import next_step
from throughcare.handovers.queries.hand_over import whom_to_ring
from throughcare.handovers.queries.question import answers_to
from throughcare.handovers.queries.sheet import covers, items_of, open_parts, readable_items, reads_cover
from throughcare.handovers.queries.sheet import words as in_words
from throughcare.handovers.rules.question import ANSWERERS
from throughcare.handovers.rules.sheet import current
from throughcare.processes.models import Case, Due, StepTaken
from throughcare.processes.table import NOT_KNOWN, RECEIVER, SENDER, Facts
from throughcare.processes.table import SYSTEM as SYSTEM_ROLE
from throughcare.reference.roles import works_with_people
from throughcare.sharing import grants
from throughcare.sharing.rule import Sight, sight
from throughcare.web.faults import Fault
from throughcare.web.parts import Row

ANSWER_READABLE = timedelta(hours=2)
"""How long the service that answered may still see whom it was asked about: the time in which it is rung back."""

WORDS = {
    "answer_prescribing": ("Answer", "The asking service is told at once, and reads what its role may read."),
    "ask_again": ("Ask again", "The answering service is told what is missing, and has two more hours."),
    "close": (
        "Close the question",
        "The service that was asked can no longer see whom it was about, two hours after it answered at the latest.",
    ),
}
CORRECT = ("Correct the answer", "The asking service is told at once. What was answered before stays to be read.")


class CustodyQuestions:
    """The room behind `custody_question`."""

    process = CUSTODY_QUESTION
    checked_before: frozenset[str] = frozenset()
    home = ("Today", "today")

    def with_parties(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        return cases.select_related(
            "custody_question__asker__organisation",
            "custody_question__asked__organisation",
            "custody_question__written_by",
            "record",
        ).prefetch_related(Prefetch("strands"))

    def roles_of(self, case: Case, actor: Actor) -> frozenset[str]:
        if actor == SYSTEM:
            return frozenset({SYSTEM_ROLE})
        if not works_with_people(actor.role):
            return frozenset()
        question, sides = case.custody_question, set()
        if question.asker_id == actor.service:
            sides.add(SENDER)
        if question.asked_id == actor.service and actor.role in ANSWERERS:
            sides.add(RECEIVER)
        return frozenset(sides)

    def knows_others(self, roles: frozenset[str]) -> bool:
        return True

    def service_of(self, case: Case, role: str) -> int | None:
        question = case.custody_question
        return {SENDER: question.asker_id, RECEIVER: question.asked_id}.get(role)

    def owners(self, case: Case) -> list[int]:
        return [case.custody_question.asker_id, case.custody_question.asked_id]

    def derived(self, case: Case, code: str, given: Facts, actor: Actor, at: datetime) -> object | None:
        return None

    def doubts(self, case: Case, verb: str, facts: Facts, at: datetime) -> tuple[Fault, ...]:
        return ()

    def offered(self, case: Case, code: str, actor: Actor) -> object | None:
        """What was answered before, or the answering service's own sheet says, need not be typed again."""
        if code not in ANSWER:
            return None
        known = case.custody_question.answer or _from_the_sheet(case, actor)
        return known.get(code) if known.get(code) != NOT_KNOWN else None

    def choices(self, case: Case, code: str, actor: Actor) -> list[tuple[str, str]]:
        return []

    def words(self, case: Case, verb: str) -> tuple[str, str]:
        if verb == "answer_prescribing" and _is_answered(case):
            return CORRECT
        return WORDS.get(verb, (self.process.verb_words(verb), ""))

    def title(self, case: Case) -> str:
        return f"Who prescribes? Question to {case.custody_question.asked.name}"

    def parties(self, case: Case) -> list[tuple[str, str, str]]:
        asker, asked = case.custody_question.asker, case.custody_question.asked
        return [("Asked by", asker.name, asker.telephone), ("Asked", asked.name, asked.telephone)]

    def rows(self, case: Case, seen: Sight, now: datetime) -> list[Row]:
        question = case.custody_question
        who = question.written_by.name if question.written_by else ""
        rows = []
        if question.ladder and question.asker_id == seen.actor.service:
            name, telephone = whom_to_ring(question.asked, question.ladder)
            rows.append(Row("What to do now", f"Ring {name}: {telephone}", tag="NOT ANSWERED", tone="missed"))
        return [
            *rows,
            *answers_to(case, seen),
            Row("Why it is asked", question.reason, note=who),
            Row("Call back", question.call_back_number),
        ]

    def links(self, case: Case, roles: frozenset[str]) -> list[tuple[str, str]]:
        return []

    def sections(
        self, case: Case, roles: frozenset[str], seen: Sight, now: datetime
    ) -> list[tuple[str, Mapping[str, object]]]:
        return []

    def hides(self, case: Case, roles: frozenset[str]) -> str:
        return ""

    def history_for(self, steps: list[StepTaken], roles: frozenset[str]) -> list[StepTaken]:
        return steps

    def missed(self, case: Case, due: Due, at: datetime) -> tuple[str, dict[str, object]] | None:
        if not any(strand.state in ASKED for strand in case.strands.all()):
            return None
        step = next_step(case.custody_question.ladder)
        return "escalate", {"missed_clock": due.clock, "ladder_step": step, "owed_by": RECEIVER}

    def after(self, step: StepTaken, by: Actor, at: datetime) -> None:
        question, facts = step.case.custody_question, step.facts
        source = f"case {step.case_id}"
        match step.verb:
            case "ask_prescribing" | "ask_again":
                question.ladder = ""
                open_to_the_asked(question, at)
            case "escalate":
                question.ladder = facts["ladder_step"]
            case "answer_prescribing":
                question.ladder = ""
                question.answer = {code: facts.get(code, NOT_KNOWN) for code in ANSWER} | {
                    "by": by.user_name,
                    "at": at.isoformat(),
                }
                grants.end(source=source, at=at + ANSWER_READABLE)
            case "close":
                grants.end(source=source, at=at)
        question.save()


def _is_answered(case: Case) -> bool:
    return any(strand.state == "answered" for strand in case.strands.all())


def _from_the_sheet(case: Case, actor: Actor) -> Mapping[str, str]:
    """The answer as sheet and cover have it, as far as the answering worker may read them: read once for a form."""
    known: dict[str, str] | None = vars(case).get("known_answer")
    if known is not None:
        return known
    seen = sight(actor, case.person_id, timezone.now())
    sheet = current(readable_items(items_of(case.person_id), seen, open_parts(seen)))
    dose = [in_words(sheet[code]) for code in ("medicine", "dose", "supervision") if code in sheet]
    known = {"dose": ", ".join(dose)}
    if "last_dose" in sheet:
        known["last_taken"] = sheet["last_dose"].value
    if "dose" in sheet:
        known["confirmed_by"] = sheet["dose"].confirmed_by
    cover = covers([case.person_id]).get(case.person_id)
    if cover and reads_cover(seen, cover.record.organisation_id):
        known["who_prescribes"] = ", ".join(filter(None, (cover.prescriber, cover.telephone)))
    vars(case)["known_answer"] = known
    return known
