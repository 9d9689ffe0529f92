"""A coordinator of releases, and questions who prescribes: measured, and a made-up world has none of them, or few.

Done by the product's own actions, in a process with the product's settings: `python -m bench.prepare`.
"""

from dataclasses import replace
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 (Django must be set up first)

from bench.readings import COORDINATOR  # noqa: E402
from throughcare.accounts import actions as accounts  # noqa: E402
from throughcare.demo import area  # noqa: E402
from throughcare.events.actor import SYSTEM  # noqa: E402
from throughcare.handovers.actions import custody, question  # noqa: E402
from throughcare.organisations import actions as organisations  # noqa: E402
from throughcare.organisations.models import Organisation, Service, Site  # noqa: E402
from throughcare.people import actions as people  # noqa: E402
from throughcare.people.actions import Identity  # noqa: E402
from throughcare.processes import actions as engine  # noqa: E402

QUESTIONS, ANSWERED = 40, 3
"""How many people were asked about in the last days, and every how manieth of them is answered."""
NOW = timezone.now()


def coordinator() -> None:
    service = organisations.set_up(
        by=SYSTEM,
        at=NOW,
        organisation=Organisation.objects.get(name="Probation Service, Northbridge"),
        name="Northbridge health and justice coordinators",
        kind="probation office",
        telephone="0113 496 0191",
        takes_hand_overs=False,
        areas=[area.AREA],
    )
    user = accounts.create(
        by=SYSTEM, at=NOW, email=area.email_of(COORDINATOR), name=COORDINATOR, password=area.PASSWORD
    )
    organisations.join(by=SYSTEM, at=NOW, user=user, service=service, role="hjpc")


def questions() -> None:
    """Each about somebody who came to the custody suite, asked of the treatment service that most people come to."""
    staffed = area.staffed()
    nurse, answers = staffed.actors[area.CUSTODY_HEALTH][0], staffed.actors[area.RIVERSIDE][0]
    suite, asked = Site.objects.get(name="Northbridge custody suite"), Service.objects.get(name=area.RIVERSIDE)
    for number in range(QUESTIONS):
        at = NOW - timedelta(hours=QUESTIONS - number)
        record = people.register(
            by=nurse, at=at, identity=replace(SOMEBODY, family_name=f"Asked {number}"), made_up=True
        )
        custody.receive(by=nurse, at=at, record=record, site=suite, since=at)
        one = question.ask(
            by=nurse,
            at=at,
            record=record,
            asked=asked,
            reason="Says that they take methadone.",
            call_back_number="0113 496 0175",
        )
        if number % ANSWERED == 0:
            facts = {
                "who_prescribes": "Dr Anjali Shah, Riverside",
                "dose": "45 mg once a day",
                "last_taken": (at - timedelta(hours=9)).isoformat(),
                "confirmed_by": "Rupa Patel, pharmacist",
            }
            when = at + timedelta(minutes=50)
            engine.take(by=answers, at=when, case=one.case_id, verb="answer_prescribing", facts=facts)


SOMEBODY = Identity(given_name="Made", family_name="Up", area=area.AREA)

if __name__ == "__main__":
    coordinator()
    questions()
