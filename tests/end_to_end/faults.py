"""A collector, Kafka, Flink, DynamoDB and OpenSearch, of which everything fails while beacons flow.

Enters: a folder, a seed, which blows in which order (`blows`). Leaves: what differs between the documents and those of
the fold over the log as Kafka has it. What always holds: nothing that was acknowledged is missing there; all
the time requests to OpenSearch and DynamoDB meet faults by chance (`servers.weather`).
"""

import asyncio
import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import NamedTuple, Self
from uuid import uuid4

import msgspec

from bellrock.log.blocks import shard_of
from bellrock.log.kafka import Topic
from bellrock.runners.flink.cluster import local_cluster
from bellrock.runners.fold import fold_lines
from bellrock.sites import load_sites
from end_to_end.checks import LogBook
from end_to_end.distributed import APART_MINUTES, PARTITIONS, Distributed, differing
from end_to_end.installation import settings, until
from end_to_end.oddities import requests
from end_to_end.processes import FastTime, victims, warm_up
from end_to_end.recording import at_of, requests_without_races, without_races
from end_to_end.visitors import Visitors
from log.visits import lines_in
from runners.flink.jobs import ENVIRONMENT, connectors
from runners.flink.traffic import last_word
from servers.kafka import Broker, new_broker
from servers.proxy import Proxy
from servers.weather import DYNAMODB, SEARCH, Weather

SPEED = 60  # minutes of the log in a minute
_RATE = 20.0  # beacons in a second
_RESENT_MINUTES = 60  # of the log: how much later than planned a beacon may come
_WITHIN = 300.0  # seconds: until the job goes on, and until all is folded
_PAUSE = 4.0  # seconds at most from one blow to the next
_JOB = """\
lanes = 8
slots = 16
step_seconds = 0.2
flush_seconds = 0.5
hours_seconds = 1.5
checkpoint_seconds = 2
"""


class Outcome(NamedTuple):
    """What differs, of how many documents of the fold, and how often what happened before."""

    differing: Sequence[bytes]
    documents: bytes
    happened: Counter[str]

    def __str__(self) -> str:
        told = ", ".join(f"{count} {name}" for name, count in self.happened.items())
        count = len(self.documents.splitlines())
        return f"{len(self.differing)} differing of {count} documents after {told}"


