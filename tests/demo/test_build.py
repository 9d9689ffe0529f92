"""The made-up world as it is built: complete, the same again, and nobody real in it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from throughcare.accounts.models import User
from throughcare.demo import build as builder
from throughcare.demo import lives
from throughcare.demo.area import AREA, PASSWORD, RIVERSIDE
from throughcare.demo.build import FEWEST, build, sign_ins
from throughcare.demo.moments import WORKER, Days
from throughcare.events import chain
from throughcare.events.models import Event
from throughcare.handovers.models import CustodyStay, HandOver
from throughcare.handovers.process.hand_over import HAND_OVER, LADDER
from throughcare.messages.models import Message
from throughcare.organisations.models import Membership, Organisation, Service
from throughcare.people.models import Identifier, Record
from throughcare.people.rules import nhs_number_is_valid, prison_number_is_valid
from throughcare.processes.actions import sweep
from throughcare.processes.models import Due, Strand
from throughcare.reference.areas import MADE_UP_AREAS
from throughcare.sharing.models import Grant, Person
from throughcare.web.faults import Refused

ROLES = [sign_in.role for sign_in in sign_ins()]
STATES = {step.to for step in HAND_OVER.steps} - {"outcome_due"}
"""All but the one that lasts no longer than a transaction: the outcome is told at once."""
DRAMA = re.compile(r"0113 496 0\d{3}|07700 900\d{3}|020 7946 0\d{3}|01632 960\d{3}")
RANDOM = {"message_id", "password", "salt", "digest", "previous", "hash"}
"""Columns that hold a random salt, or what follows from one."""


def silent(done: int, total: int, doing: str) -> None:
    """Shows no progress."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[builder.Summary]:
    """The world as every first start makes it, told today; rolled back after the last test here."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build(people=400, on=timezone.localdate(), seed=1, progress=silent)
        transaction.set_rollback(True)


def test_there_are_as_many_people_as_were_asked_for(world: builder.Summary) -> None:
    assert Person.objects.count() == 400
    assert world.people == 400


def test_every_record_is_made_up_and_in_no_real_area(world: builder.Summary) -> None:
    assert not Record.objects.filter(made_up=False).exists()
    assert set(Record.objects.values_list("area", flat=True)) <= {AREA, ""}
    assert AREA in MADE_UP_AREAS


def test_every_state_of_a_hand_over_and_each_step_of_the_ladder_are_present(world: builder.Summary) -> None:
    assert set(Strand.objects.values_list("state", flat=True)) == STATES
    assert set(HandOver.objects.values_list("ladder", flat=True)) == {"", *LADDER}


def test_the_rows_obey_the_constraints(world: builder.Summary) -> None:
    connection.check_constraints()


def test_the_chain_is_whole_and_bulk_is_one_event_with_its_count(world: builder.Summary) -> None:
    assert chain.verify().faults == ()
    assert Event.objects.get(verb="demo.built").count == 390


def test_numbers_belong_to_nobody(world: builder.Summary) -> None:
    nhs = list(Identifier.objects.filter(kind=Identifier.NHS).values_list("value", flat=True))
    assert nhs
    assert len(nhs) == len(set(nhs))
    assert all(value.startswith("999") and nhs_number_is_valid(value) for value in nhs)
    prison = list(Identifier.objects.filter(kind=Identifier.PRISON).values_list("value", flat=True))
    assert prison
    assert all(prison_number_is_valid(value) for value in prison)
    telephones: list[str] = [*Record.objects.exclude(telephone="").values_list("telephone", flat=True)]
    telephones += User.objects.values_list("telephone", flat=True)
    telephones += Organisation.objects.values_list("lead_telephone", flat=True)
    for pair in Service.objects.values_list("telephone", "manager_telephone"):
        telephones += pair
    assert [number for number in telephones if not DRAMA.fullmatch(number)] == []
    addresses = [*Service.objects.values_list("mailbox", flat=True), *User.objects.values_list("email", flat=True)]
    assert all(address.endswith((".example.org", ".example.net")) for address in addresses)


def test_every_deadline_that_passed_before_the_world_stood_still_is_marked(world: builder.Summary) -> None:
    passed = Due.objects.filter(due_at__lte=Days(world.on).told - WORKER)
    assert passed.filter(missed_at__isnull=False).exists()
    assert not passed.filter(met_at=None, missed_at=None, replaced_at=None).exists()


def test_there_is_one_sign_in_for_each_role_that_has_pages() -> None:
    assert ROLES == [
        "prison_drug_worker",
        "keyworker",
        "clinician",
        "service_manager",
        "responsible_officer",
        "housing_worker",
        "commissioner",
        "data_protection_lead",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_s_today_is_empty(world: builder.Summary, role: str) -> None:
    sign_in = next(sign_in for sign_in in sign_ins() if sign_in.role == role)
    user = User.objects.get(email=sign_in.email)
    first = Membership.objects.filter(user=user).order_by("pk").select_related("service")[0]
    assert (first.role, first.service.name, user.name) == (role, sign_in.service_name, sign_in.user_name)
    assert user.check_password(PASSWORD)
    client = Client()
    client.force_login(user)
    page = client.get("/")
    assert page.status_code == 200
    assert sum(len(group.rows) for group in page.context["groups"]) > 0


def test_somebody_works_for_two_services(world: builder.Summary) -> None:
    twice = Membership.objects.values("user").annotate(n=models.Count("pk")).filter(n__gt=1)
    assert [User.objects.get(pk=row["user"]).name for row in twice] == ["Dr Anjali Shah"]


@pytest.mark.django_db
def test_the_same_seed_and_day_make_the_same_world_and_another_seed_another() -> None:
    first, again, other = (dumped(seed) for seed in (5, 5, 6))
    assert {table for table, rows in first.items() if rows != again[table]} == set()
    assert first["people_record"] != other["people_record"]
    assert len(first["people_record"]) > FEWEST


def dumped(seed: int) -> dict[str, list[Any]]:
    """Every row of every table of a small world; nothing of it stays, and ids begin at 1 again."""
    every = [model for model in apps.get_models() if model.__module__.startswith("throughcare.")]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), every):
            cursor.execute(statement)
    with transaction.atomic():
        build(people=FEWEST, on=date(2027, 2, 4), seed=seed, progress=silent)
        rows = {
            model._meta.db_table: list(
                model._default_manager.order_by("pk").values_list(
                    *(field.attname for field in model._meta.concrete_fields if field.attname not in RANDOM)
                )
            )
            for model in every
        }
        transaction.set_rollback(True)
    return rows


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.django_db
def test_a_build_that_was_killed_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "AT_ONCE", 40)
    monkeypatch.setattr(builder, "IN_MEMORY", 10)

    def killed(done: int, total: int, doing: str) -> None:
        if done >= 60:
            raise Killed

    on = date(2027, 2, 4)
    with pytest.raises(Killed):
        build(people=120, on=on, seed=1, progress=killed)
    assert Person.objects.count() == 50
    with pytest.raises(Refused, match="--people 120 --on 2027-02-04 --seed 1"):
        build(people=120, on=on, seed=2, progress=silent)
    build(people=120, on=on, seed=1, progress=silent)
    assert Person.objects.count() == 120
    assert sum(Event.objects.filter(verb="demo.built").values_list("count", flat=True)) == 110
    assert Organisation.objects.filter(name="Riverside Recovery").count() == 1
    assert chain.verify().faults == ()


@pytest.mark.django_db
def test_people_who_are_there_are_never_touched() -> None:
    build(people=FEWEST, on=date(2027, 2, 4), seed=1, progress=silent)
    with pytest.raises(Refused, match="DM-101"):
        build(people=FEWEST, on=date(2027, 2, 4), seed=1, progress=silent)
    assert Person.objects.count() == FEWEST


@pytest.mark.parametrize(
    ("people", "year", "number"), [(99, 2027, "DM-103"), (1_000_001, 2027, "DM-103"), (400, 1999, "DM-104")]
)
def test_a_number_or_a_day_out_of_range_is_refused(people: int, year: int, number: str) -> None:
    with pytest.raises(Refused, match=number):
        build(people=people, on=date(year, 2, 4), seed=1, progress=silent)


@pytest.mark.django_db
def test_a_larger_world_has_further_services_and_no_list_grows_beyond_a_thousand_or_so() -> None:
    build(people=3000, on=date(2027, 2, 4), seed=1, progress=silent)
    assert lives.further_patches(3000) == 1
    known = Grant.objects.filter(service__name=RIVERSIDE, until=None).values("person").distinct().count()
    assert 800 < known < 1300
    further = Service.objects.get(name=lives.further_treatment_service(1))
    assert Grant.objects.filter(service=further, until=None).values("person").distinct().count() > 500
    assert CustodyStay.objects.values("site").distinct().count() == 2
    assert not User.objects.get(email="recovery-1.1@example.org").has_usable_password()
    connection.check_constraints()


@pytest.mark.django_db
def test_the_worker_carries_on_from_where_the_world_stands() -> None:
    on = date(2027, 2, 4)
    build(people=FEWEST, on=on, seed=1, progress=silent)
    assert Message.objects.filter(delivered_at=None).exists()
    evening = datetime(2027, 2, 4, 18, tzinfo=UTC)
    assert sweep(evening) > 0
    assert not Due.objects.filter(due_at__lte=evening, met_at=None, missed_at=None, replaced_at=None).exists()
