"""What is asked of the measured database itself, in a process with the product's settings: `python -m bench.database`.

statements: how many statements each page sends, as JSON.
opened PAGES: the same of pages with the e-mail address of a reader and their own address, as JSON.
found FILE: which of the acknowledged steps in FILE are stored, each with its event; and how often messages arrived.
"""

import json
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from django.contrib.auth.backends import ModelBackend  # noqa: E402 (Django must be set up first)
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.web_clients import CREATED, FLOOR, PEOPLE, RECORD, TODAY  # noqa: E402
from throughcare.accounts.models import User  # noqa: E402
from throughcare.events.models import Event  # noqa: E402
from throughcare.messages import outbox  # noqa: E402
from throughcare.messages.models import Message  # noqa: E402
from throughcare.organisations.models import Service  # noqa: E402
from throughcare.people.models import Record  # noqa: E402
from throughcare.processes.models import StepTaken  # noqa: E402


def statements(email: str) -> dict[str, int]:
    """How many statements each page sends when that user opens it for the first time; BEGIN and COMMIT count too."""
    browser = Client(SERVER_NAME="localhost")
    sent: dict[str, int] = {}

    def count(page: str, ask: Callable[[], Any]) -> Any:
        with CaptureQueriesContext(connection) as captured:
            answer = ask()
        sent[page] = len(captured)
        return answer

    count(FLOOR, lambda: browser.get("/sign-in/"))
    user = sign_in(browser, email)
    count(PEOPLE, lambda: browser.get("/people/"))
    own = user.memberships.order_by("pk")[0].service_id
    person = Record.objects.filter(service=own).order_by("pk")[0].person_id
    count(RECORD, lambda: browser.get(f"/people/{person}/"))
    count(TODAY, lambda: browser.get("/"))
    receiver = Service.objects.filter(takes_hand_overs=True).exclude(pk=own).order_by("pk")[0]
    form = {"receiver": receiver.pk, "reason": "Counting statements.", "key": uuid.uuid4().hex}
    count(CREATED, lambda: browser.post(f"/people/{person}/hand-over/", form))
    return sent


def sign_in(browser: Client, email: str) -> User:
    user = User.objects.get(email=email)
    browser.force_login(user, backend=f"{ModelBackend.__module__}.{ModelBackend.__qualname__}")
    return user


def opened(pages: list[tuple[str, str, str]]) -> dict[str, int]:
    """How many statements each page sends to its reader."""
    sent = {}
    for page, email, address in pages:
        browser = Client(SERVER_NAME="localhost")
        sign_in(browser, email)
        with CaptureQueriesContext(connection) as captured:
            browser.get(address)
        sent[page] = len(captured)
    return sent


def found(file: Path) -> dict[str, object]:
    """Look up each acknowledged step by its case, verb and form number, with its event in the chain."""
    acknowledged = [json.loads(line) for line in file.read_text().splitlines()]
    steps = set(StepTaken.objects.exclude(key=None).values_list("case_id", "verb", "key"))
    events = Counter(Event.objects.filter(verb__in=("hand_over.draft", "hand_over.send")).values_list("case", "verb"))
    answered = {(one["case"], one["verb"], one["key"]) for one in acknowledged}
    lost = sorted(
        (case, verb)
        for case, verb, key in answered
        if (case, verb, key) not in steps or events[case, f"hand_over.{verb}"] != 1
    )
    told = Counter(Event.objects.filter(verb=outbox.DELIVERED).values_list("subject", flat=True))
    messages = Message.objects.filter(case__in={one["case"] for one in acknowledged}).values_list("pk", flat=True)
    arrived = Counter(told[f"message {pk}"] for pk in messages)
    return {
        "acknowledged": len(answered),
        "found": len(answered) - len(lost),
        "lost": lost,
        "stored_unasked": len(steps - answered),
        "messages": sum(arrived.values()),
        "messages_once": arrived[1],
        "messages_never": arrived[0],
        "messages_again": sum(count for times, count in arrived.items() if times > 1),
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["statements", email]:
            print(json.dumps(statements(email)))
        case ["opened", pages]:
            print(json.dumps(opened(json.loads(pages))))
        case ["found", name]:
            print(json.dumps(found(Path(name))))
        case _:
            sys.exit(__doc__)