class Faults:
    """Everything from visitors to the search store; a context manager that leaves nothing running."""

    def __init__(self, folder: Path, seed: int, *, dynamodb: str, opensearch: str) -> None:
        """Of two servers that are there; the others are its own."""
        self.seed, self.folder, self.chance = seed, folder, Random(seed)
        self.happened = Counter[str]()
        self.late_writes_refused = 0
        self.tables_weather = Weather(f"{seed}/tables", DYNAMODB)
        self.search_weather = Weather(f"{seed}/search", SEARCH)
        self.tables = Proxy(dynamodb, self.tables_weather.meet)
        self.search = Proxy(opensearch, self.search_weather.meet)
        self._servers = {"dynamodb": dynamodb, "opensearch": opensearch}
        self._entered = ExitStack()

    def __enter__(self) -> Self:
        """Start everything, and send."""
        with self._entered as entered:
            self._start(entered)
            self._entered = entered.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop everything."""
        self._entered.close()

    def _start(self, entered: ExitStack) -> None:
        self._start_servers(entered)
        self._start_cluster(entered)
        self._start_visitors(entered)
        self.job.submit(self.cluster, self.workers)

    def _start_servers(self, entered: ExitStack) -> None:
        (self.folder / "kafka").mkdir()
        self.kafka = Kafka(new_broker(self.folder / "kafka"))
        entered.callback(self.kafka.stop)
        self.kafka.start()
        self.topic = Topic(self.kafka.broker.address, f"faults-{uuid4()}")
        self.topic.create(PARTITIONS, 1)
        for proxy in (self.tables, self.search):
            proxy.start()
            entered.callback(proxy.stop)

    def _start_cluster(self, entered: ExitStack) -> None:
        through = (self.tables.url, self.search.url)
        job = Distributed(self.folder, self.topic, **self._servers, told=_JOB, through=through)
        self.job = entered.enter_context(closing(job))
        self.workers = 2
        # One more than the job needs, which takes over at once.
        self.cluster = entered.enter_context(
            local_cluster(
                self.folder / "flink", ENVIRONMENT, workers=self.workers + 1, jars=connectors()
            )
        )

    def _start_visitors(self, entered: ExitStack) -> None:
        config = msgspec.structs.replace(settings(self.folder, 0.2), log=self.topic.url)
        self.sites = load_sites(config.sites_file)
        warm_up()
        self.began = time.time()
        self.collector, _ = victims(config, FastTime(self.began, SPEED))
        entered.callback(self.collector.end)
        self.collector.start()
        until(self.collector.serves, "the collector")
        planned = requests(self.seed, tuple(self.sites), _RATE / SPEED)
        apart = requests_without_races(planned, APART_MINUTES + _RESENT_MINUTES)
        self.visitors = Visitors(config.collect_address, apart, self.began, SPEED)
        self.sending = entered.enter_context(_Sending(self.visitors))

    def run(self, blows: Sequence[Callable[["Faults"], None]], minutes: float) -> Outcome:
        """Let blows fall one after the other, none later than after so many minutes, then compare."""
        try:
            for blow in blows:
                if time.time() > self.began + 60 * minutes:
                    break
                time.sleep(self.chance.uniform(0.5, _PAUSE))
                began = time.time()
                blow(self)
                name = blow.__name__.replace("_", " ")
                self.happened[name] += 1
                since, took = began - self.began, time.time() - began
                print(f"{since:5.0f} s: {name}, {took:.0f} s", flush=True)
            return self._finish()
        except BaseException as error:
            error.add_note(f"seed {self.seed}, {self.happened}; the files are in {self.folder}.")
            raise

    def _finish(self) -> Outcome:
        """Wait until all is folded, stop the job, and compare."""
        self.sending.stop()
        self.collector.stop()
        for weather in (self.tables_weather, self.search_weather):
            weather.clear()
        lines = self._logged()
        end = last_word(lines)
        with closing(self.topic.writer()) as writer:
            writer.append(end)
        expected = fold_lines([*lines, *end], self.sites)
        until = time.monotonic() + _WITHIN
        while self.job.documents(self.sites) != expected and time.monotonic() < until:
            self.cluster.replace_ended()
            time.sleep(1)
        self.job.stop(self.cluster)
        # What is written later must not change anything.
        found = self.job.documents(self.sites)
        met = self.tables_weather.met + self.search_weather.met
        self.happened.update({name.replace("_", " "): count for name, count in met.items()})
        self.happened["late writes refused"] = self.late_writes_refused
        self.happened["beacons acknowledged"] = self.visitors.acknowledged.total()
        for status, count in self.visitors.refused.items():
            self.happened[f"requests answered {status}"] = count
        return Outcome(differing(found, expected), expected, self.happened)

    def _logged(self) -> list[bytes]:
        """The log as the fold reads it: what was acknowledged is there, and no order is open to races."""
        with closing(self.topic.log()) as log:
            parts = [list(lines_in(part)) for part in log.partitions.values()]
        lines = list(heapq.merge(*parts, key=at_of))
        book = LogBook()
        book.take(lines)
        book.require_what_was_acknowledged(self.visitors)
        assert lines == list(without_races(lines, shard_of, APART_MINUTES))
        return lines


class Kafka:
    """A broker that is stopped, or killed, and goes on with what it has."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._running = ExitStack()

    def start(self, stop_within: float = 10.0) -> None:
        """Start; it is killed where it may take 0 seconds to stop."""
        self._running.enter_context(self.broker.running(stop_within))

    def stop(self) -> None:
        self._running.close()


class _Sending:
    """Visitors at work in a thread, until `stop`."""

    def __init__(self, visitors: Visitors) -> None:
        self._visitors, self._loop = visitors, asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._visitors.send(self._stop))
        except BaseException as error:
            self._failed.append(error)
        finally:
            self._loop.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def stop(self) -> None:
        """Send no more; raises what sending has failed with."""
        self.__exit__()
        for error in self._failed:
            raise error
