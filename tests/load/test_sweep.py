"""`./run bench sweep`, small: that it measures three sweeps, says so, and leaves nothing behind."""

from typing import Any

import pytest


@pytest.mark.load
def test_a_few_and_all_of_the_deadlines_are_swept(bench: Any) -> None:
    code, report, said = bench.measured("sweep --open 300 --due 30")
    assert code == 0
    (found,) = report["databases"]
    assert (found["database"], report["open"], report["due"]) == (bench.kind, 300, 30)
    sweeps = found["sweeps"]
    assert [one["sweep"] for one in sweeps] == ["none due", "ordinary day", "after outage"]
    assert [(one["open"], one["due"], one["marked"]) for one in sweeps] == [(300, 0, 0), (300, 30, 30), (270, 270, 270)]
    for one in sweeps:
        assert one["finding"] > 0
        assert one["cpu"] > 0
        assert one["sweep"] in said
    assert bench.left_behind() == []
