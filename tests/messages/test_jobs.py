"""Long work: one worker at a time, seen to its end whatever dies on the way, and stopped when somebody asks."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event, Lock
from typing import Any

import pytest
import worlds
from django.db import connections
from django.utils import timezone

from throughcare.events import models as events
from throughcare.events.acting import acting, say
from throughcare.events.actor import SYSTEM, Actor
from throughcare.messages import jobs
from throughcare.messages.models import Job
from throughcare.web.faults import Refused

Kind = Callable[[jobs.Work], None]


@pytest.fixture
def dig(monkeypatch: pytest.MonkeyPatch) -> Kind:
    """`dig(work)` makes a kind of job called dig, known to this test alone."""
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    return lambda work: jobs.kind("dig", work)


def ask(by: Actor = SYSTEM, **arguments: object) -> int:
    return jobs.ask(by=by, at=timezone.now(), kind="dig", arguments=arguments).pk


def job(pk: int) -> Job:
    return Job.objects.get(pk=pk)


def end_lease(pk: int) -> None:
    """The worker has been silent for longer than its lease."""
    Job.objects.filter(pk=pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_a_job_is_asked_for_done_by_a_worker_and_keeps_its_result(dig: Kind) -> None:
    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        for done in range(arguments["holes"]):
            progress(done + 1, arguments["holes"], "digging")
            seen.append(Job.objects.values_list("state", "done", "total", "words", "worker").get())
        return {"Holes": arguments["holes"]}

    seen: list[Any] = []
    dig(work)
    pk = ask(holes=3)
    assert (job(pk).state, job(pk).attempts) == (Job.WAITING, 0)
    assert jobs.run_next("first")
    assert seen == [(Job.RUNNING, done, 3, "digging", "first") for done in (1, 2, 3)]
    done = job(pk)
    assert (done.state, done.result, done.done, done.total, done.attempts) == (Job.DONE, {"Holes": 3}, 3, 3, 1)
    assert done.started_at
    assert done.ended_at
    assert done.started_at <= done.ended_at
    assert not jobs.run_next("first"), "there is no other"


@pytest.mark.django_db
def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(dig: Kind) -> None:
    order: list[int] = []

    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        order.append(arguments["number"])
        return {}

    dig(work)
    for number in range(4):
        ask(number=number)
    while jobs.run_next("first"):
        pass
    assert order == [0, 1, 2, 3]


@pytest.mark.django_db
def test_a_kind_of_job_that_is_not_known_is_refused_with_a_number() -> None:
    with pytest.raises(Refused, match="JB-101"):
        jobs.ask(by=SYSTEM, at=timezone.now(), kind="fly", arguments={})
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_job_cancelled_while_it_waits_never_begins(dig: Kind) -> None:
    dig(lambda arguments, progress: pytest.fail("it began"))
    pk = ask()
    jobs.cancel(by=SYSTEM, at=timezone.now(), job=pk)
    assert job(pk).state == Job.CANCELLED
    assert not jobs.run_next("first")


@pytest.mark.django_db
def test_a_job_cancelled_while_it_runs_stops_at_its_next_word_of_progress(dig: Kind) -> None:
    reached: list[int] = []

    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        for done in range(1, 10):
            reached.append(done)
            progress(done, 10)
            if done == 3:
                jobs.cancel(by=SYSTEM, at=timezone.now(), job=pk)
        return {}

    dig(work)
    pk = ask()
    jobs.run_next("first")
    assert reached == [1, 2, 3, 4]
    assert (job(pk).state, job(pk).result) == (Job.CANCELLED, None)
    assert job(pk).ended_at


@pytest.mark.django_db
def test_cancelling_what_has_ended_is_refused_with_a_number_and_changes_nothing(dig: Kind) -> None:
    dig(lambda arguments, progress: {"Holes": 1})
    pk = ask()
    jobs.run_next("first")
    with pytest.raises(Refused, match="JB-104"):
        jobs.cancel(by=SYSTEM, at=timezone.now(), job=pk)
    assert (job(pk).state, job(pk).result) == (Job.DONE, {"Holes": 1})


@pytest.mark.django_db
def test_a_job_that_fails_says_so_without_the_words_of_the_error_and_the_worker_goes_on(dig: Kind) -> None:
    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        if arguments.get("bad"):
            raise ValueError("James Adeyemi, born 3 March 1986")
        return {"Holes": 1}

    dig(work)
    bad, good = ask(bad=True), ask()
    assert jobs.run_next("first")
    assert jobs.run_next("first")
    assert (job(bad).state, job(bad).words) == (Job.FAILED, "JB-102 It stopped: ValueError.")
    assert "Adeyemi" not in str(vars(job(bad)))
    assert job(good).state == Job.DONE


@pytest.mark.django_db
def test_a_worker_whose_lease_went_to_another_stops_and_does_not_touch_the_job(dig: Kind) -> None:
    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        Job.objects.filter(pk=pk).update(worker="second", done=7)
        progress(1)
        raise AssertionError("it went on")

    dig(work)
    pk = ask()
    jobs.run_next("first")
    assert (job(pk).state, job(pk).worker, job(pk).done) == (Job.RUNNING, "second", 7)


@pytest.mark.django_db
def test_a_result_that_comes_after_the_lease_is_lost_is_thrown_away(dig: Kind) -> None:
    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        Job.objects.filter(pk=pk).update(worker="second")
        return {"Holes": 99}

    dig(work)
    pk = ask()
    jobs.run_next("first")
    assert (job(pk).state, job(pk).result) == (Job.RUNNING, None)


@pytest.mark.django_db
def test_a_job_is_not_taken_from_a_worker_that_lives_and_is_taken_up_again_after_one_that_died(dig: Kind) -> None:
    dig(lambda arguments, progress: {"By": progress.worker})
    pk = ask()
    lease = timezone.now() + jobs.LEASE
    Job.objects.filter(pk=pk).update(state=Job.RUNNING, worker="dead", lease_until=lease, attempts=1)
    assert not jobs.run_next("second")
    end_lease(pk)
    assert jobs.run_next("second")
    assert (job(pk).state, job(pk).result, job(pk).attempts) == (Job.DONE, {"By": "second"}, 2)


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_given_up_after_five_attempts(dig: Kind) -> None:
    dig(lambda arguments, progress: pytest.fail("a sixth worker would die of it"))
    pk = ask()
    Job.objects.filter(pk=pk).update(state=Job.RUNNING, worker="dead", attempts=jobs.MOST_ATTEMPTS)
    end_lease(pk)
    assert jobs.run_next("sixth")
    assert job(pk).state == Job.FAILED
    assert job(pk).words.startswith("JB-102")


@pytest.mark.load
def test_work_without_a_word_of_progress_keeps_its_lease_while_its_worker_lives(
    dig: Kind, fresh_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.01)

    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        end_lease(pk)
        for _ in range(2_000):
            renewed = job(pk).lease_until
            if renewed and renewed > timezone.now():
                return {"Renewed": True}
            tick.wait(0.01)
        return {"Renewed": False}

    tick = Event()
    dig(work)
    pk = ask()
    jobs.run_next("first")
    assert job(pk).result == {"Renewed": True}


@pytest.mark.load
def test_two_workers_never_run_the_same_job_at_once(dig: Kind, fresh_database: Any) -> None:
    running: list[int] = []
    runs: list[int] = []
    twice: list[int] = []
    lock = Lock()

    def work(arguments: dict[str, Any], progress: jobs.Progress) -> dict[str, Any]:
        number = arguments["number"]
        with lock:
            twice.extend(running.count(number) * [number])
            running.append(number)
            runs.append(number)
        progress(1, 2)
        progress(2, 2)
        with lock:
            running.remove(number)
        return {}

    dig(work)
    for number in range(15):
        ask(number=number)
    start = Barrier(2)

    def drain(worker: str) -> None:
        try:
            start.wait()
            while jobs.run_next(worker):
                pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(drain, "first"), pool.submit(drain, "second")]:
            one.result()
    while jobs.run_next("last"):  # what one of two that reached for the same job left behind
        pass
    assert twice == []
    assert sorted(runs) == list(range(15)), "each once"
    assert set(Job.objects.values_list("state", "attempts")) == {(Job.DONE, 1)}


DIES = """
import django, threading
django.setup()
from throughcare.messages import jobs

