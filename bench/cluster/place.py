"""Kafka, DynamoDB, OpenSearch and a cluster of one worker, in a folder, and jobs between them.

All servers are those that the tests start; they listen on the loopback and end with the block. Processor
time is that of a process with its children.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import psutil

from bellrock.dynamodb.client import connect
from bellrock.log.blocks import cut
from bellrock.log.kafka import Topic
from bellrock.runners.flink.cluster import Cluster, local_cluster
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.rest import Flink
from bellrock.runners.flink.submit import submit
from bellrock.store.search import SearchStore, open_search_store
from bench.engine.states import batches
from servers.dynamodb import dynamodb, make_tables
from servers.fixtures import AWS
from servers.kafka import kafka
from servers.opensearch import OPTIMISED, opensearch
from servers.process import ServerFailed

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
LANES = 16  # the default
SITES = 20
"""Of the traffic; each has indices of its own, which take OpenSearch longer to make than documents."""

APPEND = 1_000
"""Lines that a collector commits together: records of 8 lines, by 128 shards."""

_PATIENCE = 600.0
_AT_ONCE = 10_000  # lines for which the log is waited once
_SETTINGS = """\
log = "{topic.url}"
sites = "{sites}"
store = "{store}"
claims = "{topic.name}-claims"
marks = "{topic.name}-marks"
progress = "{topic.name}-progress"
checkpoints = "file://{folder}/checkpoints"
job = "{topic.name}"
lanes = {lanes}
dynamodb = "{tables}"
"""


class Job(NamedTuple):
    """One that runs."""

    id: str
    topic: Topic
    store: SearchStore
    flink: Flink

    def beacons(self) -> int:
        """How many beacons the documents have that can be found; raises ServerFailed where the job failed."""
        for failure in self.flink.ask(f"/jobs/{self.id}/exceptions")["exceptionHistory"]["entries"]:
            raise ServerFailed(failure["stacktrace"][-2000:])
        return self.store.activity(0).beacons


class Place(NamedTuple):
    """Where everything runs; `cluster` has one worker."""

    folder: Path
    kafka: str
    tables: str
    search: str
    cluster: Cluster

    def store(self, name: str) -> SearchStore:
        """A store of its own in the one node."""
        return open_search_store(self._store_url(name))

    def _store_url(self, name: str) -> str:
        return f"{self.search.replace('http://', 'opensearch://')}/{name}"

    @property
    def flink(self) -> Flink:
        """The cluster's REST interface."""
        return Flink(self.cluster.url)

    @contextmanager
    def job(
        self,
        name: str,
        sites: Path,
        lines: Sequence[bytes],
        lanes: int = LANES,
        append: int = APPEND,
    ) -> Iterator[Job]:
        """A job of one worker with its own topic, which has lines already (`send`)."""
        topic = Topic(self.kafka, name)
        topic.create(PARTITIONS, 1)
        send(topic, lines, append)
        with closing(connect(endpoint=self.tables)) as client:
            make_tables(client, name)
        settings = self.folder / f"{name}.toml"
        settings.write_text(
            _SETTINGS.format(
                topic=topic,
                sites=sites,
                store=self._store_url(name),
                folder=self.folder,
                tables=self.tables,
                lanes=lanes,
            )
        )
        command = ["-pym", "bellrock.runners.flink.job", str(settings)]
        submit(self.cluster.home, self.cluster.url, self.folder / "bellrock.zip", command)
        running = self.flink.running(name)
        with closing(self.store(name)) as store:
            try:
                yield Job(running, topic, store, self.flink)
            finally:
                httpx.patch(f"{self.cluster.url}/jobs/{running}?mode=cancel", timeout=30)
                self.wait(lambda: self.flink.ask(f"/jobs/{running}")["state"] == "CANCELED")

    def wait(self, holds: Callable[[], bool], every: float = 0.5) -> None:
        """Wait until something holds; raises ServerFailed where it does not in ten minutes."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise ServerFailed(f"waited in vain: see {self.folder}/flink/log")
            time.sleep(every)


@contextmanager
def place() -> Iterator[Place]:
    """Start everything."""
    os.environ |= AWS
    with TemporaryDirectory(prefix="bellrock-bench-") as name:
        folder = Path(name)
        write_code(folder / "bellrock.zip")
        jars = sorted((ROOT / ".make" / "flink").glob("*/*.jar"))
        for server in ("kafka", "dynamodb", "opensearch"):
            (folder / server).mkdir()
        with (
            kafka(folder / "kafka") as brokers,
            dynamodb(folder / "dynamodb") as tables,
            opensearch(folder / "opensearch", *OPTIMISED) as search,
            local_cluster(folder / "flink", ROOT / ".venv-flink", workers=1, jars=jars) as cluster,
        ):
            yield Place(folder, brokers, tables, search, cluster)


def send(topic: Topic, lines: Sequence[bytes], append: int) -> None:
    """Write lines as a collector would that commits so many at a time."""
    with closing(topic.writer()) as writer:
        for part in batches(lines, _AT_ONCE):
            writer.put([block for own in batches(part, append) for block in cut(own)])


def processor_seconds(pid: int) -> float:
    """Processor time of a process and its children."""
    total = 0.0
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total
