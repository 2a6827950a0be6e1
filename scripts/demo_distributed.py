"""`make demo-distributed`: the demonstration on Kafka, Flink, DynamoDB and OpenSearch, all on this machine.

    shop -> collector -> Kafka -> Flink (JobManager, workers) -> OpenSearch -> dashboard
                                    orders and marks in DynamoDB Local

The servers are those that the tests start. Everything listens on the loopback, lives in a temporary folder, and
is gone when this ends: at Ctrl-C, SIGTERM, or after `--seconds`.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bellrock.commands.dynamodb import create
from bellrock.demo import shop
from bellrock.demo.demo import (
    DemoOptions,
    say,
    shop_of,
    visitors_of,
    welcome,
)
from bellrock.demo.prepare import declare_site, prepare_sign_in
from bellrock.log.kafka import Topic
from bellrock.runners.flink.cluster import local_cluster
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.submit import submit
from bellrock.simulate import load
from servers.dynamodb import dynamodb
from servers.fixtures import AWS
from servers.kafka import kafka
from servers.opensearch import opensearch
from servers.process import running
from servers.shared import Start

ROOT = Path(__file__).parents[1]
SETTINGS = """\
log = "{topic.url}"
sites = "{options.config.sites_file}"
store = "{store}"
claims = "claims"
marks = "marks"
progress = "progress"
checkpoints = "file://{options.data}/checkpoints"
parallelism = {workers}
lanes = {lanes}
late_seconds = 2
dynamodb = "{tables}"
"""
PARTITIONS = 4
_OF_THE_DEMO = ("trusted_proxies", "country_header")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="workers of Flink (default: 2)")
    parser.add_argument("--rate", type=float, default=20.0, help="beacons a second (default: 20)")
    parser.add_argument("--seconds", type=float, help="end by itself after this time")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with TemporaryDirectory(prefix="bellrock-") as folder, ExitStack() as servers:
        try:
            options = DemoOptions(data=Path(folder), rate=arguments.rate)
            _start(options, arguments.workers, servers)
            asyncio.run(_visit(options, arguments.seconds))
        except KeyboardInterrupt:
            pass
        finally:
            say("Stopping.")


def _start(options: DemoOptions, workers: int, servers: ExitStack) -> None:
    """Start everything, in the order in which it is needed."""
    enter = servers.enter_context
    os.environ |= AWS
    declare_site(options.config.sites_file)
    topic = Topic(enter(_told("Kafka", kafka, options.data)), "beacons")
    topic.create(PARTITIONS, 1)
    tables = enter(_told("DynamoDB", dynamodb, options.data))
    create(claims="claims", marks="marks", progress="progress", endpoint=tables)
    search = enter(_told("OpenSearch", opensearch, options.data))
    store = search.replace("http://", "opensearch://")
    say("Flink")
    jars = sorted((ROOT / ".make" / "flink").glob("*/*.jar"))
    cluster = enter(
        local_cluster(options.data / "flink", ROOT / ".venv-flink", workers=workers, jars=jars)
    )
    settings, code = options.data / "job.toml", options.data / "bellrock.zip"
    settings.write_text(
        SETTINGS.format(
            topic=topic,
            options=options,
            store=store,
            workers=workers,
            lanes=PARTITIONS * workers,
            tables=tables,
        )
    )
    write_code(code)
    job = ["-pym", "bellrock.runners.flink.job", str(settings)]
    submit(cluster.home, cluster.url, code, job)
    sign_in = prepare_sign_in(options.config)
    told = [f"BELLROCK_{name.upper()}={getattr(options.config, name)}" for name in _OF_THE_DEMO]
    for name, arguments, ready in (
        ("collect", ("--log", topic.url, "--collect", options.collect), "collector started"),
        ("serve", ("--store", store, "--dashboard", options.dashboard), "api started"),
    ):
        say(f"bellrock {name}")
        place = options.data / name
        place.mkdir()
        command = ("env", *told, sys.executable, "-m", "bellrock", name, *arguments)
        enter(running([*command, "--data", str(options.data)], place, ready))
    say(f"Flink      {cluster.url}\nOpenSearch {search}\n{welcome(options, sign_in)}")


@contextmanager
def _told(name: str, start: Start, data: Path) -> Iterator[str]:
    """A server in a folder of its own; its start is told."""
    say(name)
    folder = data / name.lower()
    folder.mkdir()
    with start(folder) as address:
        yield address


async def _visit(options: DemoOptions, seconds: float | None) -> None:
    """The shop and its visitors, until somebody ends this."""
    both: Sequence[asyncio.Task[object]] = [
        asyncio.create_task(shop.run(shop_of(options))),
        asyncio.create_task(load.run(visitors_of(options))),
    ]
    done, left = await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.wait(both)
    for task in done:
        task.result()


if __name__ == "__main__":
    main()
