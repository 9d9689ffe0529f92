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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.browser import Browser, Fields, of_their_own
from bench.readings import READINGS, Reading

WARM_UP = 0.2  # of the measured time, before it
AT_ONCE = 8
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


def ask(page: Callable[[], int], good: int, seen: Measured, until: float) -> None:
    """One client asks for a page, waits for the answer, and asks again at once."""
    while (begun := time.perf_counter()) < until:
        try:
            status = page()
        except ConnectionError as broken:
            seen.errors[str(broken)] += 1
            continue
        if status == good:
            seen.times.append(time.perf_counter() - begun)
        else:
            seen.errors[f"status {status}"] += 1


def all_ask(pages: Sequence[Callable[[], int]], good: int, seconds: float) -> tuple[float, Measured]:
    """All clients at once for so many seconds, each for its page. Returns how long it took, and what they saw."""
    seen = [Measured() for _ in pages]
    begun = time.perf_counter()
    threads = [
        threading.Thread(target=ask, args=(page, good, own, begun + seconds))
        for page, own in zip(pages, seen, strict=True)
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


def measured(name: str, pages: Sequence[Callable[[], int]], good: int, seconds: float) -> None:
    """Warm up, ask for the pages, and say what was seen."""
    all_ask(pages, good, seconds * WARM_UP)
    say(page=name, begins=True)
    took, seen = all_ask(pages, good, seconds)
    say(page=name, seconds=took, times=seen.times, errors=seen.errors)


def readers(reading: Reading, staff: dict[str, Browser], order: random.Random) -> list[Callable[[], int]]:
    """As many clients as there are of the others; each goes round the pages in an order of its own."""
    found = {name: reading.addresses(staff[name]) for name in reading.readers}
    if not all(found.values()):
        raise RuntimeError(f"{reading.name}: there is no such page for everybody who should read it")
    say(page=reading.name, first=found[reading.readers[0]][0])

    def reader(name: str) -> Callable[[], int]:
        browser, addresses = staff[name].again(), itertools.cycle(order.sample(found[name], len(found[name])))
        return lambda: browser.get(next(addresses)).status

    return [reader(name) for name in itertools.islice(itertools.cycle(reading.readers), AT_ONCE)]


def main() -> None:
    told = json.loads(sys.stdin.readline())
    order = random.Random(told["seed"])
    clients = [arrive(told["port"], email, told["password"], order) for email in told["emails"]]
    for name, page, good in PAGES:
        for client in clients:
            client.open_again()
        measured(name, [partial(page, client) for client in clients], good, told["seconds"])
    staff = {name: Browser(told["port"]) for name in told["staff"]}
    for name, browser in staff.items():
        browser.sign_in(told["staff"][name], told["password"])
    for reading in READINGS:
        for browser in staff.values():
            browser.close()
        measured(reading.name, readers(reading, staff, order), 200, told["seconds"])


if __name__ == "__main__":
    main()
