"""`python -m bench.flink`: what Python does in the job on Flink, some three minutes on one core.

Seconds are processor time. What takes turns is compared within each round; of ratios the median round counts.
"""

import os
from itertools import takewhile

from bellrock.log.stamp import time_of
from bellrock.runners.garbage import sparing_what_stays
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bench.engine.lines import sites
from bench.flink import growth, rates

_SEED = 1
_SECONDS = 130  # of the log, in which more lines come than any figure takes


def main() -> None:
    """Measure and print."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    traffic = Traffic(rate=rates.RATE, seed=_SEED, sites=tuple(sites()))
    end = rates.time_of(rates.BEFORE + rates.MEASURED)
    every = list(past_lines(traffic, begin_ms=rates.BEGIN_MS, end_ms=rates.time_of(_SECONDS)))
    lines = list(takewhile(lambda line: (time_of(line) or 0) < end, every))
    with sparing_what_stays():
        rates.report_live(lines)
        rates.report_backlog(every)
        growth.report(lines)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
