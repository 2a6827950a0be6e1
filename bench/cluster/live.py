"""A job in motion: from beacon to document, checkpoints, and a worker that is killed.

First come as many live impressions as are wanted, of one beacon each. Then traffic goes on at its rate, and
between it now and then a probe: a page impression of a site that has no other. It has arrived when a search
finds it, which OpenSearch lets it a second after it was written.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from statistics import median, quantiles
from typing import Any

from bellrock.log.kafka import Topic
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bellrock.store.contract import Selection
from bench.cluster.place import SITES, Job, Place
from bench.cluster.table import Table
from bench.load import declare_sites

_PROBE = f"shop-{SITES}"  # the last of them has no visitors beside
_BEFORE_MS = 600_000  # in which the impressions came that are live
_TICK = 0.05
_LOOK = 0.05
_PROBE_EVERY = 0.5  # seconds, in the mean
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_ALWAYS = 1 << 40
_CHECKPOINTS = 3  # of which there is something to say


def report(place: Place, impressions: int, rate: float, seconds: int, table: Table) -> None:
    """Measure."""
    sites = place.folder / "live-sites.toml"
    keys = tuple(declare_sites(sites, SITES))[:-1]
    now = _now_ms()
    first = [
        _beacon(now - _BEFORE_MS + _BEFORE_MS * n // impressions, keys[n % len(keys)], n, n)
        for n in range(impressions)
    ]
    # Time to send what is needed for all of it, with a worker that is slow to come back.
    entries = _entries(Traffic(rate=rate, seed=2, sites=keys), 3 * seconds + 120)
    with place.job("live", sites, first) as job:
        place.wait(lambda: job.beacons() == impressions)
        place.wait(lambda: len(_checkpoints(place, job, 0)) >= 2)
        whole = _checkpoints(place, job, 0)[0]
        table.row(
            "checkpoint", f"{impressions:,} live impressions", whole["state_size"] / 1e6, "MB"
        )
        with _sending(job.topic, entries) as sender:
            watch = _Watch(job, sender)
            begun = _now_ms()
            watch.until(lambda: _now_ms() > begun + 1000 * seconds)
            sent = len(sender.sent)
            watch.until(lambda: len(watch.arrivals) >= sent)
            watch.until(lambda: len(_checkpoints(place, job, begun)) >= _CHECKPOINTS)
            _print_latency(watch, rate, table)
            _print_checkpoints(_checkpoints(place, job, begun), rate, table)
            _kill(place, job, watch, table)


def _print_latency(watch: "_Watch", rate: float, table: Table) -> None:
    found = quantiles(watch.latencies, n=100, method="inclusive")
    of = f"beacon to document at {rate:,.0f} beacons/s"
    table.row("latency", f"{of}, p50", found[49], "s")
    table.row("latency", f"{of}, p99", found[98], "s")
    table.row("latency", "probes", len(watch.latencies), "")


def _print_checkpoints(found: list[dict[str, Any]], rate: float, table: Table) -> None:
    new = [one["checkpointed_size"] for one in found]
    took = [one["end_to_end_duration"] / 1000 for one in found]
    between = found[0]["trigger_timestamp"] - found[-1]["trigger_timestamp"]
    beacons = rate * between / 1000
    table.row("checkpoint", "new in each, median", median(new) / 1e6, "MB")
    table.row("checkpoint", "new, for a beacon", sum(new[:-1]) / beacons, "bytes")
    table.row("checkpoint", "made in, median", median(took), "s")
    table.row("checkpoint", "made in, longest", max(took), "s")


def _kill(place: Place, job: Job, watch: "_Watch", table: Table) -> None:
    """Kill the worker while another waits for work."""
    place.cluster.add_worker()
    place.cluster.wait_for(2)
    killed = place.cluster.workers.pop(0)
    at, clock = _now_ms(), time.monotonic()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    watch.until(lambda: watch.arrived_since(clock) is not None)
    back = place.flink.ask(f"/jobs/{job.id}")["timestamps"]["RUNNING"] - at
    arrived = watch.arrived_since(clock)
    assert arrived is not None
    table.row("recovery", "until the job runs again", back / 1000, "s")
    table.row("recovery", "until a beacon sent since is a document", arrived - clock, "s")


class _Watch:
    """Looks for probes: `arrivals` are when they were found, in their order."""

    def __init__(self, job: Job, sender: "_Sender") -> None:
        self._job, self._sender = job, sender
        self.arrivals: list[float] = []

    @property
    def latencies(self) -> list[float]:
        """Of the probes that have arrived, in seconds."""
        return [end - begin for begin, end in zip(self._sender.sent, self.arrivals, strict=False)]

    def arrived_since(self, clock: float) -> float | None:
        """When the first probe arrived that was sent after a time."""
        both = zip(self._sender.sent, self.arrivals, strict=False)
        return next((end for begin, end in both if begin > clock), None)

    def until(self, holds: Callable[[], bool]) -> None:
        """Look until something holds."""
        while not holds():
            self._sender.check()
            found = self._job.store.measures(Selection(_PROBE, 0, _ALWAYS), ())
            count = int(found["impressions"].sum())
            self.arrivals += [time.monotonic()] * (count - len(self.arrivals))
            time.sleep(_LOOK)


class _Sender(threading.Thread):
    """Sends traffic and probes when their time has come; `sent` are the times of the probes."""

    def __init__(self, topic: Topic, entries: list[tuple[int, bytes]]) -> None:
        super().__init__(daemon=True)
        self._topic, self._entries = topic, entries
        self._ends = threading.Event()
        self._random = Random(1)  # noqa: S311  # no secret
        self.sent: list[float] = []

    def run(self) -> None:
        """See `Thread.run`."""
        begun, place, probe_at = _now_ms(), 0, 0.0
        with closing(self._topic.writer()) as writer:
            while not self._ends.wait(_TICK):
                now, first = _now_ms(), place
                while self._entries[place][0] <= now - begun:
                    place += 1
                lines = [b'{"at":%d%b' % (now, rest) for _, rest in self._entries[first:place]]
                if time.monotonic() >= probe_at:
                    probe_at = time.monotonic() + self._random.uniform(0, 2 * _PROBE_EVERY)
                    lines.append(_beacon(now, _PROBE, -1, len(self.sent)))
                    self.sent.append(time.monotonic())
                writer.append(lines)

    def check(self) -> None:
        """Raise RuntimeError where it sends no more; its thread has said why."""
        if not self.is_alive():
            raise RuntimeError("no more beacons are sent")

    def end(self) -> None:
        """Stop sending."""
        self._ends.set()
        self.join()


@contextmanager
def _sending(topic: Topic, entries: list[tuple[int, bytes]]) -> Iterator[_Sender]:
    sender = _Sender(topic, entries)
    sender.start()
    try:
        yield sender
    finally:
        sender.end()


def _entries(traffic: Traffic, seconds: int) -> list[tuple[int, bytes]]:
    """Lines without their time, each with when it comes, in ms."""
    found = []
    for line in past_lines(traffic, begin_ms=0, end_ms=1000 * seconds):
        at, rest = line[len(b'{"at":') :].split(b",", 1)
        found.append((int(at), b"," + rest))
    return found


def _beacon(at: int, site: str, session: int, impression: int) -> bytes:
    """The line of a page impression's first beacon."""
    ids = f'"session":"session-{session + 1:010}","impression":"impression-{impression:010}"'
    beacon = f'{{"v":1,"site":"{site}",{ids},"seq":0,"type":"navigation"}}'
    return f'{{"at":{at},"ua":"{_AGENT}","gpc":false,"beacon":{beacon}}}'.encode()


def _checkpoints(place: Place, job: Job, since: int) -> list[dict[str, Any]]:
    """Whole checkpoints that began after a time in ms, the newest first."""
    history = place.flink.ask(f"/jobs/{job.id}/checkpoints")["history"]
    return [
        one for one in history if one["status"] == "COMPLETED" and one["trigger_timestamp"] > since
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