def work(arguments, progress):
    progress(40, 100, "digging")
    print("under way", flush=True)
    threading.Event().wait()

jobs.kind("dig", work)
jobs.run_next("killed")
"""


@pytest.mark.load
def test_a_job_whose_worker_is_killed_is_taken_up_by_another_and_finished(dig: Kind, fresh_database: Any) -> None:
    dig(lambda arguments, progress: {"By": progress.worker, "After": job(pk).done})
    pk = ask()
    connections.close_all()
    with subprocess.Popen(
        [sys.executable, "-c", DIES], env=fresh_database.environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "under way\n"
        worker.kill()
        assert worker.wait() == -9
    assert (job(pk).state, job(pk).worker, job(pk).done) == (Job.RUNNING, "killed", 40)
    assert not jobs.run_next("second"), "its lease has not ended: it might live"
    end_lease(pk)
    assert jobs.run_next("second")
    finished = job(pk)
    assert (finished.state, finished.result, finished.attempts) == (Job.DONE, {"By": "second", "After": 40}, 2)


@pytest.mark.load
def test_the_real_worker_takes_up_the_job_of_one_that_was_killed(fresh_database: Any) -> None:
    """A whole pulse of the worker, in a process of its own, on the real job of the audit page."""
    with acting(SYSTEM, worlds.BEGAN):
        for number in range(50):
            say("noted", by=SYSTEM, at=worlds.BEGAN, subject=f"note {number}")
    pk = jobs.ask(by=SYSTEM, at=timezone.now(), kind="verify", arguments={}).pk
    Job.objects.filter(pk=pk).update(state=Job.RUNNING, worker="killed", attempts=1)
    end_lease(pk)
    connections.close_all()
    pulse = "from throughcare.config.worker import main; main(once=True)"
    subprocess.run([sys.executable, "-c", pulse], env=fresh_database.environment, check=True, timeout=120)
    done = job(pk)
    assert (done.state, done.attempts) == (Job.DONE, 2)
    assert done.worker != "killed"
    assert done.result
    assert done.result["Events"] == 51
    assert done.result["Found"] == "nothing altered, removed or exchanged"
    assert events.Event.objects.count() >= 51


@pytest.mark.django_db
def test_the_page_of_a_job_shows_how_far_it_is_to_the_service_that_asked_and_to_nobody_else(dig: Kind) -> None:
    dig(lambda arguments, progress: {"Holes": 4})
    lead, stranger = worlds.worker("data_protection_lead"), worlds.worker("data_protection_lead")
    pk = ask(by=lead)
    ours, theirs = worlds.signed_in(lead), worlds.signed_in(stranger)
    url = f"/jobs/{pk}/"
    assert "Waiting" in ours.get(url).content.decode()
    for asked in (url, "/jobs/999999999/"):
        answer = theirs.get(asked)
        assert answer.status_code == 403
        assert "JB-103" in answer.content.decode()
        assert theirs.post(asked).status_code == 403
    assert job(pk).state == Job.WAITING
    Job.objects.filter(pk=pk).update(state=Job.RUNNING, done=30, total=120, lease_until=timezone.now() + jobs.LEASE)
    assert "30 of 120" in ours.get(url).content.decode()
    page = ours.post(url, follow=True).content.decode()
    assert "It was asked to stop." in page
    assert job(pk).cancel_asked
    Job.objects.filter(pk=pk).update(state=Job.DONE, result={"Holes": 4})
    page = ours.get(url).content.decode()
    assert "Holes" in page
    assert "Cancel the job" not in page
