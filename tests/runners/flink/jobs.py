"""Jobs of tests on a real cluster: what they need, what they are told, what is sent to them, and waiting for them."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from bellrock.runners.flink.cluster import Cluster
from bellrock.runners.flink.rest import Flink
from reference import shops
from runners.flink.world import Block

_ROOT = Path(__file__).parents[3]
_JARS = _ROOT / ".make" / "flink"
ENVIRONMENT = _ROOT / ".venv-flink"
PARTITIONS = 3
_PATIENCE = 120.0

no_flink = pytest.mark.skipif(
    not (ENVIRONMENT / ".done").exists() or not (_JARS / ".done").exists(),
    reason="there is no Flink: `make flink` says why",
)


def connectors() -> list[Path]:
    return sorted(_JARS.glob("*/*.jar"))


def write_sites(folder: Path) -> Path:
    """Write a job's sites into its folder; makes the folder that is in the place of a search store."""
    (folder / "sites.toml").write_text(shops.SITES)
    out = folder / "out"
    out.mkdir()
    return out


def job_settings(name: str, log: str, folder: Path, checkpoints: str, dynamodb_url: str) -> str:
    """Those of a job with a topic of `PARTITIONS` and the tables of `servers.dynamodb.make_tables`, in TOML."""
    return f"""\
log = "{log}"
sites = "{folder}/sites.toml"
store = "none"
claims = "{name}-claims"
marks = "{name}-marks"
progress = "{name}-progress"
checkpoints = "{checkpoints}"
job = "{name}"
lanes = 6
slots = 8
step_seconds = 0.2
flush_seconds = 0.5
hours_seconds = 1.5
checkpoint_seconds = 1
dynamodb = "{dynamodb_url}"
"""


def send(servers: str, topic: str, blocks: Sequence[Block]) -> None:
    """As collectors do; a record's time is the greatest `at` in it."""
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True})
    for at, shard, data in blocks:
        producer.produce(topic, data, str(shard), shard % PARTITIONS, timestamp=at)
    assert not producer.flush(30)


def checkpoints(flink: Flink, job: str, kind: str) -> int:
    return int(flink.ask(f"/jobs/{job}/checkpoints")["counts"][kind])


def wait(holds: Callable[[], bool], cluster: Cluster) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, f"in vain; see {cluster.home.folder}/log"
        time.sleep(0.5)
