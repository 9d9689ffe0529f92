"""Deadlines, and the sweeps of them, in a process with the product's settings: `python -m bench.deadlines`.

Arguments: how many are open, how many of them are due on an ordinary day, and seconds after which a sweep is left.

Each deadline is that of a hand-over of its own, sent and not opened, so that the ladder is climbed for each.
"""

import json
import sys
import time
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402 (Django must be set up first)
from django.utils import timezone  # noqa: E402

from throughcare.events.acting import acting, say  # noqa: E402
from throughcare.events.actor import SYSTEM  # noqa: E402
from throughcare.handovers.models import HandOver  # noqa: E402
from throughcare.organisations.models import Service  # noqa: E402
from throughcare.people.models import Record  # noqa: E402
from throughcare.processes import actions as engine  # noqa: E402
from throughcare.processes.models import Case, Due, Strand  # noqa: E402
from throughcare.sharing.models import Person  # noqa: E402

AT_ONCE = 5_000
REASON = "To be swept"
WARM = 100
"""Swept before anything is measured, so that what is read once has been read."""
NOW = timezone.now()


def make(count: int) -> None:
    """Hand-overs that were delivered and not opened, due a second after each other, the first in a year."""
    sender, receiver = Service.objects.filter(takes_hand_overs=True).order_by("pk")[:2]
    for begun in range(0, count, AT_ONCE):
        some = range(begun, min(begun + AT_ONCE, count))
        with acting(SYSTEM, NOW):
            people = Person.objects.bulk_create(Person() for _ in some)
            records = Record.objects.bulk_create(
                Record(
                    person=person,
                    organisation_id=sender.organisation_id,
                    service=sender,
                    given_name="Made",
                    family_name=f"Up {n}",
                    given_key="made",
                    family_key=f"up{n}",
                    made_up=True,
                    opened_at=NOW,
                )
                for person, n in zip(people, some, strict=True)
            )
            cases = Case.objects.bulk_create(
                Case(process="hand_over", person=person, record=record, opened_at=NOW)
                for person, record in zip(people, records, strict=True)
            )
            Strand.objects.bulk_create(Strand(case=case, name="main", state="delivered", since=NOW) for case in cases)
            HandOver.objects.bulk_create(
                HandOver(
                    case=case,
                    sender=sender,
                    receiver=receiver,
                    reason=REASON,
                    basis="direct_care",
                    safe_contact="Not known",
                    opioid_agonist_medicine="no",
                    urgent="no",
                    sent_at=NOW,
                )
                for case in cases
            )
            Due.objects.bulk_create(
                Due(
                    case=case,
                    strand="main",
                    clock="HOV-C02",
                    started_at=NOW,
                    due_at=NOW + timedelta(days=365, seconds=n),
                    verified=True,
                    owner=receiver,
                )
                for case, n in zip(cases, some, strict=True)
            )
            say("bench.made", by=SYSTEM, at=NOW, count=len(some))


def let_pass(count: int) -> None:
    """Have so many of those that are open have passed, the oldest an hour ago."""
    first = list(waiting().order_by("due_at").values_list("pk", flat=True)[:count])
    with acting(SYSTEM, NOW):
        for begun in range(0, count, AT_ONCE):
            Due.objects.filter(pk__in=first[begun : begun + AT_ONCE]).update(due_at=NOW - timedelta(hours=1))
        say("bench.passed", by=SYSTEM, at=NOW, count=count)


def waiting() -> "django.db.models.QuerySet[Due]":
    """Those made here alone: the made-up world has some of its own on some days."""
    ours = Due.objects.filter(clock="HOV-C02", case__hand_over__reason=REASON)
    return ours.filter(met_at=None, missed_at=None, paused_at=None, replaced_at=None)


def tidy() -> None:
    """What either database does by itself after a while."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def swept(name: str, longest: float) -> None:
    """Sweep, for no longer than that, and say what it took."""
    due = engine.passed(NOW).count()
    standing = waiting().count()
    begun = time.perf_counter()
    engine.next_passed(NOW, None)
    finding = time.perf_counter() - begun
    begun, used = time.perf_counter(), time.process_time()
    marked = engine.sweep_on(NOW, go_on=lambda: time.perf_counter() - begun < longest).marked
    seconds = time.perf_counter() - begun
    figures = {"sweep": name, "open": standing, "due": due, "marked": marked, "finding": finding, "seconds": seconds}
    print(json.dumps(figures | {"cpu": time.process_time() - used}), flush=True)


def main(open_: int, due: int, longest: float) -> None:
    engine.sweep(NOW)  # of the made-up world itself
    make(open_ + WARM)
    tidy()
    let_pass(WARM)
    engine.sweep(NOW)
    swept("none due", longest)
    let_pass(due)
    swept("ordinary day", longest)
    let_pass(open_ - due)
    tidy()
    swept("after outage", longest)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
