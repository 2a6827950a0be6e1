"""Whatever fails between a beacon and its document, the documents are those of the fold: `make faults`.

FAULTS_ROUNDS says how often there is each blow, FAULTS_SEED by which chance; or FAULTS_BLOWS names them in their
order, as in `blows`; none falls later than after FAULTS_MINUTES. In `make test` there are a few.
"""

import os
import secrets
from pathlib import Path

from end_to_end import blows
from end_to_end.faults import Faults
from runners.flink.jobs import no_flink

ROUNDS = int(os.environ.get("FAULTS_ROUNDS") or 0)
NAMED = os.environ.get("FAULTS_BLOWS", "").split()
MINUTES = float(os.environ.get("FAULTS_MINUTES") or "inf")
SEED = int(os.environ.get("FAULTS_SEED") or secrets.randbits(32))


@no_flink
def test_whatever_fails_no_acknowledged_beacon_is_lost_and_nothing_differs_from_fold(
    dynamodb_url: str, aws_account: None, opensearch_url: str, tmp_path: Path
) -> None:
    with Faults(tmp_path, SEED, dynamodb=dynamodb_url, opensearch=opensearch_url) as faults:
        blows.goes_on(faults)
        outcome = faults.run(chosen(faults), MINUTES)
    print(f"\n{outcome}")
    assert not outcome.differing, outcome.differing[:4]
    require_that_something_happened(outcome.happened, outcome.documents)


def chosen(faults: Faults) -> list[blows.Blow]:
    """Each as often as there are rounds, and what is soon over thrice; in `make test` the brief ones."""
    if NAMED:
        return [getattr(blows, name) for name in NAMED]
    found = [*blows.EACH, *2 * blows.OFTEN] * ROUNDS if ROUNDS else list(blows.BRIEF)
    faults.chance.shuffle(found)
    return found


def require_that_something_happened(happened: dict[str, int], documents: bytes) -> None:
    """A run in which nothing can go wrong proves nothing."""
    assert b'"duplicate.beacon"' in documents
    faults = ["too many requests", "half refused", "answer lost", "throttled", "half throttled"]
    for fault in faults if ROUNDS else faults[:3]:
        assert happened[fault], f"no request met: {fault}"
    if ROUNDS:
        assert b'"behaviour"' in documents
        assert happened["late writes refused"], "no zombie wrote"
