"""What an event changed of a case, value by value: kept, so that it can be undone exactly."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from throughcare.people.models import PersonEvent
from throughcare.processes.models import Case, Due, Effect, Strand

OF_A_CASE = ("paused_at", "closed_at", "ended_by")
_OF_A_STRAND = ("state", "since")
_OF_A_DUE = ("due_at", "verified", "met_at", "paused_at", "replaced_at")


def state_of(case: Case) -> dict[str, Any]:
    """Every value of a case that an event may change."""
    return {
        "case": _values(case, OF_A_CASE),
        "strands": {str(s.pk): _values(s, _OF_A_STRAND) for s in Strand.objects.filter(case=case)},
        "dues": {str(d.pk): _values(d, _OF_A_DUE) for d in Due.objects.filter(case=case)},
    }


def _values(row: Any, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}


def keep_effect(event: PersonEvent, case: Case, before: Mapping[str, Any], *, always: bool = False) -> None:
    """Keep what changed since `before`; where nothing did, only with `always`: that the event reached the case."""
    after = state_of(case)
    changes = {
        "case": _differences(before["case"], after["case"]),
        "strands": _all_differences(before["strands"], after["strands"]),
        "dues": _all_differences(before["dues"], after["dues"]),
        "started": [pk for pk in after["dues"] if pk not in before["dues"]],
        "opened": [pk for pk in after["strands"] if pk not in before["strands"]],
    }
    if always or any(changes.values()):
        Effect(event=event, case=case, changes=changes).save()


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [before[name], after[name]] for name in before if before[name] != after[name]}


def _all_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    found = {pk: _differences(before[pk], after[pk]) for pk in before}
    return {pk: changed for pk, changed in found.items() if changed}


def put_back(case: Case, changes: Mapping[str, Any], at: datetime) -> None:
    """Each value that still is as the event left it becomes what it was; what somebody changed since stays."""
    _restore(Case.objects.get(pk=case.pk), changes["case"])
    for pk, changed in changes["strands"].items():
        _restore(Strand.objects.get(pk=pk), changed)
    for pk, changed in changes["dues"].items():
        _restore(Due.objects.get(pk=pk), changed)
    Due.objects.filter(pk__in=changes["started"], met_at=None, replaced_at=None).update(replaced_at=at)
    Strand.objects.filter(pk__in=changes["opened"]).delete()


def _restore(row: Any, changed: Mapping[str, list[Any]]) -> None:
    now = _values(row, changed)
    back = {name: before for name, (before, after) in changed.items() if now[name] == after}
    for name, value in back.items():
        moment = parse_datetime(value) if isinstance(value, str) and name.endswith(("_at", "since")) else None
        setattr(row, name, moment or value)
    if back:
        row.save(update_fields=list(back))
