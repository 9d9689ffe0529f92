"""An act: one transaction that ends with its events, or nothing but its refusal."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
import worlds
from django.db import transaction

from throughcare.events import acting
from throughcare.events.acting import NothingSaid, Said, WriteOutsideAction, action, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.events.models import Event, EventDetail, Kept
from throughcare.organisations.models import AreaServed, Organisation, Service
from throughcare.web.faults import Fault, Refused

pytestmark = pytest.mark.django_db
AT = worlds.BEGAN
FULL = Fault("TE-101", "places", "The group is full.", "Choose another.")


@action
def enter(*, by: Actor, at: datetime, name: str) -> Organisation:
    body = Organisation(name=name, kind="council")
    body.save()
    say("organisation.entered", by=by, at=at, subject=f"organisation {body.pk}", detail={"name": name})
    return body


@action
def enter_silently(*, by: Actor, at: datetime, name: str) -> None:
    Organisation(name=name, kind="council").save()


@action
def enter_and_be_refused(*, by: Actor, at: datetime, name: str) -> None:
    enter(by=by, at=at, name=name)
    raise Refused(FULL, Fault("TE-102", "", "It is Sunday.", "Come tomorrow."), person=71, case=72)


@action
def enter_two(*, by: Actor, at: datetime, first: str, second: str) -> None:
    enter(by=by, at=at, name=first)
    enter(by=by, at=at, name=second)


WRITES: dict[str, Callable[[Service], Any]] = {
    "save": lambda team: team.save(),
    "delete": lambda team: team.delete(),
    "create": lambda team: Service.objects.create(organisation=team.organisation, name="x", kind="x", telephone="0"),
    "update": lambda team: Service.objects.update(name="x"),
    "update of some": lambda team: Service.objects.filter(pk=team.pk).update(name="x"),
    "delete of some": lambda team: Service.objects.filter(pk=team.pk).delete(),
    "bulk create": lambda team: Service.objects.bulk_create([Service(organisation=team.organisation, name="x")]),
    "bulk update": lambda team: Service.objects.bulk_update([team], ["name"]),
    "get or create": lambda team: Organisation.objects.get_or_create(name="x", kind="x"),
    "update or create": lambda team: Organisation.objects.update_or_create(name="x", defaults={"kind": "x"}),
    "create through a relation": lambda team: team.areas.create(area="X00000001"),
    "add through a relation": lambda team: team.areas.add(*AreaServed.objects.all()),
    "update through a relation": lambda team: team.areas.update(area="X00000001"),
    "add to a many-to-many relation": lambda team: team.sites.add(_site_of_another()),
    "clear a many-to-many relation": lambda team: team.sites.clear(),
    "set a many-to-many relation": lambda team: team.sites.set([]),
    "update through the base manager": lambda team: Service._base_manager.update(name="x"),
}


def _site_of_another() -> Any:
    from throughcare.organisations.models import Site

    return Site.objects.get(name="Weir House")


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_write_outside_an_action_is_refused(write: Callable[[Service], Any]) -> None:
    worlds.site("Weir House")
    team = worlds.service(sites=[worlds.site()], areas=["E08000012"])
    worlds.service(areas=["E08000013"])
    with pytest.raises(WriteOutsideAction, match="may be changed only inside an action"), transaction.atomic():
        write(team)


def test_an_event_cannot_be_said_outside_an_action() -> None:
    with pytest.raises(WriteOutsideAction, match=r"signed_in was said outside an action"):
        say("signed_in", by=SYSTEM, at=AT)


def test_an_action_leaves_its_row_and_its_event_with_who_what_and_when() -> None:
    keyworker = worlds.worker()
    body = enter(by=keyworker, at=AT, name="Riverside")
    event = Event.objects.get(subject=f"organisation {body.pk}")
    assert (event.verb, event.at, event.count) == ("organisation.entered", AT, 1)
    assert (event.user, event.role, event.service, event.organisation) == (
        keyworker.user,
        "keyworker",
        keyworker.service,
        keyworker.organisation,
    )
    assert EventDetail.objects.get(event=event.seq).body == '{"name": "Riverside"}'


def test_an_action_that_says_nothing_is_rolled_back() -> None:
    with pytest.raises(NothingSaid):
        enter_silently(by=SYSTEM, at=AT, name="Silent")
    assert not Organisation.objects.exists()
    assert not Event.objects.exists()


def test_an_action_that_breaks_leaves_nothing_at_all() -> None:
    @action
    def break_down(*, by: Actor, at: datetime) -> None:
        enter(by=by, at=at, name="Broken")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_down(by=SYSTEM, at=AT)
    assert not Organisation.objects.exists()
    assert not Event.objects.exists()


def test_a_refused_act_leaves_nothing_but_its_refusal_with_its_numbers() -> None:
    keyworker = worlds.worker()
    before = Event.objects.count()
    with pytest.raises(Refused) as refused:
        enter_and_be_refused(by=keyworker, at=AT, name="Nowhere")
    assert refused.value.kept
    assert not Organisation.objects.filter(name="Nowhere").exists()
    event = Event.objects.order_by("seq").last()
    assert event is not None
    assert Event.objects.count() == before + 1
    assert (event.verb, event.subject, event.person, event.case) == ("refused", "TE-101, TE-102", 71, 72)
    assert (event.user, event.service) == (keyworker.user, keyworker.service)
    assert EventDetail.objects.get(event=event.seq).body == '{"faults": [["TE-101", "places"], ["TE-102", ""]]}'


def test_the_words_of_a_refusal_are_not_kept_since_they_may_name_somebody() -> None:
    @action
    def refuse(*, by: Actor, at: datetime) -> None:
        raise Refused(Fault("TE-103", "name", "J. Adeyemi is here already.", "Ring Riverside."))

    with pytest.raises(Refused):
        refuse(by=SYSTEM, at=AT)
    assert "Adeyemi" not in EventDetail.objects.get().body


def test_an_act_within_an_act_is_one_transaction() -> None:
    enter(by=SYSTEM, at=AT, name="Riverside")
    with pytest.raises(Exception, match=r"(?i)unique"):
        enter_two(by=SYSTEM, at=AT, first="Aldergate", second="Riverside")
    assert [body.name for body in Organisation.objects.all()] == ["Riverside"]
    assert Event.objects.count() == 1


def test_an_act_within_an_act_that_is_refused_is_kept_once_and_undoes_both() -> None:
    @action
    def outer(*, by: Actor, at: datetime) -> None:
        enter(by=by, at=at, name="Aldergate")
        enter_and_be_refused(by=by, at=at, name="Nowhere")

    with pytest.raises(Refused):
        outer(by=SYSTEM, at=AT)
    assert not Organisation.objects.exists()
    assert [event.verb for event in Event.objects.all()] == ["refused"]


def test_nothing_is_an_action_any_more_once_one_has_ended_however_it_ended() -> None:
    for ends in (
        lambda: enter(by=SYSTEM, at=AT, name="Done"),
        lambda: enter_silently(by=SYSTEM, at=AT, name="Silent"),
        lambda: enter_and_be_refused(by=SYSTEM, at=AT, name="Refused"),
    ):
        with suppress(NothingSaid, Refused):
            ends()
        with pytest.raises(WriteOutsideAction):
            Organisation(name="Later", kind="council").save()


@pytest.fixture
def reacting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Said], None]], None]:
    """Has something react to an organisation being entered, for one test."""
    monkeypatch.setattr(acting, "_reactions", {})
    return lambda reaction: acting.react("organisation.entered", reaction)


def test_a_reaction_writes_in_the_same_transaction_and_may_say_more(reacting: Any) -> None:
    def and_a_team(said: Said) -> None:
        body = Organisation.objects.get(name="Riverside")
        Service(organisation=body, name="Duty team", kind="team", telephone="0").save()
        say("service.set_up", by=said.by, at=said.at)

    reacting(and_a_team)
    enter(by=SYSTEM, at=AT, name="Riverside")
    assert Service.objects.get().name == "Duty team"
    assert [event.verb for event in Event.objects.order_by("seq")] == ["organisation.entered", "service.set_up"]


def test_a_reaction_that_fails_undoes_the_act_it_reacts_to(reacting: Any) -> None:
    def fails(said: Said) -> None:
        raise Refused(FULL)

    reacting(fails)
    with pytest.raises(Refused):
        enter(by=SYSTEM, at=AT, name="Riverside")
    assert not Organisation.objects.exists()
    assert [event.subject for event in Event.objects.all()] == ["TE-101"]


def test_a_reaction_registered_twice_reacts_once(reacting: Any) -> None:
    heard: list[str] = []

    def hear(said: Said) -> None:
        heard.append(said.subject)

    reacting(hear)
    reacting(hear)
    body = enter(by=SYSTEM, at=AT, name="Riverside")
    assert heard == [f"organisation {body.pk}"]


@pytest.mark.parametrize("missing", ["by", "at"])
def test_an_action_without_who_or_when_does_not_begin(missing: str) -> None:
    given = {"by": SYSTEM, "at": AT, "name": "Riverside"}
    del given[missing]
    with pytest.raises(KeyError):
        enter(**given)  # type: ignore[arg-type]
    assert not Organisation.objects.exists()


NOT_KEPT = {
    "Event": "is what an action leaves; only the chain adds to it, and the database refuses any change",
    "EventDetail": "is written with its event, and may be deleted by lawful erasure",
    "Look": "is written before a page is sent, where no act is under way, and sealed into the chain each minute",
    "Message": "is written within acts; that it was delivered is marked by the worker, which says so in an event",
    "Email": "is written within acts; that it was sent or held is marked by the worker, which says so in an event",
    "Job": "is the worker's own progress over whole tables; asking for one is an event",
    "Pulse": "is one overwritten row that says when the worker last swept",
    "Knock": "is counted for an hour against machines on the public page, and then removed; it names nobody",
    "User": "is written by sign-in too (the time of it), and holds nothing about a person in treatment",
}
"""Models that may be written outside an action, each with its reason."""


def test_every_model_is_kept_or_is_on_the_list_with_its_reason() -> None:
    from django.apps import apps

    ours = [m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("throughcare.")]
    assert {model.__name__ for model in ours if not issubclass(model, Kept)} == NOT_KEPT.keys()
    assert all(reason.startswith("is ") for reason in NOT_KEPT.values())
