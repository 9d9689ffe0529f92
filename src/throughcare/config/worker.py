"""The worker: everything that happens without anybody clicking. Each pass may be run again, at any moment, safely."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import FrameType

import django
from django.db import close_old_connections
from django.utils import timezone

from throughcare.web import logs

PULSE = 1.0
STOPPING = 8.0  # seconds that an e-mail in hand may still take once a stop was asked for
BEATING, SEALING, PUBLISHING = timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5)
DIGESTS = timedelta(minutes=1)

log = logging.getLogger("throughcare.worker")


class Worker:
    """One process. Several may run: whatever they do is marked once, whichever of them comes first."""

    def __init__(self) -> None:
        from throughcare.events import chain
        from throughcare.messages import email, jobs, outbox
        from throughcare.sharing import looks
        from throughcare.today import digest

        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.over = threading.Event()
        self.passes: tuple[tuple[str, Callable[[datetime], object], timedelta], ...] = (
            ("sweep", self.sweep, timedelta()),
            ("messages", outbox.deliver, timedelta()),
            ("seal", looks.seal, SEALING),
            ("digests", digest.write_due, DIGESTS),
            ("publish", chain.publish_if_due, PUBLISHING),
        )
        self.beaten = timezone.now() - BEATING
        self.last: dict[str, datetime] = {}
        self.jobs, self.email = jobs, email

    def sweep(self, now: datetime) -> None:
        """Sweep the deadlines and, every few seconds, say that they were swept."""
        from throughcare.processes import actions
        from throughcare.processes.health import beat

        actions.sweep(now)
        if now - self.beaten >= BEATING:
            beat(now, self.name)
            self.beaten = now

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
        while not self.over.wait(PULSE):
            self.pulse()
        sending.join(STOPPING)  # what the server has just taken is still marked
        log.info("worker stopped", extra={"worker": self.name})


def main(once: bool = False) -> None:
    """Run until told to stop by SIGTERM or SIGINT; or one pulse of everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughcare.config.settings")
    django.setup()
    worker = Worker()
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
