"""Two requests from one form at the same moment, with real commits."""

from typing import Any

import pytest
import worlds
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone

from throughcare.events.actor import SYSTEM
from throughcare.handovers.models import Knock, PublicRequest
from throughcare.organisations import actions as organisations
from throughcare.people.models import Record

LEEDS = "E08000035"


@pytest.mark.load
def test_a_button_pressed_twice_at_the_same_moment_makes_one_request(fresh_database: Any) -> None:
    team = worlds.service("Aire Recovery", areas=[LEEDS])
    organisations.name_front_door(by=SYSTEM, at=worlds.BEGAN, service=team, area=LEEDS)
    opened = int(timezone.now().timestamp()) - 60
    form = {
        "area": LEEDS,
        "for_whom": "self",
        "name": "Sam",
        "telephone": "07700 900123",
        "message": "named",
        "key": Signer(salt="throughcare.public-form").sign(f"{'a' * 32}.{opened}"),
    }
    first, second = worlds.at_once(*[lambda: Client().post("/help-for-me/", form)] * 2)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.headers["Location"] == second.headers["Location"]
    assert PublicRequest.objects.count() == Record.objects.count() == Knock.objects.count() == 1
