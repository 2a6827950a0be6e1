"""Spark Structured Streaming on one core: `python -m bench.peers.spark_streaming FOLDER` runs the job.

All of it runs in the Java virtual machine. One query has one aggregation over a stream, so there are two
queries, side by side, and each reads the lines: the second, of sessions, decodes no more of them than it needs.
A micro-batch is some files of the folder, oldest first; state is on the heap, with its deltas written to a
checkpoint.
"""

import argparse
import json
import tempfile
from pathlib import Path

from bench.peers.clock import Cost
from bench.peers.job import KEY, beacon_type, flat, minute_measures, resolved, session_measures

SETTINGS = {
    "spark.driver.memory": "3g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.streaming.metricsEnabled": "false",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
}

MINUTES = f"""SELECT window(ts, '1 minute') AS minute, {KEY}, {minute_measures()}
FROM resolved GROUP BY window(ts, '1 minute'), {KEY}"""
SESSIONS = f"""SELECT session_window(ts, '30 minutes') AS span, site, session, {session_measures()}
FROM flat GROUP BY session_window(ts, '30 minutes'), site, session"""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=1, help="files of a micro-batch")
    parser.add_argument(
        "--results", type=Path, help="folder for what is counted; else it is dropped"
    )
    options = parser.parse_args()
    from pyspark.sql import SparkSession

    cost = Cost()
    builder = SparkSession.builder.master("local[1]").appName("bench")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    schema = f"`at` BIGINT, ua STRING, beacon {beacon_type('STRUCT<{}>', '{}: {}')}"
    lines = spark.readStream.schema(schema).option("maxFilesPerTrigger", options.files)
    lines = lines.json(str(options.folder)).selectExpr("*", "timestamp_millis(`at`) AS ts")
    lines.withWatermark("ts", "0 seconds").createOrReplaceTempView("lines")
    spark.sql(flat()).createOrReplaceTempView("flat")
    spark.sql(resolved()).createOrReplaceTempView("resolved")
    with tempfile.TemporaryDirectory() as checkpoints:
        queries = []
        for name, query in (("minutes", MINUTES), ("sessions", SESSIONS)):
            sink = spark.sql(query).writeStream.outputMode("append").trigger(availableNow=True)
            sink = sink.option("checkpointLocation", str(Path(checkpoints, name)))
            if options.results:
                sink = sink.format("json").option("path", str(options.results / name))
            else:
                sink = sink.format("noop")
            queries.append(sink.start())
        for query in queries:
            query.awaitTermination()
        print(json.dumps(cost.so_far()))
        spark.stop()


if __name__ == "__main__":
    main()
