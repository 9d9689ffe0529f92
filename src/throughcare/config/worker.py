"""The worker: everything that happens without anybody clicking. Each pass may be run again, at any moment, safely."""

import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

import django
from django.db import close_old_connections
from django.utils import timezone

from throughcare.web import logs

PULSE = 1.0
SPELL = 5.0
"""Seconds for which deadlines, or messages, are gone through before the other passes have their turn."""
STOPPING = 8.0  # seconds that an e-mail in hand may still take once a stop was asked for
BEATING, SEALING, PUBLISHING = timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5)
DIGESTS = timedelta(minutes=1)

log = logging.getLogger("throughcare.worker")


class Worker:
    """One process. Several may run: whatever they do is marked once, whichever of them comes first."""

    def __init__(self, spell: float = SPELL) -> None:
        from throughcare.events import chain
        from throughcare.handovers.actions.public_request import forget_knocks
        from throughcare.messages import email, jobs
        from throughcare.sharing import looks
        from throughcare.today import digest

        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.over = threading.Event()
        self.passes: tuple[tuple[str, Callable[[datetime], object], timedelta], ...] = (
            ("sweep", self.sweep, timedelta()),
            ("messages", self.deliver, timedelta()),
            ("seal", looks.seal, SEALING),
            ("digests", digest.write_due, DIGESTS),
            ("publish", chain.publish_if_due, PUBLISHING),
            ("knocks", forget_knocks, PUBLISHING),
        )
        self.spell = spell
        self.swept_to: tuple[datetime, int] | None = None
        self.delivered_to: int | None = None
        self.beaten = timezone.now() - BEATING
        self.last: dict[str, datetime] = {}
        self.jobs, self.email = jobs, email

    def sweep(self, now: datetime) -> None:
        """Sweep the deadlines for a spell, from where the last one stopped; when none is left, say that they are swept.

        That is said every few seconds, and not while some have passed unmarked: then it is late, and Today says so.
        """
        from throughcare.processes import actions
        from throughcare.processes.health import beat

        self.swept_to = actions.sweep_on(now, after=self.swept_to, go_on=self._spell()).stopped_at
        if self.swept_to is None and now - self.beaten >= BEATING:
            beat(now, self.name)
            self.beaten = now

    def deliver(self, now: datetime) -> None:
        """Deliver messages for a spell, from where the last one stopped."""
        from throughcare.messages import outbox

        self.delivered_to = outbox.deliver_on(now, after=self.delivered_to, go_on=self._spell()).stopped_at

    def _spell(self) -> Callable[[], bool]:
        until = time.monotonic() + self.spell
        return lambda: time.monotonic() < until

    @property
    def is_behind(self) -> bool:
        """Was a pass stopped with more to do? Then the next pulse follows at once."""
        return self.swept_to is not None or self.delivered_to is not None

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        self.over.set()

    def pulse(self) -> None:
        """Every pass that is due, once. A pass that fails is logged, and tried again next time."""
        close_old_connections()
        for name, work, every in self.passes:
            now = timezone.now()
            if now - self.last.get(name, now - every) < every:
                continue
            try:
                work(now)
                self.last[name] = now
            except Exception as error:  # a pass must not end the others, nor the worker
                log.error("pass failed", extra={"pass": name, **logs.of_error(error)})

    def do_jobs(self, now: datetime) -> None:
        self.jobs.run_next(self.name)

    def send_email(self, now: datetime) -> None:
        self.email.send_due(now)

    def aside(self, work: Callable[[datetime], None]) -> threading.Thread:
        """Work that may take long, in a thread of its own: it may not keep the deadlines waiting."""

        def again_and_again() -> None:
            while not self.over.wait(PULSE):
                close_old_connections()
                try:
                    work(timezone.now())
                except Exception as error:
                    log.error("pass failed", extra={"pass": work.__name__, **logs.of_error(error)})

        thread = threading.Thread(target=again_and_again, daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        log.info("worker started", extra={"worker": self.name})
        self.aside(self.do_jobs)
        sending = self.aside(self.send_email)
        while not self.over.wait(0 if self.is_behind else PULSE):
            self.pulse()
        sending.join(STOPPING)  # what the server has just taken is still marked
        log.info("worker stopped", extra={"worker": self.name})


def main(once: bool = False) -> None:
    """Run until told to stop by SIGTERM or SIGINT; or one pulse of everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughcare.config.settings")
    django.setup()
    worker = Worker(spell=math.inf if once else SPELL)
    if once:
        worker.pulse()
        worker.do_jobs(timezone.now())
        worker.send_email(timezone.now())
        return
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    worker.run()


if __name__ == "__main__":
    main()
