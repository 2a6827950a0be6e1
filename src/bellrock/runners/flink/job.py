"""The job: where it reads, which functions it has, and how they are wired. `python job.py SETTINGS`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from pyflink.common import Configuration, Duration, Types, WatermarkStrategy
from pyflink.datastream import DataStream, StreamExecutionEnvironment

from bellrock.claims.dynamodb import DynamoClaims
from bellrock.dynamodb.client import connect
from bellrock.marks.dynamodb import DynamoMarkBook, DynamoMarks
from bellrock.runners.flink.horizon import DynamoJudged, Horizon
from bellrock.runners.flink.judge import JudgeFunction
from bellrock.runners.flink.lanes import lane_by_shard, require_lanes
from bellrock.runners.flink.placing import GROUPS
from bellrock.runners.flink.session import SessionFunction
from bellrock.runners.flink.settings import JobSettings, load_settings
from bellrock.runners.flink.shell import (
    BYTES,
    KEYED,
    REPORTS,
    Judge,
    Router,
    Sessions,
    Summaries,
)
from bellrock.runners.flink.source import gathered, gathering, partition_by_shard, source
from bellrock.runners.flink.streams import open_streams
from bellrock.runners.flink.summary import DocumentWriter, SummaryFunction
from bellrock.secrets import redacted
from bellrock.sites import load_sites, parse_sites
from bellrock.store.search import open_search_store


def main() -> None:
    """Submit the job, and where it runs inside this process wait for it."""
    settings = load_settings(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    submit(settings, lambda: open_search_store(settings.store))


def submit(settings: JobSettings, open_writer: Callable[[], DocumentWriter]) -> None:
    """Submit the job; `open_writer` opens the store in a worker."""
    environment = StreamExecutionEnvironment.get_execution_environment(configuration(settings))
    environment.set_parallelism(settings.parallelism)
    require_lanes(redacted(settings.log), settings.lanes, partition_by_shard(settings))
    open_streams(settings.streams).close()  # one that is not there is refused here, not in a worker
    with gathering(environment):
        build(environment, settings, _read_sites(settings.sites), open_writer)
        environment.execute(settings.job)


def _read_sites(path: str) -> str:
    """The text of the sites file, refused where it is wrong; workers read it, and look its secrets up."""
    load_sites(Path(path))
    return Path(path).read_text(encoding="utf-8")


def configuration(settings: JobSettings) -> Configuration:
    """What Flink is told."""
    checkpoint_ms = int(settings.checkpoint_seconds * 1000)
    found = Configuration()
    for name, value in {
        "python.execution-mode": "thread",
        "state.backend.type": "rocksdb",
        "execution.checkpointing.incremental": "true",
        "state.backend.rocksdb.compression.per.level": "LZ4_COMPRESSION",
        **({"execution.checkpointing.dir": settings.checkpoints} if settings.checkpoints else {}),
        "execution.checkpointing.interval": f"{checkpoint_ms}ms",
        "execution.checkpointing.num-retained": "3",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.buffer-timeout.interval": "20ms",
        "restart-strategy.type": "exponential-delay",
        "pipeline.max-parallelism": str(GROUPS),
    }.items():
        found.set_string(name, value)
    return found


def build(
    environment: StreamExecutionEnvironment,
    settings: JobSettings,
    sites: str,
    open_writer: Callable[[], DocumentWriter],
) -> None:
    """Wire the functions; `sites` is the text of the sites file.

    Savepoints know what has state by its uid, so these stay as they are. It says how many lanes or slots share
    the state, so Flink refuses a savepoint of another number before anything runs.
    """
    begun = time.time_ns() // 1_000_000
    sessions = (
        gathered(_records(environment, settings), settings.step_seconds)
        .flat_map(Router(lane_by_shard(settings.log, settings.lanes)), KEYED)
        .name("router")
        .key_by(lambda element: element[0], Types.INT())
        .process(
            Sessions(
                _sessions(settings, sites), settings.lanes, settings.slots, settings.step_seconds
            ),
            KEYED,
        )
        .uid(f"sessions-{settings.lanes}")
        .name("sessions")
    )
    (
        sessions.get_side_output(REPORTS)
        .key_by(lambda _: 0, Types.INT())
        .process(Judge(_judge(settings)), BYTES)
        .set_parallelism(1)
        .uid(f"judge-{settings.lanes}")
        .name("judge")
    )
    (
        sessions.key_by(lambda element: element[0], Types.INT())
        .process(
            Summaries(
                lambda epoch: SummaryFunction(open_writer(), epoch, begun),
                settings.slots,
                settings.flush_seconds,
                settings.hours_seconds,
            ),
            BYTES,
        )
        .uid(f"summaries-{settings.slots}")
        .name("summaries")
    )


def _records(environment: StreamExecutionEnvironment, settings: JobSettings) -> DataStream:
    """The records of all partitions, their watermark that of the one that is furthest behind."""
    late = Duration.of_millis(int(settings.late_seconds * 1000))
    strategy = (
        WatermarkStrategy.for_bounded_out_of_orderness(late)
        .with_idleness(Duration.of_millis(int(settings.idle_seconds * 1000)))
        .with_watermark_alignment(
            "log",
            Duration.of_millis(int(settings.drift_minutes * 60_000)),
            Duration.of_millis(200),
        )
    )
    return environment.from_source(source(settings), strategy, "log").uid("log")


def _sessions(settings: JobSettings, sites: str) -> Callable[[], SessionFunction]:
    def make() -> SessionFunction:
        client = connect(endpoint=settings.dynamodb or None)
        marks = DynamoMarks(DynamoMarkBook(client, settings.marks))
        judged = DynamoJudged(client, settings.progress, settings.job)
        horizon = Horizon(judged, marks, time.monotonic)
        claims = DynamoClaims(client, settings.claims)
        declared, streams = parse_sites(sites, settings.sites), open_streams(settings.streams)
        return SessionFunction(declared, claims, marks, horizon, settings.slots, streams)

    return make


def _judge(settings: JobSettings) -> Callable[[], JudgeFunction]:
    def make() -> JudgeFunction:
        client = connect(endpoint=settings.dynamodb or None)
        marks = DynamoMarks(DynamoMarkBook(client, settings.marks))
        judged = DynamoJudged(client, settings.progress, settings.job)
        return JudgeFunction(marks, judged, settings.lanes)

    return make


if __name__ == "__main__":
    main()
