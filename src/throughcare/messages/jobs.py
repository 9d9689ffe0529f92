"""Long work as rows: asked for, leased by one worker at a time, seen to its end whatever dies on the way."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from throughcare.events.acting import action, say
from throughcare.events.actor import Actor
from throughcare.messages.models import Job
from throughcare.web import logs
from throughcare.web.faults import Fault, Refused

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 5.0
MOST_ATTEMPTS = 5

log = logging.getLogger("throughcare.jobs")


class Cancelled(Exception):
    """Somebody asked for the job to stop."""


class LostLease(Exception):
    """The lease ran out and another worker may have the job: this one stops at once."""


class Progress:
    """What a job calls as it goes: it keeps the count, and raises Cancelled when somebody asked it to stop."""

    def __init__(self, job: int, worker: str) -> None:
        self.job, self.worker = job, worker

    def __call__(self, done: int, total: int | None = None, words: str = "") -> None:
        mine = Job.objects.filter(pk=self.job, worker=self.worker, state=Job.RUNNING)
        if not mine.update(done=done, total=total, words=words[:200], lease_until=timezone.now() + LEASE):
            raise LostLease
        if mine.filter(cancel_asked=True).exists():
            raise Cancelled


Work = Callable[[dict[str, Any], Progress], dict[str, Any]]
_kinds: dict[str, Work] = {}


def kind(name: str, work: Work) -> None:
    """Register a kind of job. `work(arguments, progress)` gives a result of plain values; it may be run again."""
    _kinds[name] = work


@action
def ask(*, by: Actor, at: datetime, kind: str, arguments: dict[str, Any]) -> Job:
    """Ask for a job. Refused (JB-101) for a kind that is not known."""
    if kind not in _kinds:
        raise Refused(Fault("JB-101", "kind", f"There is no job called {kind}.", f"There are: {', '.join(_kinds)}."))
    job = Job.objects.create(kind=kind, arguments=arguments, asked_by_id=by.user, asked_for_id=by.service, asked_at=at)
    say("job.asked", by=by, at=at, subject=f"job {job.pk}", detail={"kind": kind, "arguments": arguments})
    return job


@action
def cancel(*, by: Actor, at: datetime, job: int) -> None:
    """Ask a job to stop. One that waits is cancelled at once; one that runs stops at its next word of progress."""
    if not Job.objects.filter(pk=job, state=Job.WAITING).update(
        state=Job.CANCELLED, ended_at=at, cancel_asked=True
    ) and not Job.objects.filter(pk=job, state=Job.RUNNING).update(cancel_asked=True):
        raise Refused(Fault("JB-104", "", "This job has ended already.", "Nothing needs doing."))
    say("job.cancel_asked", by=by, at=at, subject=f"job {job}")


def run_next(worker: str) -> bool:
    """Take the oldest job that waits, or whose worker died, and see it to its end. False when there is none."""
    now = timezone.now()
    free = Q(state=Job.WAITING) | Q(state=Job.RUNNING, lease_until__lt=now)
    for pk in Job.objects.filter(free).order_by("pk").values_list("pk", flat=True)[:5]:
        leased = Job.objects.filter(free, pk=pk).update(
            state=Job.RUNNING,
            worker=worker,
            lease_until=now + LEASE,
            started_at=now,
            attempts=F("attempts") + 1,
        )
        if leased:
            _run(Job.objects.get(pk=pk), worker)
            return True
    return False


def _run(job: Job, worker: str) -> None:
    mine = Job.objects.filter(pk=job.pk, worker=worker, state=Job.RUNNING)
    try:
        if job.attempts > MOST_ATTEMPTS:
            raise RuntimeError("its workers died again and again")
        with _heartbeat(job.pk, worker):
            result = _kinds[job.kind](job.arguments, Progress(job.pk, worker))
        mine.update(state=Job.DONE, result=result, ended_at=timezone.now())
    except LostLease:
        log.warning("job lost its lease", extra={"job": job.pk})
    except Cancelled:
        mine.update(state=Job.CANCELLED, ended_at=timezone.now())
    except Exception as error:  # whatever the work raises is the job's failure, never the worker's
        log.error("job failed", extra={"job": job.pk, "kind": job.kind, **logs.of_error(error)})
        mine.update(state=Job.FAILED, words=f"JB-102 It stopped: {type(error).__name__}.", ended_at=timezone.now())


@contextmanager
def _heartbeat(job: int, worker: str) -> Iterator[None]:
    """Renew the lease from a thread, so that work without a word of progress keeps it while its worker lives."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            Job.objects.filter(pk=job, worker=worker, state=Job.RUNNING).update(lease_until=timezone.now() + LEASE)
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
