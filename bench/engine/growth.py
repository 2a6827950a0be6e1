"""What a step costs as more is live: 50 thousand impressions against 5 million.

Both states begin as the same lines left them; in the larger one is a crowd besides. The same later lines are
folded into both by turns, so that steps touch the same impressions. As rows are added, tables merge their
runs, the large ones seldom: those merges fell due while the crowd was made, and each step is charged its part.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

from bellrock.pipeline import Pipeline
from bellrock.runners.garbage import sparing_what_stays
from bench.engine.crowd import Crowd
from bench.engine.lines import read_stream
from bench.engine.states import batches, pipeline, pipeline_after

_FIRST = 220_000
"""Lines that lead to the small state: 40 thousand live impressions, which double while this measures."""
_LARGE = 5_000_000
_BATCH = 10_000
_STEPS = 5
_STRETCHES = 4


def report(stream: Path) -> None:
    """Measure and print."""
    small = pipeline_after(read_stream(stream, 0, _FIRST))
    large = pipeline(small.state.snapshot())
    crowd = Crowd(large.state)
    crowd.grow(_LARGE)
    before = _live(small), _live(large)
    lines = read_stream(stream, _FIRST, _FIRST + _BATCH * _STEPS * _STRETCHES)
    with sparing_what_stays():  # as `bellrock serve` does
        stretches = [_fold(small, large, part) for part in batches(lines, _BATCH * _STEPS)]
    after = _live(small), _live(large)
    merging = crowd.seconds / crowd.put * (after[0] - before[0]) / (_STEPS * _STRETCHES)
    print(f"\nGrowth: steps of {_BATCH:,} lines, by live impressions")
    for size, name in enumerate(("small", "large")):
        milliseconds = 1000 * median(stretch[size] for stretch in stretches)
        print(f"  {name}  {before[size]:>9,} to {after[size]:>9,}{milliseconds:10.1f} ms a step")
    bare = median(large / small for small, large in stretches)
    charged = median((large + merging) / small for small, large in stretches)
    print(f"  the large runs' merges{' ' * 8}{1000 * merging:10.1f} ms a step")
    print(f"  ratio {charged:.2f}, without those merges {bare:.2f} (goal: at most 1.2)")


def _live(one: Pipeline) -> int:
    return len(one.state.impressions)


def _fold(small: Pipeline, large: Pipeline, lines: Sequence[bytes]) -> tuple[float, float]:
    """Mean processor seconds of a step of each, which take steps by turns, and turns at going first."""
    seconds = [0.0, 0.0]
    sizes = [(0, small), (1, large)]
    for part in batches(lines, _BATCH):
        for size, one in sizes:
            began = process_time()
            one.step(part)
            seconds[size] += process_time() - began
        sizes.reverse()
    return seconds[0] / _STEPS, seconds[1] / _STEPS
