"""Two people at one answer link at the same moment, on a database where commits are real."""

from typing import Any

import pytest
import worlds
from handovers.test_link import World, wrong

from throughcare.handovers.actions import link as links
from throughcare.processes.models import Case, StepTaken
from throughcare.web.faults import Refused


@pytest.mark.load
def test_of_two_who_answer_at_the_same_moment_one_does(fresh_database: Any) -> None:
    world = World()
    link = world.link
    for name in ("Jo Smith", "Pat Lee"):
        links.enter(
            by=links.outsider(link, name), at=worlds.BEGAN, link=link.pk, code=link.key.code, number="1", address="1"
        )
    version = Case.objects.get(pk=world.case).version

    def act(name: str, verb: str, **facts: str) -> Any:
        return lambda: links.answer(
            by=links.outsider(link, name),
            at=worlds.BEGAN,
            link=link.pk,
            verb=verb,
            facts=facts,
            version=version,
            key=name,
        )

    answers = worlds.at_once(
        act("Jo Smith", "accept", no_appointment_reason="Monday"),
        act("Pat Lee", "decline", decline_reason="no_safe_capacity"),
    )
    taken = [one for one in answers if isinstance(one, StepTaken)]
    refused = [one for one in answers if isinstance(one, Refused)]
    assert (len(taken), len(refused)) == (1, 1)
    assert world.state == taken[0].to_state
    assert refused[0].faults[0].number in ("PR-201", "LK-103")


@pytest.mark.load
def test_wrong_codes_given_at_the_same_moment_are_each_counted(fresh_database: Any) -> None:
    world = World()
    link, code = world.link, wrong(world)

    def try_once() -> Any:
        return links.enter(
            by=links.outsider(link, "Jo"), at=worlds.BEGAN, link=link.pk, code=code, number="1", address="1"
        )

    answers = worlds.at_once(*[try_once] * 8)
    assert sorted(left for left in answers if isinstance(left, int)) == [0, 1, 2, 3, 4]
    assert [one.faults[0].number for one in answers if isinstance(one, Refused)] == ["LK-104"] * 3
    assert world.link.wrong == 5
