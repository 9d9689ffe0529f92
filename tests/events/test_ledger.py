"""Rows that are only added: what the migrations promise, the database itself refuses."""

from collections.abc import Callable
from inspect import getclosurevars
from typing import Any

import pytest
import worlds
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython

from throughcare.events.models import Event, EventDetail
from throughcare.handovers.actions import question
from throughcare.handovers.actions import release as releases
from throughcare.processes import universal

pytestmark = pytest.mark.django_db


def promised() -> list[dict[str, Any]]:
    """What each `add_only(...)` of every migration was told: table, settable, removable."""
    found = []
    for (_, _), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        for operation in migration.operations:
            if isinstance(operation, RunPython) and operation.code.__qualname__.startswith("add_only."):
                found.append(dict(getclosurevars(operation.code).nonlocals))
    return found


def test_every_table_that_a_migration_promises_to_keep_has_its_triggers_and_there_are_no_others() -> None:
    expected = {f"{one['table']}_no_update" for one in promised()}
    expected |= {f"{one['table']}_no_delete" for one in promised() if not one["removable"]}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            expected |= {f"{one['table']}_no_truncate" for one in promised() if not one["removable"]}
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        assert {name for (name,) in cursor.fetchall()} == expected


def test_the_tables_that_are_only_added_to_are_these() -> None:
    """A table taken off this list has lost a promise."""
    assert {one["table"]: (one["settable"], one["removable"]) for one in promised()} == {
        "events_event": ((), False),
        "events_eventdetail": ((), True),
        "handovers_callertold": ((), False),
        "handovers_readiness": ((), False),
        "organisations_membership": (("until",), False),
        "people_link": ((), False),
        "people_personevent": (("ended_by_id", "undone_by_id"), False),
        "processes_steptaken": ((), False),
        "sharing_grant": (("until", "withdrawn_at"), False),
        "sharing_look": (("seal",), False),
    }


REFUSED = {
    "an event": ("events_event", "seq", {"verb": "forged"}),
    "an event's hash": ("events_event", "seq", {"hash": "f"}),
    "an event's number": ("events_event", "seq", {"seq": 99}),
    "an event that names nobody": ("events_event", "seq", {"person": 7}),
    "an event's detail": ("events_eventdetail", "event", {"body": "forged"}),
    "a membership's role": ("organisations_membership", "id", {"role": "clinician"}),
    "a membership's user": ("organisations_membership", "id", {"user_id": 99}),
    "a grant's person": ("sharing_grant", "id", {"person_id": 99}),
    "a grant's beginning": ("sharing_grant", "id", {"since": "2020-01-01 00:00:00+00"}),
    "the pointer's history": ("people_link", "id", {"reason": "forged"}),
    "what was said to be ready": ("handovers_readiness", "id", {"state": "ready"}),
    "what a caller was told": ("handovers_callertold", "id", {"caller": "gp"}),
    "what was reported of a person": ("people_personevent", "id", {"kind": "moved_area"}),
    "a step's facts": ("processes_steptaken", "id", {"facts": "{}"}),
    "a look's reader": ("sharing_look", "id", {"user": 99}),
}


@pytest.fixture
def rows() -> None:
    """At least one row in every table that is only added to."""
    keyworker, other = worlds.worker(), worlds.service()
    record = worlds.person(keyworker)
    worlds.sent(keyworker, record, other)
    worlds.signed_in(keyworker).get(f"/people/{record.person_id}/")
    release = worlds.held(record, site := worlds.site()).releases.get()
    prison = worlds.worker("prison_drug_worker", worlds.service(sites=[site]))
    releases.ready(by=prison, at=worlds.BEGAN, release=release, code="naloxone", state="missing")
    question.told_caller(
        by=keyworker, at=worlds.BEGAN, record=record, caller="hospital", name="Sr Okafor", number="0113", told=["dose"]
    )
    facts = {"date_of_death": "2026-11-22", "source_of_fact": "Told by his sister"}
    universal.happened(by=keyworker, at=worlds.BEGAN, record=record, event="died", facts=facts)


def refused(sql: str, values: list[Any]) -> None:
    with pytest.raises(DatabaseError, match="rows are only added"), transaction.atomic():
        connection.cursor().execute(sql, values)


@pytest.mark.parametrize("case", REFUSED)
def test_the_database_refuses_to_change(rows: None, case: str) -> None:
    table, key, values = REFUSED[case]
    [(column, value)] = values.items()
    one = f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1"
    refused(f'UPDATE {table} SET "{column}" = %s WHERE {key} = ({one})', [value])


@pytest.mark.parametrize("table", [one["table"] for one in promised() if not one["removable"]])
def test_the_database_refuses_to_remove(rows: None, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0, "there is nothing to remove"
    refused(f"DELETE FROM {table}", [])


@pytest.mark.parametrize("table", [one["table"] for one in promised() if not one["removable"]])
def test_the_database_refuses_to_empty_a_table_at_once(rows: None, table: str) -> None:
    """PostgreSQL's TRUNCATE passes by triggers on rows; SQLite has only DELETE."""
    connection.check_constraints()  # or PostgreSQL refuses for another reason: checks that wait for the commit
    refused(f"TRUNCATE {table} CASCADE" if connection.vendor == "postgresql" else f"DELETE FROM {table}", [])


@pytest.mark.parametrize(
    ("table", "column", "first", "second"),
    [
        ("organisations_membership", "until", "2027-01-01 00:00:00+00", "2028-01-01 00:00:00+00"),
        ("sharing_grant", "until", "2027-01-01 00:00:00+00", "2028-01-01 00:00:00+00"),
        ("sharing_grant", "withdrawn_at", "2027-01-01 00:00:00+00", "2028-01-01 00:00:00+00"),
        ("sharing_look", "seal", 1, 2),
    ],
)
def test_an_end_is_filled_in_once_and_never_changed_or_taken_back(
    rows: None, table: str, column: str, first: Any, second: Any
) -> None:
    update = f"UPDATE {table} SET {column} = %s WHERE id = (SELECT min(id) FROM {table})"
    with connection.cursor() as cursor:
        cursor.execute(update, [first])
    refused(update, [second])
    refused(update, [None])


def test_the_detail_of_an_event_can_be_removed_and_its_event_stays(rows: None) -> None:
    events = Event.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_eventdetail")
    assert not EventDetail.objects.exists()
    assert Event.objects.count() == events


def test_a_bulk_write_that_would_change_an_event_is_refused_by_the_database(rows: None) -> None:
    event = Event.objects.earliest("seq")
    event.verb = "forged"
    writes: list[Callable[[], Any]] = [
        event.save,
        lambda: Event.objects.update(verb="forged"),
        lambda: Event.objects.bulk_update([event], ["verb"]),
        lambda: Event.objects.bulk_create(
            [event], update_conflicts=True, update_fields=["verb"], unique_fields=["seq"]
        ),
        lambda: Event.objects.all().delete(),
        event.delete,
    ]
    for write in writes:
        with pytest.raises(DatabaseError, match="rows are only added"), transaction.atomic():
            write()
