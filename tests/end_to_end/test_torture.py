"""Engine and collector are killed by chance, again and again: `make torture` does it a thousand times.

TORTURE_KILLS says how often, TORTURE_SEED by which chance.
"""

import asyncio
import os
import secrets
from pathlib import Path

from bellrock.log.files import log_files
from bellrock.store.tables import parts_of
from end_to_end.torture import Torture
from stored import Holding

KILLS = int(os.environ.get("TORTURE_KILLS") or 50)
SEED = int(os.environ.get("TORTURE_SEED") or secrets.randbits(32))
ENOUGH = 50
"""After so many kills everything has happened."""

EVERYTHING = "duplicate.beacon duplicate.order orphan malformed behaviour cluster"


def test_whatever_is_killed_and_whenever_no_acknowledged_beacon_is_lost_and_nothing_differs_from_fold(
    tmp_path: Path,
) -> None:
    with Torture(tmp_path, SEED) as torture:
        held = asyncio.run(torture.run(KILLS))
    assert len(torture.kills) == KILLS
    if KILLS >= ENOUGH:
        require_that_everything_happened(torture, held)


def require_that_everything_happened(torture: Torture, held: Holding) -> None:
    """A run in which nothing can go wrong proves nothing."""
    assert {kill.victim for kill in torture.kills} == {"collect", "engine"}
    assert any(kill.while_starting for kill in torture.kills)
    assert held.claims
    assert held.marks
    for word in EVERYTHING.split():
        assert f'"{word}"'.encode() in held.documents, word
    assert len(log_files(torture.config.log_directory)) > 3
    with torture.checks.store() as store:
        for part in parts_of("minutes"):
            assert store._database.rows(f"SELECT 1 FROM {part} LIMIT 1"), f"{part} is empty"
        [(base, last)] = store._database.rows("SELECT min(number), max(number) FROM state")
        assert base > last / 2, "no base of the state was written lately"
