"""Files of a hand-over: attached and taken off before it is sent. What was sent stays as it was."""

from datetime import datetime

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.handovers.actions.hand_over import sent_already
from throughcare.handovers.models import HandOverFile
from throughcare.handovers.process.hand_over import NOT_SENT
from throughcare.handovers.queries.file import files_of
from throughcare.handovers.rules import file as rules
from throughcare.people.holding import hold_person_of
from throughcare.processes import actions as engine
from throughcare.processes.models import Case
from throughcare.processes.registry import room_of
from throughcare.processes.table import SENDER
from throughcare.web.faults import Refused


@action
def attach(*, by: Actor, at: datetime, case: int, title: str, content: bytes) -> HandOverFile:
    """Attach a file to a hand-over that is not sent. The same file with the same title is one.

    Refused: HO-120 without a title, HO-121 for the size, HO-122 for the kind, HO-123 for too many, HO-102 once sent.
    """
    found = _unsent(case, by)
    standing = list(files_of(found))
    same = HandOverFile.objects.filter(case=case, taken_off_at=None, title=title.strip(), content=content).first()
    if same:
        say("hand_over.file_repeated", by=by, at=at, person=found.person_id, case=case, subject=f"file {same.pk}")
        return same
    if faults := rules.faults(title, content, len(standing)):
        raise Refused(*faults, person=found.person_id, case=case)
    assert by.user is not None, "a sender signs in"
    assert by.service is not None, "and acts for a service"
    file = HandOverFile(
        case=found,
        title=title.strip(),
        kind=rules.kind_of(content),
        size=len(content),
        content=content,
        at=at,
        by_id=by.user,
        service_id=by.service,
    )
    file.save()
    _say("hand_over.file_attached", by, at, file, found)
    return file


@action
def take_off(*, by: Actor, at: datetime, case: int, file: int) -> HandOverFile:
    """Take a file off a hand-over that is not sent. Twice is once. Refused (HO-102) once it is sent."""
    found = _unsent(case, by)
    one = HandOverFile.objects.defer("content").filter(pk=file, case=case).first()
    if one is None:
        raise engine.stranger(case)
    one.taken_off_at = one.taken_off_at or at
    one.save(update_fields=["taken_off_at"])
    _say("hand_over.file_taken_off", by, at, one, found)
    return one


def _unsent(case: int, by: Actor) -> Case:
    """The case with its person held, for the sender of a hand-over that is not sent."""
    held = hold_person_of(Case.objects.filter(pk=case, hand_over__isnull=False))
    if held is None:
        raise engine.stranger(case)
    found = room_of(held).with_parties(Case.objects.filter(pk=case)).get()
    if SENDER not in room_of(found).roles_of(found, by):
        raise engine.stranger(case)
    if found.strands.get(name="main").state not in NOT_SENT:
        raise Refused(sent_already(), person=found.person_id, case=case)
    return found


def _say(verb: str, by: Actor, at: datetime, file: HandOverFile, case: Case) -> None:
    say(
        verb,
        by=by,
        at=at,
        person=case.person_id,
        record=case.record_id,
        case=case.pk,
        subject=f"file {file.pk}",
        detail={"title": file.title, "kind": file.kind, "size": file.size},
    )
