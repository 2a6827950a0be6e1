"""One log through each arrangement gives the documents of the fold, byte for byte: `make parity`.

The arrangements: the embedded engine on a topic of Kafka; and Kafka, Flink with so many workers, DynamoDB and
OpenSearch. In `make test` the log is its beginning, and Flink has two workers.
"""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from bellrock.log.blocks import SHARDS, shard_of
from bellrock.log.kafka import Topic
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.flink.cluster import local_cluster
from bellrock.runners.fold import fold_lines
from bellrock.store.duckdb import DuckDBStore
from end_to_end.distributed import APART_MINUTES, PARTITIONS, Distributed, differing
from end_to_end.recording import Recorded, record, without_races
from runners.flink.jobs import ENVIRONMENT, connectors, no_flink
from runners.flink.traffic import last_word
from stored import documents

WHOLE = bool(os.environ.get("PARITY"))
REQUESTS = 5000 if WHOLE else 700
WORKERS = [1, 2, 4] if WHOLE else [2]
PATIENCE = 900.0 if WHOLE else 240.0


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """The log, and at its end a line for every shard, long after all sessions have ended."""
    whole = record(11, REQUESTS)
    lines = list(without_races(whole.lines, shard_of, APART_MINUTES))
    return whole._replace(lines=[*lines, *last_word(lines)])


@pytest.fixture(scope="module")
def expected(recorded: Recorded) -> bytes:
    return fold_lines(recorded.lines, recorded.sites)


@pytest.fixture
def topic(kafka_servers: str, recorded: Recorded) -> Topic:
    topic = Topic(kafka_servers, f"parity-{uuid4()}")
    topic.create(PARTITIONS, 1)
    with closing(topic.writer()) as writer:
        for lines in recorded.appends():
            writer.append(lines)
    return topic


def tell(arrangement: str, found: bytes, expected: bytes) -> None:
    """Print how many documents differ; fails where any does."""
    others, count = differing(found, expected), len(expected.splitlines())
    print(f"\n{arrangement}: {len(others)} differing of {count} documents")
    assert found == expected, others[:4]


def test_the_embedded_engine_on_kafka(
    topic: Topic, recorded: Recorded, expected: bytes, tmp_path: Path
) -> None:
    with (
        closing(topic.log()) as log,
        closing(DuckDBStore(tmp_path / "store.duckdb")) as store,
    ):
        engine = Engine(log, store, recorded.sites, Progress(), wall_clock=lambda: 0.0)
        while store.progress()[0] < len(recorded.lines):
            engine.step()
        tell("Kafka, embedded engine", documents(store, recorded.sites), expected)


@no_flink
@pytest.mark.parametrize("workers", WORKERS)
def test_flink_between_kafka_dynamodb_and_opensearch(
    workers: int,
    topic: Topic,
    recorded: Recorded,
    expected: bytes,
    dynamodb_url: str,
    aws_account: None,
    opensearch_url: str,
    tmp_path: Path,
) -> None:
    with (
        closing(
            Distributed(tmp_path, topic, dynamodb=dynamodb_url, opensearch=opensearch_url)
        ) as job,
        local_cluster(
            tmp_path / "flink", ENVIRONMENT, workers=workers, jars=connectors()
        ) as cluster,
    ):
        job.submit(cluster, workers)
        wait(lambda: job.documents(recorded.sites) == expected)
        job.stop(cluster)
        # What is written later must not change anything.
        found = job.documents(recorded.sites)
    tell(f"Kafka, Flink with {workers} workers, DynamoDB, OpenSearch", found, expected)


def wait(holds: Callable[[], bool]) -> None:
    """Look again and again until it holds, or there is no patience left."""
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(2)


def test_the_recording_is_what_it_is_meant_to_be(recorded: Recorded, expected: bytes) -> None:
    """Else a comparison would say little."""
    assert {shard_of(line) for line in recorded.lines} == set(range(SHARDS))
    assert b'"duplicate.beacon"' in expected
    if WHOLE:
        assert b'"behaviour"' in expected
        assert b'"duplicate.order"' in expected
