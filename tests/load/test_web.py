"""`./run bench web`, small: that it measures, that it says so, and that it leaves nothing behind."""

from typing import Any

import pytest

from bench.product import until
from bench.readings import READINGS

PAGES = ["sign-in page", "record", "list", "today", "hand-over created"]
READ = [reading.name for reading in READINGS]


@pytest.mark.load
def test_every_page_is_measured_without_an_error(bench: Any) -> None:
    code, report, said = bench.measured("web --people 200 --seconds 1")
    assert code == 0
    (found,) = report["databases"]
    assert (found["database"], report["people"], report["clients"]) == (bench.kind, 200, 8)
    assert found["sync_ms"] > 0
    assert [page["page"] for page in found["pages"]] == PAGES + READ
    for page in found["pages"]:
        assert page["errors"] == {}
        assert page["requests"] >= 8
        assert 0 < page["p50"] <= page["p95"] <= page["p99"]
        assert page["cpu"] > 0
        assert page["page"] in said
    bars = {page["page"]: page["bar"] for page in found["pages"]}
    assert [bars[page] for page in PAGES] == [None, 0.12, 0.15, 0.20, 0.20]
    assert [bars[page] for page in READ] == [0.20 if page.startswith("today") else None for page in READ]
    assert [page["page"] for page in found["pages"] if not page["statements"]] == ["sign-in page"]
    assert bench.left_behind() == []


@pytest.mark.load
def test_a_measurement_that_is_stopped_clears_everything_away(bench: Any) -> None:
    with bench.start(f"web --people 100 --seconds 30 --databases {bench.kind}") as process:
        assert process.stdout
        assert any("people built in" in line for line in process.stdout)  # it serves by now
        until(lambda: any("bench.web_clients" in one for one in bench.left_behind()), "the clients are at work", 60)
        process.terminate()
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert bench.left_behind() == []


def test_a_database_that_cannot_be_measured_is_refused_at_once(bench: Any) -> None:
    with bench.start("kill --databases sqlite,oracle") as process:
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "")
    assert complaint.startswith("BN-102 'oracle' is no database.")


def test_a_postgresql_that_is_not_there_is_said_with_what_to_do(bench: Any) -> None:
    with bench.start("web --databases sqlite,postgresql", "postgresql://nobody@127.0.0.1:1/none") as process:
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "")
    assert complaint.startswith("BN-103 There is no PostgreSQL to measure on: ")
    assert "--databases sqlite" in complaint
