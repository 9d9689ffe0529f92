"""A form for somebody new, sent twice at the same moment."""

from typing import Any

import pytest
import worlds

from throughcare.events.models import Event
from throughcare.people.models import Record


@pytest.mark.load
@pytest.mark.parametrize("checked", [{}, {"checked": "yes"}])
def test_one_form_sent_twice_at_the_same_moment_opens_one_record(fresh_database: Any, checked: dict[str, str]) -> None:
    keyworker = worlds.worker("keyworker")
    clients = [worlds.signed_in(keyworker) for _ in "12"]
    form = {"key": "one-form", "family_name": "Adeyemi", **checked}
    answers = worlds.at_once(*[lambda client=client: client.post("/people/new/", form) for client in clients])
    record = Record.objects.get()
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, f"/people/{record.person_id}/")] * 2
    assert Event.objects.filter(verb="record.opened").count() == 1
