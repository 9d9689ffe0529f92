"""The eight clients of `./run bench web`, a process of their own, so that the server does not share a Python with them.

Told what to do by one line of JSON on standard input; says one line of JSON when each page begins and ends.
"""

import itertools
import json
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.browser import Browser, Fields, of_their_own

WARM_UP = 0.2  # of the measured time, before it
RECORD, PEOPLE, TODAY, CREATED, FLOOR = "record", "list", "today", "hand-over created", "sign-in page"


@dataclass
class Client:
    """Somebody at work: signed in, with a caseload that was read through the pages, taken in an order of their own."""

    signed_in: Browser
    stranger: Browser
    people: Iterator[str]
    pages: Iterator[str]
    form: Fields

    def sign_in_page(self) -> int:
        return self.stranger.get("/sign-in/").status

    def record(self) -> int:
        return self.signed_in.get(f"/people/{next(self.people)}/").status

    def list_of_people(self) -> int:
        return self.signed_in.get(f"/people/{next(self.pages)}").status

    def today(self) -> int:
        return self.signed_in.get("/").status

    def hand_over(self) -> int:
        """Post the form of a new hand-over about the next person; made out once, with a number of its own each time."""
        made_out = self.form | {"key": uuid.uuid4().hex}
        return self.signed_in.post(f"/people/{next(self.people)}/hand-over/", made_out).status

    def open_again(self) -> None:
        """Close both connections: what was kept open while others were waited for may be closed by the server."""
        self.signed_in.close()
        self.stranger.close()


PAGES: tuple[tuple[str, Callable[[Client], int], int], ...] = (
    (FLOOR, Client.sign_in_page, 200),
    (RECORD, Client.record, 200),
    (PEOPLE, Client.list_of_people, 200),
    (TODAY, Client.today, 200),
    (CREATED, Client.hand_over, 302),
)
"""Each page: its name, how it is asked for, and the status of a good answer."""


@dataclass
class Measured:
    """What one client saw: seconds of each good answer, and how often what else came instead."""

    times: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def arrive(port: int, email: str, password: str, order: random.Random) -> Client:
    """Sign in, read the caseload page by page, and make out a hand-over form."""
    browser = Browser(port)
    browser.sign_in(email, password)
    read, pages = [], [""]
    while True:
        read.append(browser.get(f"/people/{pages[-1]}"))
        following = next((link for link in read[-1].links() if link.startswith("?after=")), "")
        if not following or following in pages:
            break
        pages.append(following)
    people = of_their_own(read)
    if len(people) < 2:
        raise RuntimeError(f"{email} has no caseload: {len(people)} people")
    order.shuffle(people)
    order.shuffle(pages)
    form = browser.get(f"/people/{people[0]}/hand-over/").fields() | {
        "reason": "Measuring how long it takes to keep a draft.",
        "asked": "A first appointment.",
    }
    return Client(browser, Browser(port), itertools.cycle(people), itertools.cycle(pages), form)


def ask(client: Client, page: Callable[[Client], int], good: int, seen: Measured, until: float) -> None:
    """One client asks for a page, waits for the answer, and asks again at once."""
    while (begun := time.perf_counter()) < until:
        try:
            status = page(client)
        except ConnectionError as broken:
            seen.errors[str(broken)] += 1
            continue
        if status == good:
            seen.times.append(time.perf_counter() - begun)
        else:
            seen.errors[f"status {status}"] += 1


def all_ask(clients: list[Client], page: Callable[[Client], int], good: int, seconds: float) -> tuple[float, Measured]:
    """All clients at once for so many seconds. Returns how long it took, and what they saw."""
    seen = [Measured() for _ in clients]
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=ask, args=(client, page, good, own, begun + seconds))
        for client, own in zip(clients, seen, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    together = Measured([t for own in seen for t in own.times], sum((own.errors for own in seen), Counter()))
    return took, together


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


def main() -> None:
    told = json.loads(sys.stdin.readline())
    order = random.Random(told["seed"])
    clients = [arrive(told["port"], email, told["password"], order) for email in told["emails"]]
    for name, page, good in PAGES:
        for client in clients:
            client.open_again()
        all_ask(clients, page, good, told["seconds"] * WARM_UP)
        say(page=name, begins=True)
        took, seen = all_ask(clients, page, good, told["seconds"])
        say(page=name, seconds=took, times=seen.times, errors=seen.errors)


if __name__ == "__main__":
    main()
