"""Killed at any point of input and output, engine, log and store go on as if nothing had been."""

from collections import Counter
from pathlib import Path

import pytest

from bellrock.sites import parse_sites
from reference.stream import stream
from simulation import scenario
from simulation.crashes import Album, crash_by_chance, photograph, resume
from simulation.world import Expected
from strategies import SITES

PARTS = 4
SEED = 5


@pytest.fixture(scope="module")
def expected() -> Expected:
    return Expected(SITES, scenario.lines())


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, expected: Expected) -> Album:
    return photograph(tmp_path_factory.mktemp("album"), expected, SEED)


def test_the_small_log_brings_up_all_that_a_store_keeps(expected: Expected) -> None:
    end = expected.after(len(expected.lines))
    assert len(end.claims) == 2
    assert [since - scenario.DAY // 60_000 for _, _, since, *_ in end.marks] == [161]
    for word in (b"duplicate.order", b'"bot":"behaviour"', b'"kind":"cluster"', b"orphan"):
        assert word in end.documents, word


def test_the_run_reaches_every_kind_of_point(album: Album) -> None:
    files = [{path.name for path in (p.directory / "log").glob("*.sqlite")} for p in album.pictures]
    assert max(map(len, files)) > 3, "the log never rotated"
    kinds = Counter(picture.label for picture in album.pictures)
    assert kinds["duckdb commit under way"] > 10
    assert kinds["duckdb commit done"] > 10
    assert kinds["sqlite execute done"] > 10
    assert album.points > 4 * len(album.pictures)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_crash_at_any_point_of_the_run_loses_and_changes_nothing(
    album: Album, expected: Expected, part: int
) -> None:
    for number, picture in enumerate(album.pictures[part::PARTS]):
        resume(picture, expected, SEED + number)


@pytest.mark.parametrize("seed", range(6))
def test_crashes_one_after_the_other_lose_and_change_nothing(tmp_path: Path, seed: int) -> None:
    toml, lines = stream(seed, 250)
    lines = [line for line in lines if line and b"\n" not in line]
    fate = crash_by_chance(tmp_path, Expected(parse_sites(toml, "stream"), lines), seed, every=60)
    assert fate.crashes > 3
