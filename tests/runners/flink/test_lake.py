"""A job on a real cluster that keeps its checkpoints in S3 and writes streams for a lake.

A worker is killed; the job is cancelled and goes on from a checkpoint; it is stopped with a savepoint and goes
on with fewer workers. What the bucket and both streams have then is looked at.
"""

import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import boto3
import pytest

from bellrock.errors import BellrockError
from bellrock.log.kafka import Topic
from bellrock.runners.flink.cluster import Cluster, local_cluster
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.rest import Flink
from bellrock.runners.flink.submit import submit
from bellrock.sites import parse_sites
from recorded import Told, issues_of, read, tell
from reference import shops
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
from runners.flink.reading import expected_ended, expected_lines, read_stream, taken
from runners.flink.traffic import last_word, orderly
from runners.flink.world import blocks_of
from servers.dynamodb import make_tables

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BUCKET = f"bellrock-checkpoints-{uuid4().hex}"  # of this process: others share the server
SITES = parse_sites(shops.SITES, "shops")

pytestmark = no_flink


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, aws_account: None, s3_url: str
) -> Iterator[Cluster]:
    """Its S3 is another than AWS's, so buckets are named in the path; who it is, it finds in the environment."""
    settings = {"s3.endpoint": s3_url, "s3.path.style.access": "true"}
    folder, jars = tmp_path_factory.mktemp("flink"), connectors()
    with local_cluster(folder, ENVIRONMENT, workers=2, jars=jars, settings=settings) as running:
        yield running


class Job(NamedTuple):
    """A job, its folder, and the URLs of its streams."""

    name: str
    folder: Path
    ended: str
    lines: str
    settings: str

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def script(self, parallelism: int) -> list[str]:
        path = self.folder / f"{parallelism}.toml"
        path.write_text(self.settings.replace("WORKERS", str(parallelism)))
        return [str(Path(__file__).with_name("file_job.py")), str(path), str(self.out)]


class Story(NamedTuple):
    """What was sent, and where the job's state was kept on the way."""

    job: Job
    sent: list[bytes]
    told: Told
    checkpoint: str
    savepoint: str


