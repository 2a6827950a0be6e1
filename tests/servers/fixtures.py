"""The servers as fixtures: started for the first test that asks, shared by all workers of the run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.dynamodb import dynamodb
from servers.elasticsearch import elasticsearch
from servers.kafka import kafka
from servers.kinesis import kinesis
from servers.opensearch import opensearch
from servers.shared import shared

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""An account of AWS, as its tools find it in the environment; nothing of the machine's own is asked."""


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder in every worker of a run, and in no other run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers"


@pytest.fixture(scope="session")
def dynamodb_url(servers_folder: Path) -> Iterator[str]:
    """DynamoDB Local; tests name their own tables."""
    with shared(dynamodb, servers_folder / "dynamodb") as url:
        yield url


@pytest.fixture(scope="session")
def aws_account() -> Iterator[None]:
    """`AWS` in the environment, for this process and those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in AWS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def dynamodb_client(dynamodb_url: str, aws_account: None) -> Iterator["DynamoDBClient"]:
    """A client of DynamoDB Local."""
    from bellrock.dynamodb.client import connect  # boto3 takes its time, and most runs need none

    client = connect(endpoint=dynamodb_url, attempt_seconds=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def kafka_servers(servers_folder: Path) -> Iterator[str]:
    """A Kafka broker, as `bootstrap.servers`; tests name their own topics."""
    with shared(kafka, servers_folder / "kafka") as servers:
        yield servers


@pytest.fixture(scope="session")
def kinesis_url(servers_folder: Path, aws_account: None) -> Iterator[str]:
    """Kinesis; tests name their own streams."""
    with shared(kinesis, servers_folder / "kinesis") as url:
        yield url


@pytest.fixture(scope="session")
def s3_url(kinesis_url: str) -> str:
    """S3, which the same server has; tests name their own buckets."""
    return kinesis_url


@pytest.fixture(scope="session")
def opensearch_url(servers_folder: Path) -> Iterator[str]:
    """An OpenSearch node; tests name their own indices."""
    with shared(opensearch, servers_folder / "opensearch") as url:
        yield url


@pytest.fixture(scope="session")
def elasticsearch_url(servers_folder: Path) -> Iterator[str]:
    """An Elasticsearch node without scripts; tests name their own indices."""
    with shared(elasticsearch, servers_folder / "elasticsearch") as url:
        yield url
