"""Our side of the comparison: `python -m bench.engine.ours FILE` does with lines what a peer does.

It prints the same JSON object. Documents and changed state are made and dropped, as peers drop what they count.
"""

import argparse
import json
from pathlib import Path

from bench.peers.clock import Cost

_BATCH = 10_000


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    cost = Cost()
    _fold(file)
    print(json.dumps(cost.so_far()))


def _fold(file: Path) -> None:
    # Imported while it is measured, as the peers' start is.
    from bellrock.operators.sessions import GAP_MINUTES
    from bellrock.operators.time import minute_of
    from bellrock.runners.fold import read_lines
    from bellrock.runners.garbage import sparing_what_stays
    from bench.engine.states import batches, pipeline

    with sparing_what_stays():  # as `bellrock serve` does
        folding = pipeline()
        for part in batches(read_lines([file]), _BATCH):
            folding.step(part)
        # Flink gives out open sessions when lines have come to their end; ours end at their own minutes.
        last = minute_of(folding.state.watermark)
        for minute in range(last + 1, last + GAP_MINUTES + 2):
            folding.pass_boundaries(minute)
        assert not len(folding.state.sessions)


if __name__ == "__main__":
    main()
