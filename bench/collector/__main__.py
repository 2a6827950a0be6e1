"""`make bench-collector`, or `python -m bench.collector`: every figure of the collector, in one run.

The servers have one core, the sender has another, so two are needed. Those that are compared take turns.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bellrock.collector.server import admit_many_connections
from bench.collector import contenders
from bench.collector.arrivals import Outcome
from bench.collector.contender import Contender
from bench.collector.contenders import Server
from bench.collector.traffic import requests

_ROUNDS, _STRANGE_ROUNDS = 3, 5
_SECONDS, _FIRST_SECONDS = 2.5, 1.0
_NAMES: dict[str, Callable[[Path, int], AbstractContextManager[Server]]] = {
    "collector": contenders.collector,
    "no durability": contenders.forgetful,
    "two workers": contenders.workers,
    "nginx, 204": contenders.nginx,
    "ceiling": contenders.ceiling,
}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench.collector", description=__doc__)
    told = "with real-time priority, in short stretches: for a machine that is not idle, as root"
    parser.add_argument("--first", action="store_true", help=told)
    first = parser.parse_args().first
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("Two cores are needed: one for the servers, one for the sender.")
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server is left behind
    os.sched_setaffinity(0, {cores[0]})
    admit_many_connections()
    print(f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_load()}")
    if first:
        print("Every stretch is before all others on the machine, and short.")
    if not contenders.nginx_executable():
        print("nginx is not here, so it is left out. On Debian: apt-get install nginx")
        del _NAMES["nginx, 204"]
    _measure(cores[-1], cores[0], first=first)
    print(f"{(time.monotonic() - began) / 60:.1f} minutes; {_load()}")


def _measure(core: int, own: int, *, first: bool) -> None:
    seconds, sent = _FIRST_SECONDS if first else _SECONDS, requests()
    size = sum(map(len, sent)) / len(sent)
    print(f"servers on core {core}, sender on core {own}; requests of {size:.0f} bytes", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = {}
        for name, start in _NAMES.items():
            server = stack.enter_context(start(folder, core))
            found[name] = Contender(server, sent, seconds=seconds, first=first)
        for turn in range(_ROUNDS):
            for contender in found.values():
                for share in (0.5, 1.0):
                    contender.take_a_turn(share, seed=turn)
        _print(found)
        _print_strangers(found["collector"], own)


def _print(found: dict[str, Contender]) -> None:
    """Medians of the turns."""
    print(
        "                         at half the knee          at the knee            for a request\n"
        "               knee/s    p50     p99   sender      p50     p99   sender   processor"
    )
    for name, contender in found.items():
        columns = "   ".join(_shown(contender.seen[share]) for share in (0.5, 1.0))
        cost = median(contender.costs) * 1e6
        print(f"{name:<14} {contender.knee:6,.0f}  {columns}   {cost:6.1f} us")
    ours = found["collector"].knee
    for name in list(found)[1:]:
        print(f"{name} / collector: {found[name].knee / ours:.2f}")


def _print_strangers(contender: Contender, own: int) -> None:
    """Good traffic at a quarter of the knee, alone and among strangers, by turns."""
    rate = contender.knee / 4
    alone, among = [], []
    for turn in range(_STRANGE_ROUNDS):
        alone.append(contender.send(rate, turn))
        among.append(contender.send_among_strangers(rate, turn, own))
    outcomes = [outcome for outcome, _, _ in among]
    lost = sum(outcome.sent - outcome.kept for outcome in outcomes)
    grown = ", ".join(f"{memory / 2**20:.0f}" for _, _, memory in among)
    print(
        f"{rate:,.0f} a second, alone:  {_shown(alone)}\n"
        f"among strangers:  {_shown(outcomes)}; {lost} not answered 204\n"
        f"they have {among[-1][1]:,} connections; memory by turns: {grown} MiB more"
    )


def _shown(outcomes: list[Outcome]) -> str:
    p50 = median(outcome.p50 for outcome in outcomes) * 1000
    p99 = median(outcome.p99 for outcome in outcomes) * 1000
    busy = median(outcome.busy for outcome in outcomes)
    late = median(outcome.late for outcome in outcomes) * 1000
    return f"{p50:6.1f}  {p99:6.1f} ms {busy:4.0%} {late:.1f} ms"


def _load() -> str:
    return f"the machine's load is {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
