"""A life written in bulk is the life that the real actions would have written, column by column."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.db import models, transaction

from throughcare.demo import area, bulk
from throughcare.demo.bulk import COLUMNS, Rows
from throughcare.demo.lives import PLOTS, Life, life_of, patches_of
from throughcare.demo.moments import Days, moment
from throughcare.demo.stories import work_until
from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM
from throughcare.handovers.actions import cover, custody, sheet
from throughcare.handovers.actions import hand_over as hand_overs
from throughcare.handovers.actions import release as releases
from throughcare.handovers.actions.hand_over import Draft
from throughcare.handovers.actions.sheet import Provenance
from throughcare.handovers.models import CustodyStay
from throughcare.organisations.models import Service, Site
from throughcare.people import actions as people
from throughcare.people.models import Record
from throughcare.processes import actions as engine

DAYS = Days(date(2028, 3, 15))
LIVES = 150
OF_A_LIFE = list(COLUMNS)[7:]


def test_every_column_of_every_table_is_written() -> None:
    for model, columns in COLUMNS.items():
        assert set(columns.split()) == {field.column for field in model._meta.concrete_fields}


@pytest.mark.django_db
def test_a_life_told_through_the_real_actions_is_the_same_as_one_written_in_bulk() -> None:
    begun = moment(date(2026, 1, 5), 9)
    with acting(SYSTEM, begun):
        area.enter(begun)
        rows = Rows()
        bulk.add_further_patches(rows, 1, begun)
        rows.finish()
    patches = patches_of(area.staffed())
    told = [life_of(number, 7, DAYS, patches) for number in range(LIVES)]
    for number, life in enumerate(told):
        real = rolled_back(told_for_real, life)
        assert rolled_back(written_in_bulk, life) == real, f"life {number}"
        assert bool(real["handovers_handover"]) == (life.referral is not None)
        assert bool(real["handovers_release"]) == (life.stay is not None)
        assert bool(real["handovers_sheet"]) == (life.sheet is not None)
        assert bool(real["handovers_prescribingcover"]) == (life.prescribed is not None)
        assert len(real["handovers_readiness"]) == len(life.prepared)
    verbs = {act.verb for life in told if life.referral for act in life.referral.acts}
    assert verbs >= {"send", "accept", "decline", "reroute", "withdraw", "ask_question", "record_contact"}
    assert len(PLOTS) < LIVES
    assert {life.by.role for life in told if life.sheet} >= {"keyworker", "prison_drug_worker"}
    assert {life.prescribed.cover.has_gap for life in told if life.prescribed} == {True, False}
    assert {life.stay.legal_status for life in told if life.stay and life.prepared} == {"remand", "not_known"}


def told_for_real(life: Life) -> None:
    record = people.register(by=life.by, at=life.opened_at, identity=life.identity, made_up=True)
    stay = None
    if life.stay:
        site = Site.objects.get(pk=life.stay.held.id)
        since, status = life.stay.since, life.stay.legal_status
        stay = custody.receive(by=life.by, at=since, record=record, site=site, since=since, legal_status=status)
        releases.date_known(by=life.by, at=since, stay=stay, release_date=life.stay.release_date)
    written_down_for_real(life, record, stay)
    if not life.referral:
        work_until(DAYS.told, life.readers)
        return
    referral = life.referral
    draft = Draft(
        receiver=Service.objects.get(pk=referral.receiver),
        reason=referral.reason,
        asked=referral.asked,
        basis="direct_care",
        safe_contact=life.identity.safe_contact,
        opioid_agonist_medicine=referral.opioid_agonist_medicine,
        urgent=referral.urgent,
    )
    hand_over = hand_overs.draft(by=referral.by, at=referral.at, record=record, draft=draft)
    for act in referral.acts:
        if stay and life.stay and life.stay.until and stay.until is None and life.stay.until <= act.at:
            left_for_real(life, stay, life.stay.until)
        work_until(act.at, life.readers)
        engine.take(by=act.by, at=act.at, case=hand_over.case_id, verb=act.verb, facts=act.facts)
    if stay and life.stay and life.stay.until and stay.until is None:
        left_for_real(life, stay, life.stay.until)
    work_until(DAYS.told, life.readers)


def written_down_for_real(life: Life, record: Record, stay: CustodyStay | None) -> None:
    """Without asking the disclosure table, because some lives are older than it."""
    if told := life.sheet:
        where = Provenance(told.at, told.source, told.confirmed_by)
        sheet.write_down(by=told.by, at=told.at, record=record, answers=told.values, where=where)
    if said := life.prescribed:
        cover.name_prescriber(by=said.by, at=said.at, record=record, cover=said.cover, telephone=said.telephone)
    for one in life.prepared:
        assert stay is not None
        release = releases.release_of(stay)
        releases.ready(by=one.by, at=one.at, release=release, code=one.code, state=one.state)


def left_for_real(life: Life, stay: CustodyStay, until: datetime) -> None:
    work_until(until, life.readers)
    releases.left(by=life.by, at=until, stay=stay, until=until)
    stay.refresh_from_db()


def written_in_bulk(life: Life) -> None:
    with acting(SYSTEM, DAYS.told):
        rows = Rows()
        bulk.write(rows, life, DAYS.told)
        rows.finish()
        say("demo.built", by=SYSTEM, at=DAYS.told)


def rolled_back(tell: Callable[[Life], None], life: Life) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that telling the life adds, with ids counted from 1 in each table; nothing of it stays."""
    with transaction.atomic():
        tell(life)
        rows = {model: list(model._default_manager.order_by("pk").values()) for model in OF_A_LIFE}
        transaction.set_rollback(True)
    ids = {
        model: {row[model._meta.pk.attname]: n for n, row in enumerate(found, 1)}  # type: ignore[union-attr]
        for model, found in rows.items()
    }
    return {
        model._meta.db_table: sorted((plain(model, row, ids) for row in found), key=repr)
        for model, found in rows.items()
    }


def plain(model: type[models.Model], row: dict[str, Any], ids: dict[type[models.Model], dict[int, int]]) -> Any:
    named = {"record": "Record", "case": "Case", "stay": "CustodyStay", "person": "Person"}
    by_name = {word: ids[kind] for word, name in named.items() for kind in ids if kind.__name__ == name}

    def renumbered(match: re.Match[str]) -> str:
        return f"{match[1]} {by_name[match[1]][int(match[2])]}"

    values: list[Any] = []
    for field in model._meta.concrete_fields:
        value = row[field.attname]
        if field.primary_key and field.remote_field is None:
            continue
        if field.remote_field is not None and field.remote_field.model in ids and value is not None:
            value = ids[field.remote_field.model][value]
        elif field.name in ("case", "record") and isinstance(value, int):
            value = by_name[field.name][value]
        elif isinstance(value, str):
            value = re.sub(r"\b(record|case|stay) (\d+)", renumbered, value)
        elif isinstance(value, dict):
            value = {k: by_name["person"][v] if k == "person" else v for k, v in sorted(value.items())}
        values.append((field.name, value))
    return tuple(values)
