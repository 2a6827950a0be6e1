"""The job on a real cluster, between real servers, while a worker is killed."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest

from bellrock.canonical import canonical_text
from bellrock.errors import BellrockError, ConfigurationError
from bellrock.log.kafka import Topic
from bellrock.runners.flink.cluster import Cluster, local_cluster
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.rest import Flink
from bellrock.runners.flink.submit import submit
from bellrock.runners.fold import fold_lines
from bellrock.sites import parse_sites
from reference import shops
from runners.flink.file_job import records
from runners.flink.jobs import (
    ENVIRONMENT,
    PARTITIONS,
    checkpoints,
    connectors,
    job_settings,
    no_flink,
    send,
    wait,
    write_sites,
)
from runners.flink.memory import Store
from runners.flink.traffic import last_word, orderly
from runners.flink.world import blocks_of
from servers.dynamodb import make_tables
from servers.kafka import PASSWORD, USER, Broker, new_broker

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = no_flink


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "bellrock.zip"
    write_code(path)
    return path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, aws_account: None) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("flink")
    with local_cluster(folder, ENVIRONMENT, workers=2, jars=connectors()) as running:
        yield running


def written(folder: Path) -> Store:
    """What a search store would have now, after all that was written in the order of its versions."""
    store = Store()
    for version, levels in records(folder):
        store.write(levels, version)
    return store


def test_documents_are_those_of_the_fold_through_a_kill_a_savepoint_and_fewer_workers(
    cluster: Cluster, code: Path, job: "Job", kafka_servers: str, tmp_path: Path
) -> None:
    lines = orderly(7, 250)
    lines += last_word(lines)
    blocks = blocks_of(lines, Random(7))
    third = len(blocks) // 3
    flink = Flink(cluster.url)

    send(kafka_servers, job.name, blocks[:third])
    submit(cluster.home, cluster.url, code, job.script(parallelism=2))
    running = flink.running(job.name)
    wait(lambda: checkpoints(flink, running, "completed") >= 2, cluster)
    send(kafka_servers, job.name, blocks[third : 2 * third])
    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
    cluster.workers[0].wait()
    cluster.replace_ended()
    wait(lambda: checkpoints(flink, running, "restored") >= 1, cluster)
    before = checkpoints(flink, running, "completed")
    wait(lambda: checkpoints(flink, running, "completed") > before, cluster)

    savepoint = flink.stop(running, f"file://{tmp_path}/savepoints")
    send(kafka_servers, job.name, blocks[2 * third :])
    submit(cluster.home, cluster.url, code, job.script(parallelism=1), restore=savepoint)
    sites = parse_sites(shops.SITES, "shops")
    expected = fold_lines(lines, sites)
    wait(lambda: canonical_text(written(job.out).documents("minute"), sites) == expected, cluster)
    flink.stop(flink.running(job.name), f"file://{tmp_path}/savepoints")


def test_lanes_that_do_not_fit_the_topic_are_refused_when_the_job_is_submitted(
    cluster: Cluster, code: Path, job: "Job"
) -> None:
    job = job._replace(settings=job.settings.replace("lanes = 6", "lanes = 16"))
    with pytest.raises(BellrockError, match="16 lanes do not fit the 3 partitions of kafka://"):
        submit(cluster.home, cluster.url, code, job.script(parallelism=1))


def test_a_topic_that_is_not_there_is_refused_when_the_job_is_submitted(
    cluster: Cluster, code: Path, job: "Job"
) -> None:
    job = job._replace(settings=job.settings.replace(f'/{job.name}"', '/nothing"', 1))
    with pytest.raises(BellrockError, match=r"kafka://[^ ]*/nothing: its partitions are not known"):
        submit(cluster.home, cluster.url, code, job.script(parallelism=1))


@pytest.mark.parametrize(
    ("setting", "other"), [("lanes = 6", "lanes = 12"), ("slots = 8", "slots = 9")]
)
def test_a_savepoint_of_other_lanes_or_slots_is_refused_when_the_job_is_submitted(
    cluster: Cluster,
    code: Path,
    job: "Job",
    kafka_servers: str,
    setting: str,
    other: str,
    tmp_path: Path,
) -> None:
    send(kafka_servers, job.name, blocks_of(orderly(3, 20), Random(3)))
    flink = Flink(cluster.url)
    submit(cluster.home, cluster.url, code, job.script(parallelism=1))
    running = flink.running(job.name)
    wait(lambda: any(written(job.out).documents("minute").minutes.rows()), cluster)
    savepoint = flink.stop(running, f"file://{tmp_path}/savepoints")
    changed = job._replace(settings=job.settings.replace(setting, other))
    with pytest.raises(ConfigurationError, match="another number of lanes or slots"):
        submit(cluster.home, cluster.url, code, changed.script(parallelism=1), restore=savepoint)
    # As it was, it goes on.
    submit(cluster.home, cluster.url, code, job.script(parallelism=1), restore=savepoint)
    flink.stop(flink.running(job.name), f"file://{tmp_path}/savepoints")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_job_signs_in_and_its_password_is_shown_nowhere(
    cluster: Cluster, code: Path, job: "Job", guarded: Broker, mechanism: str, tmp_path: Path
) -> None:
    Topic(guarded.address, job.name).create(PARTITIONS, 1)
    lines = orderly(5, 50)
    lines += last_word(lines)
    send(guarded.address, job.name, blocks_of(lines, Random(5)))
    (tmp_path / "password").write_text(PASSWORD)
    begin = f"kafka://{USER}:secret://file{tmp_path}/password@{guarded.guarded}/{job.name}"
    how = f"security.protocol=sasl_plaintext&sasl.mechanism={mechanism}"
    address = re.sub('log = ".*"', f'log = "{begin}?{how}"', job.settings)
    job = job._replace(settings=address)
    submit(cluster.home, cluster.url, code, job.script(parallelism=1))
    sites = parse_sites(shops.SITES, "shops")
    expected = fold_lines(lines, sites)
    wait(lambda: canonical_text(written(job.out).documents("minute"), sites) == expected, cluster)
    flink = Flink(cluster.url)
    running = flink.running(job.name)
    told = [
        flink.ask(f"/jobs/{running}{path}")
        for path in ("", "/config", "/plan", "/jobmanager/config")
    ]
    assert PASSWORD not in str(told)
    flink.stop(running, f"file://{tmp_path}/savepoints")
    for journal in (cluster.home.folder / "log").iterdir():
        assert PASSWORD not in journal.read_text(errors="replace"), journal


def test_a_job_with_a_wrong_password_is_refused_and_the_password_not_shown(
    cluster: Cluster, code: Path, job: "Job", guarded: Broker
) -> None:
    address = f"kafka://{USER}:never let in@{guarded.guarded}/{job.name}"
    how = "security.protocol=sasl_plaintext&sasl.mechanism=PLAIN"
    job = job._replace(settings=re.sub('log = ".*"', f'log = "{address}?{how}"', job.settings))
    with pytest.raises(BellrockError, match="Authentication failed") as error:
        submit(cluster.home, cluster.url, code, job.script(parallelism=1))
    assert "never let in" not in str(error.value)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = new_broker(tmp_path_factory.mktemp("guarded"))
    with broker.running():
        yield broker


class Job(NamedTuple):
    """A job with tables of its own, and a folder in the place of a search store."""

    name: str
    out: Path
    settings: str

    def script(self, parallelism: int) -> list[str]:
        path = self.out.parent / f"{parallelism}.toml"
        path.write_text(f"{self.settings}parallelism = {parallelism}\n")
        return [str(Path(__file__).with_name("file_job.py")), str(path), str(self.out)]


@pytest.fixture
def job(
    kafka_servers: str, dynamodb_client: "DynamoDBClient", dynamodb_url: str, tmp_path: Path
) -> Job:
    name = f"log-{uuid4()}"
    Topic(kafka_servers, name).create(PARTITIONS, 1)
    make_tables(dynamodb_client, name)
    out = write_sites(tmp_path)
    log, kept = f"kafka://{kafka_servers}/{name}", f"file://{tmp_path}/checkpoints"
    settings = job_settings(name, log, tmp_path, kept, dynamodb_url)
    return Job(name, out, settings)
