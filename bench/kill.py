"""`./run bench kill`: `kill -9` at random moments while hand-overs are written; nothing that was answered is lost."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from bench import product
from bench.product import Family, Process, Product

WEB_MASTER, WEB_WORKER, WORKER = KINDS = ("web master", "web worker", "worker")
CLIENTS = ("Samuel Okoro", "Beth Hargreaves", "Grace Mbeki", "Lee Sutcliffe")
CALM = (0.05, 0.8)  # seconds between a recovery and the next kill, at least and at most
BACK_WITHIN = 60  # seconds
DELIVERED_WITHIN = 120  # seconds


@dataclass(frozen=True)
class Result:
    """What was done, and what is stored afterwards.

    killed, back:   by kind: processes killed, and those that others stand in for since.
    longest:        seconds until another stood in its place and the sign-in page answered, at worst.
    interrupted:    requests whose answer broke off; each was sent again.
    stored_unasked: steps that are stored though no answer to them was received in the end.
    messages:       of the hand-overs written; once, again, never: how often each was delivered.
    verify:         what `./run events verify` said last, with its exit code.
    """

    killed: dict[str, int]
    back: dict[str, int]
    longest: float
    interrupted: int
    failed: list[str]
    acknowledged: int
    found: int
    lost: list[list[Any]]
    stored_unasked: int
    messages: int
    messages_once: int
    messages_again: int
    messages_never: int
    verify: str
    verify_code: int

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, every message delivered once, the chain whole, and everything came back."""
        return (
            self.found == self.acknowledged > 0
            and not self.failed
            and not self.stored_unasked
            and self.messages_once == self.messages
            and self.verify_code == 0
            and self.killed == self.back
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"good": self.good}


def run(running: Product, kills: int, seed: int) -> Result:
    """Kill so many processes of the running product, then stop it and look for every step that was acknowledged."""
    from throughcare.demo.area import PASSWORD, email_of

    file = running.data / "acknowledged"
    told = {
        "port": running.port,
        "emails": [email_of(name) for name in CLIENTS],
        "password": PASSWORD,
        "file": str(file),
        "seed": seed,
    }
    with product.clients("bench.kill_clients") as clients:
        assert clients.stdin
        assert clients.stdout
        clients.stdin.write(json.dumps(told) + "\n")
        clients.stdin.flush()
        if not clients.stdout.readline():
            raise RuntimeError("the clients could not begin: their own words are above")
        killed, back, longest = _kill_all(running, kills, random.Random(seed))
        clients.stdin.close()
        did = json.loads(clients.stdout.readline())
    product.until(lambda: running.health()["oldest_message_seconds"] is None, "delivery", DELIVERED_WITHIN)
    product.stop(running)
    looked_up = json.loads(running.asked("-m", "bench.database", "found", str(file)))
    verified = subprocess.run(
        [*product.COMMAND, "events", "verify"], env=running.environment, capture_output=True, text=True
    )
    return Result(
        killed=dict(killed),
        back=dict(back),
        longest=longest,
        interrupted=did.get("interrupted", 0),
        failed=did["failed"],
        verify=verified.stdout.strip(),
        verify_code=verified.returncode,
        **looked_up,
    )


def _kill_all(running: Product, kills: int, dice: random.Random) -> tuple[Counter[str], Counter[str], float]:
    killed: Counter[str] = Counter()
    back: Counter[str] = Counter()
    longest = 0.0
    for number in range(kills):
        if number % len(KINDS) == 0:
            turns = dice.sample(KINDS, len(KINDS))
        kind = turns[number % len(KINDS)]
        time.sleep(dice.uniform(*CALM))  # the random moment
        victim = _kill(running, kind, dice)
        begun = time.monotonic()
        killed[kind] += 1
        product.until(partial(_is_back, running, kind, victim), f"another {kind}", BACK_WITHIN)
        product.until(running.answers, "the sign-in page", BACK_WITHIN)
        longest = max(longest, time.monotonic() - begun)
        back[kind] += 1
    return killed, back, longest


def _kill(running: Product, kind: str, dice: random.Random) -> int:
    """Kill one process of the kind and return its number. Nothing but the product's own is ever killed.

    A process is held by its handle before it is looked up again, so its number cannot have passed to another.
    """
    victim = dice.choice(product.until(lambda: _of(_family(running), kind), kind, BACK_WITHIN)).pid
    handle = os.pidfd_open(victim)
    try:
        if victim not in {one.pid for one in _of(_family(running), kind)}:
            raise RuntimeError(f"the {kind} {victim} ended by itself")
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)
    return victim


def _is_back(running: Product, kind: str, victim: int) -> bool:
    """Does another stand in its place, and all web workers with it?"""
    family = _family(running)
    return (
        victim not in {one.pid for one in _of(family, kind)}
        and len(family.web_masters) == len(family.workers) == 1
        and len(family.web_workers) == product.WEB_WORKERS
    )


def _family(running: Product) -> Family:
    return product.family(running.supervisor.pid)


def _of(family: Family, kind: str) -> tuple[Process, ...]:
    return {WEB_MASTER: family.web_masters, WEB_WORKER: family.web_workers, WORKER: family.workers}[kind]
