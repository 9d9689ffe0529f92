"""A step added to a table shows everywhere by itself: button, deadline, refusal and documentation."""

from collections.abc import Iterator

import pytest
import worlds

from throughcare.events.models import Event
from throughcare.handovers.process.hand_over import HAND_OVER
from throughcare.handovers.room.hand_over import HandOvers
from throughcare.processes import documents
from throughcare.processes.models import Due, StepTaken
from throughcare.processes.registry import register, rooms
from throughcare.processes.table import RECEIVER, Step

STEP = Step(
    "HOV-900",
    "main",
    "opened",
    "offer_taster_visit",
    "opened",
    (RECEIVER,),
    needs=("guide_name",),
    opens=("notify sender",),
    starts=("HOV-C07",),
    source="a rule of this test",
)


@pytest.fixture
def with_one_step_more() -> Iterator[None]:
    """The hand-over runs with one more step, and nothing else is told of it."""
    before = rooms()["hand_over"]
    room = HandOvers()
    room.process = HAND_OVER.with_step(STEP)
    register(room)
    yield
    register(before)


@pytest.mark.django_db
@pytest.mark.usefixtures("with_one_step_more")
def test_a_step_added_to_a_table_shows_its_button_deadline_refusal_and_documentation() -> None:
    sender, receiver = worlds.worker("keyworker"), worlds.worker("keyworker")
    team = worlds.Service.objects.get(pk=receiver.service)
    hand_over = worlds.sent(sender, worlds.person(sender), team)
    worlds.take(receiver, hand_over, "open_by_receiver")
    case, url = f"/cases/{hand_over.case_id}/", f"/cases/{hand_over.case_id}/offer_taster_visit/"
    theirs, ours = worlds.signed_in(receiver), worlds.signed_in(sender)

    page = theirs.get(case).content.decode()
    assert f'href="{url}"' in page, "its button"
    assert "Offer taster visit" in page
    other = ours.get(case).content.decode()
    assert f'href="{url}"' not in other
    assert "Offer taster visit" in other.partition("By others")[2], "who can do it is shown to the other side"

    refused = ours.get(url)
    assert refused.status_code == 409
    assert "PR-103" in refused.content.decode(), "its numbered refusal"

    empty = theirs.post(url, {"version": 3, "key": "taster", "guide_name": ""})
    assert empty.status_code == 422
    assert "Enter the guide name." in empty.content.decode(), "its question, in words"

    done = theirs.post(url, {"version": 3, "key": "taster", "guide_name": "Sam"}, follow=True).content.decode()
    assert "Offer taster visit." in done
    assert "First contact after acceptance" in done.partition("Deadlines")[2], "its deadline runs"
    assert Due.objects.filter(case=hand_over.case_id, clock="HOV-C07").count() == 1
    assert StepTaken.objects.get(case=hand_over.case_id, row="HOV-900").facts == {"guide_name": "Sam"}
    assert Event.objects.filter(case=hand_over.case_id, verb="hand_over.offer_taster_visit").exists()

    documentation = ours.get("/help/processes/hand_over/").content.decode()
    assert 'id="HOV-900"' in documentation
    assert "Offer taster visit" in documentation
    assert "a rule of this test" in documentation
    (line,) = [line for line in documents.markdown(rooms()["hand_over"].process).splitlines() if "HOV-900" in line]
    assert line == (
        "| HOV-900 | opened | Offer taster visit | opened | receiver | guide name | "
        "notify sender; starts HOV-C07 | performed | a rule of this test | design |"
    )
    assert "opened --> opened: escalate, offer taster visit" in documents.markdown(rooms()["hand_over"].process)


@pytest.mark.django_db
def test_without_the_step_none_of_it_is_there() -> None:
    sender = worlds.worker("keyworker")
    hand_over = worlds.drafted(sender, worlds.person(sender), worlds.service())
    client = worlds.signed_in(sender)
    assert "HOV-900" not in client.get("/help/processes/hand_over/").content.decode()
    answer = client.get(f"/cases/{hand_over.case_id}/offer_taster_visit/")
    assert answer.status_code == 409
    assert "PR-101" in answer.content.decode()
