"""`PYTHONPATH=tests python -m bench.cluster`: the job on a cluster of this machine, in one table.

Some ten minutes on two idle cores. It needs what `make parity` sets up, and for Flink SQL what `make
bench-engine` does. Everything that it starts ends with it.
"""

import argparse
import os
import signal
import sys

from bench.cluster import knee, live
from bench.cluster.place import place
from bench.cluster.table import Table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.cluster", description=__doc__)
    parser.add_argument("--only", choices=("knee", "live"), help="take these figures")
    parser.add_argument(
        "--lines", type=int, default=600_000, help="of the backlog that are measured"
    )
    parser.add_argument("--impressions", type=int, default=1_000_000, help="that are live")
    parser.add_argument("--rate", type=float, default=1080.0, help="beacons a second")
    parser.add_argument("--seconds", type=int, default=120, help="of live traffic")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with place() as here:
        table = Table()
        if options.only != "live":
            knee.report(here, options.lines, table)
        if options.only != "knee":
            live.report(here, options.impressions, options.rate, options.seconds, table)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
