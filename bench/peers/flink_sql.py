"""Flink SQL on one slot: `python -m bench.peers.flink_sql FILE` runs the job over a file of lines.

All of it runs in the Java virtual machine: this script says what to run, and waits. State is on the heap, the
fastest that Flink has; there are no checkpoints; rows are reused; buffers travel when they are full.
"""

import argparse
import json
import os
from pathlib import Path

from bench.peers.clock import Cost
from bench.peers.job import KEY, beacon_type, flat, minute_measures, resolved, session_measures

SETTINGS = {
    "parallelism.default": "1",
    "taskmanager.numberOfTaskSlots": "1",
    "state.backend.type": "hashmap",
    "pipeline.object-reuse": "true",
    "execution.buffer-timeout.enabled": "false",
    "table.local-time-zone": "UTC",
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": "5 s",
    "table.exec.mini-batch.size": "10000",
}

TABLE = """CREATE TABLE `lines` (
  `at` BIGINT, ua STRING, beacon {beacon}, ts AS TO_TIMESTAMP_LTZ(`at`, 3), WATERMARK FOR ts AS ts
) WITH (
  'connector' = 'filesystem', 'path' = '{path}', 'format' = 'json', 'json.ignore-parse-errors' = 'true'
)"""
MINUTES = f"""SELECT window_start, {KEY}, {minute_measures()}
FROM TABLE(TUMBLE(TABLE resolved, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, {KEY}"""
SESSIONS = f"""SELECT window_start, site, session, {session_measures()}
FROM TABLE(SESSION(TABLE flat PARTITION BY (site, session), DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY window_start, window_end, site, session"""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--results", type=Path, help="folder for what is counted; else it is dropped"
    )
    options = parser.parse_args()
    os.environ.setdefault("FLINK_ENV_JAVA_OPTS", "-Xms3g -Xmx3g")
    # Their import starts nothing, but the options above must stand before the machine is started.
    from pyflink.common import Configuration
    from pyflink.table import EnvironmentSettings, Schema, TableDescriptor, TableEnvironment

    cost = Cost()
    configuration = Configuration()
    for name, value in SETTINGS.items():
        configuration.set_string(name, value)
    settings = EnvironmentSettings.new_instance().in_streaming_mode()
    tables = TableEnvironment.create(settings.with_configuration(configuration).build())
    path = options.file.resolve().as_uri()
    tables.execute_sql(TABLE.format(beacon=beacon_type("ROW<{}>", "{} {}"), path=path))
    tables.execute_sql(f"CREATE TEMPORARY VIEW flat AS {flat()}")
    tables.execute_sql(f"CREATE TEMPORARY VIEW resolved AS {resolved()}")
    job = tables.create_statement_set()
    for name, query in (("minutes", MINUTES), ("sessions", SESSIONS)):
        columns = Schema.new_builder().from_resolved_schema(
            tables.sql_query(query).get_resolved_schema()
        )
        sink = TableDescriptor.for_connector("filesystem" if options.results else "blackhole")
        if options.results:
            sink.option("path", (options.results / name).resolve().as_uri()).option(
                "format", "json"
            )
        tables.create_temporary_table(name, sink.schema(columns.build()).build())
        job.add_insert_sql(f"INSERT INTO {name} {query}")
    job.execute().wait()
    print(json.dumps(cost.so_far()))


if __name__ == "__main__":
    main()
