"""The client of `./run bench kill`, a process of its own: it writes hand-overs through the pages, whatever is killed.

Told by one line of JSON on standard input; goes on until standard input is closed, then says what it did as JSON.
Every step that was answered is one line in its own file, stored for good before the next is begun.
"""

import json
import os
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.browser import Browser, Fields, Page, of_their_own

T = TypeVar("T")

CASE = re.compile(r"^/cases/(\d+)/(send/)?$")
ANSWERS = {
    "reason": "Written while the server is being killed.",
    "asked": "A first appointment.",
    "opioid_agonist_medicine": "no",
    "urgent": "no",
    "safe_contact": "Any time, by telephone.",
    "basis": "direct_care",
}


class Writer:
    """One person who writes hand-overs and sends every other one. A broken connection is tried again, as anybody would.

    The same form is posted again with its own number, so that what was stored before the answer broke is not stored
    twice.
    """

    def __init__(self, port: int, file: int, over: threading.Event, order: random.Random) -> None:
        self.browser = Browser(port)
        self.file, self.over, self.order = file, over, order
        self.did: Counter[str] = Counter()
        self.people: list[str] = []

    def arrive(self, email: str, password: str) -> None:
        self._again(lambda: self.browser.sign_in(email, password))
        self.people = of_their_own([self._again(lambda: self.browser.get("/people/"))])

    def work(self) -> None:
        while not self.over.is_set():
            address = f"/people/{self.order.choice(self.people)}/hand-over/"
            form = self._get(address).fields() | ANSWERS
            case = self._post("draft", address, form)
            if case % 2:
                address = f"/cases/{case}/send/"
                self._post("send", address, self._get(address).fields())

    def _get(self, address: str) -> Page:
        page = self._again(lambda: self.browser.get(address))
        if page.status != 200:
            raise RuntimeError(f"{address} answered {page.status}: {page.body[:2000]}")
        return page

    def _post(self, verb: str, address: str, form: Fields) -> int:
        """Post until an answer was received whole, and store it. Returns the number of the case."""
        page = self._again(lambda: self.browser.post(address, form))
        found = CASE.match(page.location)
        if page.status != 302 or not found:
            raise RuntimeError(f"{verb} was answered {page.status}: {page.body[:2000]}")
        line = json.dumps({"verb": verb, "case": int(found[1]), "key": form["key"]})
        os.write(self.file, f"{line}\n".encode())
        os.fsync(self.file)
        self.did[verb] += 1
        return int(found[1])

    def _again(self, ask: Callable[[], T]) -> T:
        while True:
            try:
                return ask()
            except ConnectionError:
                self.did["interrupted"] += 1


def main() -> None:
    told = json.loads(sys.stdin.readline())
    over = threading.Event()
    failed: list[str] = []
    file = os.open(Path(told["file"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    writers = []
    for number, email in enumerate(told["emails"]):
        writers.append(Writer(told["port"], file, over, random.Random(f"{told['seed']} {number}")))
        writers[-1].arrive(email, told["password"])

    def work(writer: Writer) -> None:
        try:
            writer.work()
        except Exception as wrong:
            failed.append(repr(wrong))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    print(json.dumps({"begun": True}), flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    did = sum((writer.did for writer in writers), Counter[str]())
    print(json.dumps({**did, "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
