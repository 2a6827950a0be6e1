"""Whatever is killed while beacons flow, the documents are those of the log, and no acknowledged beacon is lost."""

import random
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from bellrock.runners.fold import fold_lines
from bellrock.sites import load_sites
from end_to_end.installation import BELLROCK, Installation

RATE, SECONDS, KILLS = 250, 20, 6


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, Path]:
    """An installation whose processes were killed under load, by turns; now drained and stopped."""
    folder = tmp_path_factory.mktemp("crash")
    acknowledged = folder / "acknowledged.txt"
    chance = random.Random(20)
    with Installation(folder) as installation:
        visitors = subprocess.Popen(
            [
                *BELLROCK, "simulate", "--collector", f"http://{installation.collector}",
                "--rate", str(RATE), "--duration", str(SECONDS), "--bad-share", "0.02",
                "--acknowledged", acknowledged,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for number in range(KILLS):
            time.sleep(chance.uniform(0.5, 2.0))
            installation.kill("engine" if number % 3 else "collect")
        assert visitors.wait() == 0
        installation.wait_until_folded(len(installation.log_lines()))
    return installation, acknowledged


def test_documents_equal_a_fold_of_the_log_byte_for_byte(
    survivor: tuple[Installation, Path],
) -> None:
    installation, _ = survivor
    position, documents = installation.documents()
    lines = installation.log_lines()
    assert position == len(lines) > RATE * SECONDS / 4
    assert documents == fold_lines(lines, load_sites(installation.sites))


def test_every_beacon_that_was_answered_204_is_in_the_log(
    survivor: tuple[Installation, Path],
) -> None:
    installation, acknowledged = survivor
    names = set(acknowledged.read_text().split("\n")) - {""}
    logged = {_name(line) for line in installation.log_lines()}
    assert len(names) > RATE * SECONDS / 4
    assert names <= logged


def _name(line: bytes) -> str:
    beacon = msgspec.json.decode(line).get("beacon") or {}
    return f"{beacon.get('session')} {beacon.get('impression')} {beacon.get('seq')}"
