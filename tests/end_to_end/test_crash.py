"""`bellrock serve` starts again what dies, and nobody can tell: by turns under load, a few times (`test_torture` has many)."""

import random
import subprocess
import time
from pathlib import Path

import msgspec

from bellrock.sites import load_sites
from end_to_end.installation import BELLROCK, Installation, wait_until_folded
from stored import Folding, difference

RATE, SECONDS, KILLS = 250, 20, 6


def test_the_supervisor_starts_again_what_is_killed_and_nothing_is_lost_or_differs_from_fold(
    tmp_path: Path,
) -> None:
    acknowledged = tmp_path / "acknowledged.txt"
    with Installation(tmp_path) as installation:
        visitors = visit(installation, acknowledged)
        chance = random.Random(20)
        for number in range(KILLS):
            time.sleep(chance.uniform(0.5, 2.0))
            installation.kill("engine" if number % 3 else "collect")
        assert visitors.wait() == 0
        lines = installation.log_lines()
        wait_until_folded(installation.config, len(lines))
    folding = Folding(load_sites(installation.config.sites_file))
    folding.fold(lines)
    told = difference(installation.holding(), folding.holding())
    assert not told, told
    kept = set(acknowledged.read_text().split("\n")) - {""}
    assert len(kept) > RATE * SECONDS / 4
    assert kept <= {name(line) for line in lines}


def visit(installation: Installation, acknowledged: Path) -> subprocess.Popen[bytes]:
    """Simulated visitors, who stop by themselves."""
    return subprocess.Popen(
        [
            *BELLROCK, "simulate", "--collector", installation.config.collect_address.url,
            "--rate", str(RATE), "--duration", str(SECONDS), "--bad-share", "0.02",
            "--acknowledged", acknowledged,
        ],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def name(line: bytes) -> str:
    beacon = msgspec.json.decode(line).get("beacon") or {}
    return f"{beacon.get('session')} {beacon.get('impression')} {beacon.get('seq')}"
