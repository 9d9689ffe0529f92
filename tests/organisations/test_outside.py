"""A service without accounts is entered at the command line, with the mailbox that its answer links go to."""

import pytest
from typer.testing import CliRunner

from throughcare.organisations.models import Service
from throughcare.organisations.outside import app
from throughcare.web.faults import Refused

pytestmark = pytest.mark.django_db

WORDS = [
    *("--organisation", "Somewhere Practice", "--service", "Duty desk", "--kind", "general practice"),
    *("--telephone", "01632 960001"),
]


def test_it_takes_hand_overs_and_has_its_mailbox_and_nobody_in_it() -> None:
    said = CliRunner().invoke(app, [*WORDS, "--mailbox", "duty@somewhere.example.org"], catch_exceptions=False)
    assert said.exit_code == 0
    assert "answers by link to duty@somewhere.example.org" in said.output
    service = Service.objects.get(name="Duty desk")
    assert (service.mailbox, service.takes_hand_overs) == ("duty@somewhere.example.org", True)
    with pytest.raises(Refused, match="OR-111"):
        CliRunner().invoke(app, [*WORDS, "--mailbox", "duty@somewhere.example.org"], catch_exceptions=False)


def test_what_is_no_mailbox_is_refused_and_nothing_is_entered() -> None:
    with pytest.raises(Refused, match="OR-110"):
        CliRunner().invoke(app, [*WORDS, "--mailbox", "duty desk"], catch_exceptions=False)
    assert not Service.objects.filter(name="Duty desk").exists()
