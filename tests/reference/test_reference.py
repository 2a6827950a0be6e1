"""The checker agrees with what was worked out by hand, and keeps its own laws."""

import functools
import json
import tomllib
from pathlib import Path

import pytest

from reference import fold
from reference.documents import conserved
from reference.exact import levels, parse, round_half_away
from reference.histogram import OVERFLOW_CELL, cell_of
from reference.stream import stream

GOLDEN = Path(__file__).parents[1] / "golden"
EXPECTED = sorted(GOLDEN.glob("*.expected.ndjson"))
SEEDS = range(20)


@functools.cache
def closed(seed: int) -> bytes:
    toml, lines = stream(seed, 800)
    return fold(tomllib.loads(toml), lines, close=True)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.name)
def test_the_golden_cases_come_out_as_worked_out_by_hand(expected: Path) -> None:
    case = expected.name.split(".")[0]
    own = GOLDEN / f"{case}.sites.toml"
    sites = own if own.exists() else GOLDEN / "shared.sites.toml"
    lines = (GOLDEN / f"{case}.ndjson").read_bytes().split(b"\n")
    close = expected.name.endswith(".closed.expected.ndjson")
    assert fold(tomllib.loads(sites.read_text()), lines, close) == expected.read_bytes()


def test_every_golden_case_is_explained_and_has_an_expectation() -> None:
    explained = (GOLDEN / "README.md").read_text()
    with_expectation = {path.name.split(".")[0] for path in EXPECTED}
    cases = {path.name.split(".")[0] for path in GOLDEN.glob("*.ndjson")}
    assert cases == with_expectation
    assert [case for case in sorted(cases) if f"`{case}`" not in explained] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_is_accounted_for_once_all_sessions_have_ended(seed: int) -> None:
    assert conserved(closed(seed), stream(seed, 800)[1])


def test_a_lost_line_would_be_noticed() -> None:
    assert not conserved(closed(1), [*stream(1, 800)[1], b"one more"])


def test_the_streams_bring_up_every_issue_and_every_kind_of_bot() -> None:
    issues, bots = set(), set()
    for seed in SEEDS:
        for line in closed(seed).splitlines():
            document = json.loads(line)
            issues.add(document.get("issue"))
            bots.add(document.get("bot"))
    assert bots == {None, "", "declared", "webdriver", "behaviour"}
    assert issues == {
        None, "malformed", "version", "schema", "site.unknown", "field", "timer.range",
        "timer.undeclared", "test.undeclared", "order.currency", "duplicate.beacon",
        "duplicate.order", "orphan",
    }  # fmt: skip


def test_a_seed_names_one_stream() -> None:
    assert stream(7, 300) == stream(7, 300)
    assert stream(7, 300)[1][:200] == stream(7, 200)[1]
    assert stream(7, 300) != stream(8, 300)


def test_an_orderly_stream_has_no_damaged_line_and_its_minute_never_decreases() -> None:
    for seed in SEEDS:
        minutes = [json.loads(line)["at"] // 60_000 for line in stream(seed, 300, orderly=True)[1]]
        assert minutes == sorted(minutes)


def test_left_out_parts_are_not_in_the_text() -> None:
    whole = partial = b""
    for seed in SEEDS:
        toml, lines = stream(seed, 800)
        whole += closed(seed)
        partial += fold(
            tomllib.loads(toml), lines, close=True, orders=False, behaviour=False, clusters=False
        )
    for word in (b"duplicate.order", b'"conversions"', b"behaviour", b'"kind":"cluster"'):
        assert word in whole
        assert word not in partial


def test_halves_are_rounded_away_from_zero_without_a_second_rounding() -> None:
    assert round_half_away(0.5) == 1
    assert round_half_away(0.49999999999999994) == 0
    assert round_half_away(2.5) == 3
    assert round_half_away(4503599627370497.0) == 4503599627370497


def test_cells_are_those_of_the_scheme() -> None:
    def formula(micro: int) -> int:
        if micro <= 0:
            return -1
        n = -(-micro * 2048 // 100_000) - 1
        if n < 64:
            return n
        if n >= 1 << 21:
            return OVERFLOW_CELL
        e = n.bit_length() - 6
        return (e << 5) + (n >> e)

    edges = [ms * 1000 for ms in (0, 1, 50, 100, 200, 250, 800, 2500, 10_000, 102_400)]
    for micro in [edge + step for edge in edges for step in (-1, 0, 1)]:
        assert cell_of(micro) == formula(micro)


def test_brackets_inside_texts_are_no_levels() -> None:
    assert levels('{"a":"[[[\\"[","b":[{}]}') == 3
    assert parse(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}") is not None
    assert parse(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}") is None
