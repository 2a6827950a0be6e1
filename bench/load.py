"""A whole installation under the load of a large month: `make bench`, or `python -m bench.load --help`.

`bellrock serve` in a folder of its own, simulated visitors beside it (open model: arrivals do not wait for
answers; visits follow Zipf). Printed: beacons sent, acknowledged and folded; the lag; processor time as
a share of one core and memory of each process. Everything runs on this machine and ends by itself.
"""

import argparse
import asyncio
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import psutil

from bellrock.demo.prepare import declare_site
from bellrock.log.sqlite import SqliteLogReader
from bellrock.simulate.catalogue import SITE
from bellrock.simulate.load import LoadOptions, run

BELLROCK = [sys.executable, "-m", "bellrock"]


class Sample(NamedTuple):
    """One look at a process: CPU seconds so far and resident bytes."""

    cpu: float
    memory: int


def free_address() -> str:
    """An address of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def declare_sites(path: Path, count: int) -> list[str]:
    """Declare the demonstration's site and others like it; returns their keys."""
    declare_site(path)
    text = path.read_text()
    keys = [SITE, *(f"shop-{number}" for number in range(2, count + 1))]
    with path.open("w") as file:
        file.writelines(f"{text.replace(SITE, key)}\n" for key in keys)
    return keys


class Running:
    """`bellrock serve` and what it says of itself."""

    def __init__(self, folder: Path, sites: int) -> None:
        """Start it and wait until it answers."""
        self.data = folder / "data"
        self.sites = declare_sites(self.data / "sites.toml", sites)
        self.collector, self.dashboard = free_address(), free_address()
        self.process = subprocess.Popen(
            [
                *BELLROCK, "serve", "--data", self.data,
                "--trusted-proxies", "127.0.0.1", "--country-header", "X-Country",
                "--collect", self.collector, "--dashboard", self.dashboard,
            ],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith(b"sign in"):
                self.password = line.split(b"password ")[1].split()[0].decode()
                return
        raise SystemExit("serve did not start; its message is above")

    def samples(self) -> dict[str, Sample]:
        """CPU and memory of the supervisor and of each process it keeps."""
        supervisor = psutil.Process(self.process.pid)
        found = {"supervisor": supervisor}
        for child in supervisor.children():
            found |= {name: child for name in ("collect", "engine") if name in child.cmdline()}
        return {
            name: Sample(sum(p.cpu_times()[:2]), p.memory_info().rss) for name, p in found.items()
        }

    def live(self, http: httpx.Client) -> tuple[int, float]:
        """Lines folded, and how long the newest of them had waited (s)."""
        with http.stream("GET", "/api/v1/live", params={"site": SITE}) as events:
            for event in events.iter_lines():
                if event.startswith("data:"):
                    data = msgspec.json.decode(event[5:])
                    return data["position"], data["lag_seconds"]
        raise SystemExit("the live stream ended")

    def lines(self) -> int:
        """Lines in the log."""
        with closing(SqliteLogReader(self.data / "log")) as reader:
            return reader.end()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1080, help="beacons a second")
    parser.add_argument("--seconds", type=float, default=120, help="how long")
    parser.add_argument("--sites", type=int, default=5000, help="how many sites")
    parser.add_argument("--senders", type=int, default=1, help="processes that share the sending")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        running = Running(Path(folder), options.sites)
        try:
            report(running, options.rate, options.seconds, options.senders)
        finally:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait()


def send(collector: str, sites: list[str], rate: float, seconds: float) -> None:
    """Send simulated visits, and print how they were answered; in a process of its own."""
    url = f"http://{collector}"
    options = LoadOptions(collector=url, rate=rate, duration=seconds, sites=tuple(sites))
    print(asyncio.run(run(options)), flush=True)


def report(running: Running, rate: float, seconds: float, senders: int) -> None:
    """Send, watch, and print what was seen."""
    of_each = (running.collector, running.sites, rate / senders, seconds)
    visitors = [get_context("spawn").Process(target=send, args=of_each) for _ in range(senders)]
    for process in visitors:
        process.start()
    before, began, lags, memory = running.samples(), time.monotonic(), [], []
    with httpx.Client(base_url=f"http://{running.dashboard}", timeout=30) as http:
        http.post("/api/v1/login", json={"name": "admin", "password": running.password})
        while any(process.is_alive() for process in visitors):
            time.sleep(1)
            lags.append(running.live(http)[1])
            memory.append(running.samples())
        elapsed, after = time.monotonic() - began, running.samples()
        logged = running.lines()
        while (folded := running.live(http)[0]) < logged:
            time.sleep(0.1)
    print(f"in the log    {logged:,}\nfolded        {folded:,}")
    print(f"lag           median {sorted(lags)[len(lags) // 2]:.2f} s, greatest {max(lags):.2f} s")
    print("process       share of a core   greatest memory")
    for name in before:
        share = (after[name].cpu - before[name].cpu) / elapsed
        most = max(sample[name].memory for sample in memory) / 2**20
        print(f"{name:<12}  {share:14.1%}   {most:11.0f} MiB")
    total = sum(after[name].cpu - before[name].cpu for name in before) / elapsed
    print(f"{'together':<12}  {total:14.1%}")


if __name__ == "__main__":
    main()
