"""What is different about a hand-over from the public page: behind its sender there is nobody."""

from datetime import datetime

from django.utils.timezone import localdate

from throughcare.events.actor import Actor
from throughcare.handovers.models import PublicRequest
from throughcare.handovers.process.hand_over import TO_ANSWER
from throughcare.organisations.queries import PUBLIC_ROLE
from throughcare.processes.models import Case
from throughcare.processes.table import SENDER
from throughcare.reference.sharing import Access, rules_for
from throughcare.sharing.rule import Sight
from throughcare.web.faults import Fault
from throughcare.web.parts import Row

TO_OR_BY_THE_SENDER = ("decline", "ask_question", "answer_question", "reroute", "withdraw")
TELLS_NOBODY = "Throughcare tells nobody. Reach whoever asked, only as they said is safe."
WORDS = {
    "open_by_receiver": "You read what was asked. Throughcare tells nobody that you have.",
    "accept": f"Your service takes over coordination of this person's care. {TELLS_NOBODY}",
    "close": "Whoever asked is not told: there is no service behind the public page.",
}
UNOPENED = "Open the hand-over to read what was asked."


def from_public_page(case: Case) -> bool:
    """Was it asked by somebody without an account?"""
    return case.hand_over.sender.is_public_page


def answers_itself(case: Case, verb: str) -> Fault | None:
    """A guard: what goes back to a sender, or comes from one, is not possible where there is none."""
    if not from_public_page(case) or not (verb in TO_OR_BY_THE_SENDER or (verb == "supersede" and _unanswered(case))):
        return None
    return Fault(
        "AH-111",
        "",
        "This came from the public page: behind it there is no service to answer you, or to look after the person.",
        "Accept it and reach whoever asked. If another service fits better, hand over to it from your own record; "
        "if nothing is to be done, close it with what came of it.",
    )


def _unanswered(case: Case) -> bool:
    return any(strand.name == "main" and strand.state in TO_ANSWER for strand in case.strands.all())


def sides(case: Case, actor: Actor, state: str) -> frozenset[str]:
    """The page sends what was typed, and takes no other part: once it is sent, nobody acts as the page again."""
    sends = actor.role == PUBLIC_ROLE and case.hand_over.sender_id == actor.service and state == "drafted"
    return frozenset({SENDER}) if sends else frozenset()


def rows(case: Case, seen: Sight, now: datetime) -> list[Row]:
    """Who asked, what somebody else said of the person, and the number that whoever asked was given.

    The words of another are for the service that they were sent to, in roles that may read such words at all. The
    table lets those read them in an open safeguarding case; being the one who was asked stands in its place here.
    """
    request = PublicRequest.objects.filter(pk=case.pk).first()
    if request is None:
        return []
    found = [Row("Number given to whoever asked", request.reference)]
    if not request.words:
        return found
    may = rules_for(seen.actor.role, localdate(now))[PublicRequest.category].access is Access.SEE
    if case.hand_over.receiver_id == seen.actor.service and may:
        said = Row("What somebody else said about this person", request.words, note="not the person’s own words")
    else:
        said = Row("What somebody else said about this person", "Not for your role. Ask a keyworker of the service.")
    return [*found, said]
