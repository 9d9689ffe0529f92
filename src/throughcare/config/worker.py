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
BEATING, SEALING, PUBLISHING = timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5)

log = logging.getLogger("throughcare.worker")


class Worker:
    """One process. Several may run: whatever they do is marked once, whichever of them comes first."""

    def __init__(self) -> None:
        from throughcare.events import chain
        from throughcare.messages import email, jobs, outbox
        from throughcare.sharing import looks

        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.over = threading.Event()
        self.passes: tuple[tuple[str, Callable[[datetime], object], timedelta], ...] = (
            ("sweep", self.sweep, timedelta()),
            ("messages", outbox.deliver, timedelta()),
            ("seal", looks.seal, SEALING),
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

    def repeat(self, name: str, work: Callable[[], object]) -> None:
        """Do slow work in a thread of its own, again and again: it may not keep the deadlines waiting."""

        def loop() -> None:
            while not self.over.wait(PULSE):
                close_old_connections()
                try:
                    work()
                except Exception as error:
                    log.error(f"{name} failed", extra=logs.of_error(error))

        threading.Thread(target=loop, daemon=True).start()

    def do_job(self) -> None:
        self.jobs.run_next(self.name)

    def send_email(self) -> None:
        self.email.send_due(timezone.now())

    def run(self) -> None:
        log.info("worker started", extra={"worker": self.name})
        self.repeat("jobs", self.do_job)
        self.repeat("e-mail", self.send_email)
        while not self.over.wait(PULSE):
            self.pulse()
        log.info("worker stopped", extra={"worker": self.name})


def main(once: bool = False) -> None:
    """Run until told to stop by SIGTERM or SIGINT; or one pulse of everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "throughcare.config.settings")
    django.setup()
    worker = Worker()
    if once:
        worker.pulse()
        worker.send_email()
        worker.do_job()
        return
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    worker.run()


if __name__ == "__main__":
    main()
