"""`make bench-engine`, or `python -m bench.engine`: every figure of the engine, on one core, in one run.

Each figure is taken by a process of its own, so that none meets the memory of another.
"""

import argparse
import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import repeat

from bench.engine import growth, memory, rates, recovery, rivals
from bench.engine.lines import COUNT, write_stream

FIGURES = {
    "rates": rates.report,
    "growth": growth.report,
    "memory": memory.report,
    "recovery": recovery.report,
    "rivals": rivals.report,
}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench.engine", description=__doc__)
    parser.add_argument("--only", action="append", choices=FIGURES, help="take this figure")
    wanted = parser.parse_args().only or FIGURES
    began = time.monotonic()
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    print(f"{_versions()}\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, core {core}; {_load()}")
    with TemporaryDirectory() as folder:
        stream = Path(folder, "stream.json")
        write_stream(stream)
        print(f"{COUNT:,} lines, {stream.stat().st_size / COUNT:.0f} bytes each", flush=True)
        for name in wanted:
            process = get_context("spawn").Process(target=FIGURES[name], args=(stream,))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)
    print(f"\n{(time.monotonic() - began) / 60:.1f} minutes; {_load()}")


def _versions() -> str:
    packages = (f"{name} {version(name)}" for name in ("bellrock", "numpy", "polars", "duckdb"))
    return f"Python {platform.python_version()}, {', '.join(packages)}"


def _load() -> str:
    """What else the machine does, and how fast it is now: one that others share is not always alike."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    loop = min(repeat("for n in range(1_000_000): n & 3", number=1, repeat=5))
    return f"{load}; a million turns of a loop take {1000 * loop:.0f} ms"


if __name__ == "__main__":
    main()
