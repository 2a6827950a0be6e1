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

from bellrock.canonical import canonical_text
from bellrock.claims.dynamodb import create_claims_table
from bellrock.dynamodb.client import connect
from bellrock.log.blocks import SHARDS, shard_of
from bellrock.log.kafka import Topic
from bellrock.marks.dynamodb import create_marks_table
from bellrock.operators.summaries import Deltas
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.flink.cluster import local_cluster
from bellrock.runners.flink.horizon import create_progress_table
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.rest import Flink
from bellrock.runners.flink.submit import submit
from bellrock.runners.fold import fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.search import open_search_store
from end_to_end.installation import SITES
from end_to_end.recording import Recorded, record, without_races
from runners.flink.traffic import last_word
from stored import documents

ROOT = Path(__file__).parents[2]
ENVIRONMENT, JARS = ROOT / ".venv-flink", ROOT / ".make" / "flink"
WHOLE = bool(os.environ.get("PARITY"))
REQUESTS = 5000 if WHOLE else 700
WORKERS = [1, 2, 4] if WHOLE else [2]
PARTITIONS = 4
PATIENCE = 900.0 if WHOLE else 240.0
APART_MINUTES = 40  # the judge lets no lane run so far ahead of another

no_flink = pytest.mark.skipif(
    not (ENVIRONMENT / ".done").exists() or not (JARS / ".done").exists(),
    reason="there is no Flink: `make flink` says why",
)


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
    theirs, ours = set(found.splitlines()), set(expected.splitlines())
    differing = len(theirs ^ ours)
    print(f"\n{arrangement}: {differing} differing of {len(ours)} documents")
    assert found == expected, sorted(theirs ^ ours)[:4]


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
    client = connect(endpoint=dynamodb_url)
    for create in (create_claims_table, create_marks_table, create_progress_table):
        create(client, f"{topic.name}-{create.__name__}")
    prefix = topic.name
    store_url = f"{opensearch_url.replace('http://', 'opensearch://')}/{prefix}"
    (tmp_path / "sites.toml").write_text(SITES)
    settings = tmp_path / "job.toml"
    settings.write_text(f"""\
log = "{topic.url}"
sites = "{tmp_path}/sites.toml"
store = "{store_url}"
claims = "{topic.name}-create_claims_table"
marks = "{topic.name}-create_marks_table"
progress = "{topic.name}-create_progress_table"
checkpoints = "file://{tmp_path}/checkpoints"
job = "{topic.name}"
parallelism = {workers}
dynamodb = "{dynamodb_url}"
""")
    code = tmp_path / "bellrock.zip"
    write_code(code)
    jars = sorted(JARS.glob("*/*.jar"))
    folder = tmp_path / "flink"
    with (
        closing(open_search_store(store_url)) as store,
        local_cluster(folder, ENVIRONMENT, workers=workers, jars=jars) as cluster,
    ):
        job = ["-pym", "bellrock.runners.flink.job", str(settings)]
        submit(cluster.home, cluster.url, code, job)
        found = b""

        def complete() -> bool:
            nonlocal found
            whole = {name: store.whole(name) for name in RELATIONS}
            found = canonical_text(Deltas(**whole), recorded.sites)
            return found == expected

        wait(complete)
        flink = Flink(cluster.url)
        flink.stop(flink.running(topic.name), f"file://{tmp_path}/savepoints")
        # What is written later must not change anything.
        complete()
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
