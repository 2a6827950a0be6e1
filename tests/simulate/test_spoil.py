"""Each fault of a spoiled beacon is what normalising then finds."""

import json

import msgspec
import pytest

from bellrock.names import Names
from bellrock.normalise.block import Normaliser
from bellrock.schema import site
from bellrock.simulate import catalogue
from bellrock.simulate.past import past_lines
from bellrock.simulate.spoil import FAULTS
from bellrock.simulate.visitors import Traffic

SITE = site.Site(
    key=catalogue.SITE,
    currency=catalogue.CURRENCY,
    order_key=b"k" * 32,
    labels=catalogue.LABELS,
    timers=catalogue.TIMERS,
    tests=(site.Test(catalogue.TEST, catalogue.CONTROL, catalogue.GROUPS),),
)
END = 1_795_413_725_123


def issues(lines: list[bytes]) -> list[str]:
    return [str(one.issue) for one in Normaliser({SITE.key: SITE}, Names())(lines).issues]


def test_simulated_beacons_have_no_issue() -> None:
    lines = list(past_lines(Traffic(rate=50, seed=12), begin_ms=END - 2 * 60_000, end_ms=END))
    assert len(lines) > 5_000
    assert issues(lines) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoiled_beacon_has_the_issue_that_its_fault_is_named_after(fault: str) -> None:
    line = json.loads(
        next(past_lines(Traffic(rate=50, seed=12), begin_ms=END - 1 * 60_000, end_ms=END))
    )
    line["beacon"] = FAULTS[fault](line["beacon"])
    assert issues([msgspec.json.encode(line)]) == [fault]


def test_the_share_of_bad_beacons_is_as_asked() -> None:
    lines = past_lines(
        Traffic(rate=100, seed=5, bad_share=0.1), begin_ms=END - 2 * 60_000, end_ms=END
    )
    block = list(lines)
    found = issues(block)
    assert 0.08 < len(found) / len(block) < 0.12
    assert set(found) == set(FAULTS)