@pytest.fixture(scope="module")
def job(
    kafka_servers: str,
    dynamodb_client: "DynamoDBClient",
    dynamodb_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Job:
    name, folder = f"log-{uuid4()}", tmp_path_factory.mktemp("job")
    topics = [Topic(kafka_servers, place) for place in (name, f"{name}-ended", f"{name}-lines")]
    for topic, partitions in zip(topics, (PARTITIONS, 2, 4), strict=True):
        topic.create(partitions, 1)
    make_tables(dynamodb_client, name)
    write_sites(folder)
    told = job_settings(name, topics[0].url, folder, f"s3://{BUCKET}/checkpoints", dynamodb_url)
    streams = f'[streams]\nended = "{topics[1].url}"\nlines = "{topics[2].url}"\n'
    settings = f"{told}parallelism = WORKERS\n{streams}"
    return Job(name, folder, topics[1].url, topics[2].url, settings)


@pytest.fixture(scope="module")
def story(cluster: Cluster, job: Job, kafka_servers: str, s3_url: str) -> Story:
    boto3.client("s3", endpoint_url=s3_url).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    code = job.folder / "bellrock.zip"
    write_code(code)
    lines = orderly(9, 300)
    lines += last_word(lines)
    blocks = blocks_of(lines, Random(9))
    part = len(blocks) // 4
    flink = Flink(cluster.url)

    send(kafka_servers, job.name, blocks[:part])
    submit(cluster.home, cluster.url, code, job.script(2))
    running = flink.running(job.name)
    wait(lambda: checkpoints(flink, running, "completed") >= 2, cluster)
    send(kafka_servers, job.name, blocks[part : 2 * part])
    wait(lambda: bool(read_stream(job.lines)), cluster)
    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
    cluster.workers[0].wait()
    cluster.replace_ended()
    wait(lambda: checkpoints(flink, running, "restored") >= 1, cluster)
    before = checkpoints(flink, running, "completed")
    wait(lambda: checkpoints(flink, running, "completed") > before, cluster)

    send(kafka_servers, job.name, blocks[2 * part : 3 * part])
    checkpoint = cancelled(flink, running, cluster)
    submit(cluster.home, cluster.url, code, job.script(2), restore=checkpoint)
    running = gone_on(flink, job.name, checkpoint, cluster)
    savepoint = flink.stop(running, f"s3://{BUCKET}/savepoints")
    send(kafka_servers, job.name, blocks[3 * part :])
    submit(cluster.home, cluster.url, code, job.script(1), restore=savepoint)
    running = gone_on(flink, job.name, savepoint, cluster)
    told = tell([lines], SITES)
    for url, count in ((job.ended, len(told.ended)), (job.lines, len(told.lines))):
        wait(partial(has_told, url, count), cluster)
    flink.stop(running, f"s3://{BUCKET}/savepoints")
    return Story(job, lines, told, checkpoint, savepoint)


def has_told(url: str, count: int) -> bool:
    return sum(map(len, taken(read_stream(url)).values())) >= count


def cancelled(flink: Flink, running: str, cluster: Cluster) -> str:
    """Cancel a job; the newest checkpoint, which stays."""
    request = urllib.request.Request(f"{cluster.url}/jobs/{running}?mode=cancel", method="PATCH")
    urllib.request.urlopen(request).close()
    wait(lambda: flink.ask(f"/jobs/{running}")["state"] == "CANCELED", cluster)
    found = flink.ask(f"/jobs/{running}/checkpoints")
    return str(found["latest"]["completed"]["external_path"])


def gone_on(flink: Flink, name: str, place: str, cluster: Cluster) -> str:
    """The job that goes on from a place, after its first checkpoint: then all of it runs."""
    running = flink.running(name)
    wait(lambda: checkpoints(flink, running, "completed") >= 1, cluster)
    found = flink.ask(f"/jobs/{running}/checkpoints")["latest"]["restored"]
    assert found["external_path"] == place
    return running


def test_checkpoints_and_savepoints_are_in_s3_and_a_job_goes_on_from_them(
    story: Story, s3_url: str
) -> None:
    bucket = boto3.resource("s3", endpoint_url=s3_url).Bucket(BUCKET)
    for place, folder in ((story.checkpoint, "checkpoints"), (story.savepoint, "savepoints")):
        assert place.startswith(f"s3://{BUCKET}/{folder}/")
        prefix = place.removeprefix(f"s3://{BUCKET}/")
        assert f"{prefix}/_metadata" in {
            found.key for found in bucket.objects.filter(Prefix=prefix)
        }


def test_the_stream_of_what_ended_tells_it_all_once_by_its_numbers(story: Story) -> None:
    found = read_stream(story.job.ended)
    assert each_number_has_one_content(found)
    assert taken(found) == expected_ended(story.told)


def test_the_stream_of_lines_tells_each_once_by_its_numbers_with_its_issues(story: Story) -> None:
    found = read_stream(story.job.lines)
    assert each_number_has_one_content(found)
    by_shard = taken(found)
    assert by_shard == expected_lines(story.told, story.sent)
    every = [record for records in by_shard.values() for record in records]
    assert len(every) == len(story.sent)
    assert issues_of(Told([], every)) == issues_of(story.told._replace(ended=[]))


def each_number_has_one_content(lines: list[bytes]) -> bool:
    contents = Counter((read(line)["shard"], read(line)["number"]) for line in set(lines))
    return max(contents.values()) == 1


def test_a_stream_that_is_not_there_is_refused_when_the_job_is_submitted(
    cluster: Cluster, job: Job, tmp_path: Path
) -> None:
    code = tmp_path / "bellrock.zip"
    write_code(code)
    wrong = job._replace(settings=job.settings.replace("-ended", "-nowhere"), folder=tmp_path)
    with pytest.raises(BellrockError, match=r"-nowhere: there is no such topic"):
        submit(cluster.home, cluster.url, code, wrong.script(1))
