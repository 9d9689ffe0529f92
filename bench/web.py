"""`./run bench web`: how long pages take, with eight people at work at once on 20,000 people."""

import json
import math
from dataclasses import dataclass
from typing import Any

from bench import product
from bench.product import Product
from bench.readings import READINGS, TODAY_OF
from bench.web_clients import CREATED, PAGES, PEOPLE, RECORD, TODAY, WARM_UP

CLIENTS = (
    "Samuel Okoro",
    "Beth Hargreaves",
    "Tomasz Zieliński",
    "Yasmin Qureshi",
    "Dr Anjali Shah",
    "Grace Mbeki",
    "Lee Sutcliffe",
    "Renáta Horváth",
)
"""Five of the treatment service that most people come to, and three of the prison: the largest caseloads there are."""
BARS = {RECORD: 0.12, PEOPLE: 0.15, TODAY: 0.20, CREATED: 0.20} | {f"today, {role}": 0.20 for role in TODAY_OF}
"""Seconds within which 95 of 100 answers come."""
SETTING = {
    "clients": len(CLIENTS),
    "web_workers": product.WEB_WORKERS,
    "web_threads": product.WEB_THREADS,
    "warm_up": WARM_UP,
}
CAUGHT_UP_WITHIN = 120  # seconds: the worker's first sweep of a new world


@dataclass(frozen=True)
class Figures:
    """One page on one database. p50, p95, p99 in seconds; cpu: milliseconds of the web processes for each request.

    bar: what p95 is held to, None for the floor that the others stand on.
    """

    page: str
    requests: int
    per_second: float
    p50: float
    p95: float
    p99: float
    cpu: float
    statements: int
    errors: dict[str, int]
    bar: float | None

    @property
    def met(self) -> bool | None:
        return None if self.bar is None else not self.errors and self.p95 <= self.bar


def measure(running: Product, seconds: float, seed: int) -> list[Figures]:
    """Let the clients ask for each page in turn."""
    from throughcare.demo.area import PASSWORD, email_of

    emails = [email_of(name) for name in CLIENTS]
    staff = {name: email_of(name) for reading in READINGS for name in reading.readers}
    running.asked("-m", "bench.prepare")
    statements = json.loads(running.asked("-m", "bench.database", "statements", emails[0]))
    product.until(lambda: _caught_up(running), "the worker's first sweep", CAUGHT_UP_WITHIN)
    told = {"port": running.port, "emails": emails, "staff": staff, "password": PASSWORD}
    measured, first, before = [], {}, 0.0
    with product.clients("bench.web_clients") as clients:
        assert clients.stdin
        assert clients.stdout
        clients.stdin.write(json.dumps(told | {"seconds": seconds, "seed": seed}) + "\n")
        clients.stdin.flush()
        for line in clients.stdout:
            said = json.loads(line)
            if "first" in said:
                first[said["page"]] = said["first"]
            elif "begins" in said:
                before = _web_cpu(running)
            else:
                measured.append((said, _web_cpu(running) - before))
    if len(measured) < len(PAGES) + len(READINGS):
        raise RuntimeError("the clients ended early: their own words are above")
    opened = [(reading.name, staff[reading.readers[0]], first[reading.name]) for reading in READINGS]
    statements |= json.loads(running.asked("-m", "bench.database", "opened", json.dumps(opened)))
    return [_figures(said, cpu, statements[said["page"]]) for said, cpu in measured]


def _figures(said: dict[str, Any], cpu: float, statements: int) -> Figures:
    times = sorted(said["times"])
    return Figures(
        page=said["page"],
        requests=len(times),
        per_second=len(times) / said["seconds"],
        p50=_within(times, 0.50),
        p95=_within(times, 0.95),
        p99=_within(times, 0.99),
        cpu=cpu * 1000 / max(1, len(times)),
        statements=statements,
        errors=said["errors"],
        bar=BARS.get(said["page"]),
    )


def _within(ordered: list[float], share: float) -> float:
    """The time within which that share of the answers came; infinite when none did."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.inf


def _web_cpu(running: Product) -> float:
    family = product.family(running.supervisor.pid)
    return sum(one.cpu for one in (*family.web_masters, *family.web_workers))


def _caught_up(running: Product) -> bool:
    """Has the worker swept the deadlines of the new world, and delivered the messages that waited in it?"""
    health = running.health()
    return health["last_sweep_seconds_ago"] is not None and health["oldest_message_seconds"] is None
