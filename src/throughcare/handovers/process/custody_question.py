"""The question of 6pm: who prescribes, what dose, last taken when, confirmed by whom? Answered within two hours.

Transcribed from the reference tables, without a difference. CQU-010 was added to them here: an answer that was wrong is
corrected, the asker is told, and what was said first stays.
"""

from collections.abc import Mapping

from throughcare.handovers.process.hand_over import is_no_step
from throughcare.processes.table import (
    LONG_TEXT,
    MOMENT,
    OUTSIDE,
    RECEIVER,
    REPORTED,
    SENDER,
    SERVICE,
    SYSTEM,
    Fact,
    Step,
    declare,
)

ASKED = ("asked", "escalated")
"""The answer is owed."""
ANSWER = ("who_prescribes", "dose", "last_taken", "confirmed_by")

STEPS = (
    Step(
        "CQU-001",
        "main",
        "new",
        "ask_prescribing",
        "asked",
        (SENDER,),
        needs=("person", "asking_service", "call_back_number", "reason"),
        opens=("notify receiver",),
        starts=("CQU-C01",),
    ),
    Step(
        "CQU-002",
        "main",
        "asked",
        "answer_prescribing",
        "answered",
        (RECEIVER, OUTSIDE),
        needs=ANSWER,
        opens=("notify sender",),
        stops=("CQU-C01",),
        kind=REPORTED,
        rule=("CQU-L01",),
    ),
    Step(
        "CQU-003",
        "main",
        "escalated",
        "answer_prescribing",
        "answered",
        (RECEIVER, OUTSIDE),
        needs=ANSWER,
        opens=("notify sender",),
        stops=("CQU-C01",),
        kind=REPORTED,
        rule=("CQU-L01",),
    ),
    Step(
        "CQU-004",
        "main",
        "asked",
        "escalate",
        "escalated",
        (SYSTEM,),
        needs=("missed_clock", "ladder_step", "owed_by"),
        opens=("notify ladder_step", "notify sender"),
        starts=("CQU-C01",),
        stops=("CQU-C01",),
        kind=REPORTED,
        rule=("CQU-L02",),
    ),
    Step(
        "CQU-005",
        "main",
        "escalated",
        "escalate",
        "escalated",
        (SYSTEM,),
        needs=("missed_clock", "ladder_step", "owed_by"),
        opens=("notify ladder_step", "notify sender"),
        starts=("CQU-C01",),
        stops=("CQU-C01",),
        kind=REPORTED,
        rule=("CQU-L02",),
    ),
    Step(
        "CQU-006",
        "main",
        "answered",
        "ask_again",
        "asked",
        (SENDER,),
        needs=("what_is_missing",),
        opens=("notify receiver",),
        starts=("CQU-C01",),
    ),
    Step(
        "CQU-007",
        "main",
        "asked",
        "close",
        "closed",
        (SENDER, SYSTEM),
        needs=("reason",),
        opens=("notify receiver",),
        stops=("CQU-C01",),
    ),
    Step(
        "CQU-008",
        "main",
        "escalated",
        "close",
        "closed",
        (SENDER, SYSTEM),
        needs=("reason",),
        opens=("notify receiver",),
        stops=("CQU-C01",),
    ),
    Step("CQU-009", "main", "answered", "close", "closed", (SENDER, SYSTEM), needs=("answer_used_or_reason",)),
    Step(
        "CQU-010",
        "main",
        "answered",
        "answer_prescribing",
        "answered",
        (RECEIVER, OUTSIDE),
        needs=ANSWER,
        opens=("notify sender",),
        kind=REPORTED,
        rule=("CQU-L01",),
    ),
)

FACTS: Mapping[str, Fact] = {
    "person": Fact("Person"),
    "asking_service": Fact("Asked by", SERVICE),
    "call_back_number": Fact("Number to call you back on"),
    "reason": Fact("Reason", LONG_TEXT),
    "who_prescribes": Fact(
        "Who prescribes?",
        hint="Name, service and telephone number",
        category="prescribing_medicines",
        field="medicine",
    ),
    "dose": Fact(
        "What medicine, and what dose?",
        hint="Product, strength, amount and how often: methadone 1 mg/ml or 10 mg/ml, 60 mg once a day, supervised",
        category="prescribing_medicines",
        field="dose",
    ),
    "last_taken": Fact(
        "When was the last dose taken?", MOMENT, category="prescribing_medicines", field="last_supervised_dose"
    ),
    "confirmed_by": Fact(
        "Who confirmed it?",
        hint="Name and role: R. Patel, pharmacist. If nobody has, tick “Not known”: it is then marked as unconfirmed",
        category="prescribing_medicines",
        field="dose",
    ),
    "what_is_missing": Fact("What is missing", LONG_TEXT),
    "answer_used_or_reason": Fact("What came of the answer", LONG_TEXT),
    "missed_clock": Fact("Deadline missed"),
    "ladder_step": Fact("Told to"),
    "owed_by": Fact("Who owes the next word"),
}

CUSTODY_QUESTION = declare(
    "custody_question",
    "Question about prescribing",
    "Custody healthcare or a ward asks who prescribes, what dose, last taken when, and confirmed by whom. It is "
    "answered within two hours, at any time of day: the team first, then its manager, then the provider’s lead.",
    STEPS,
    facts=FACTS,
    breaks={"CQU-L02": ("ladder_step", is_no_step)},
    done={
        "ask_prescribing": "Question about prescribing asked",
        "answer_prescribing": "Question about prescribing answered",
        "escalate": "Next step of the ladder told",
        "ask_again": "Asked again",
        "close": "Question closed",
    },
    kept_apart=frozenset({"person", "asking_service", "reason", "call_back_number", *ANSWER}),
    onward=("answer_prescribing",),
    replacing=frozenset({"escalate", "close"}),
)
