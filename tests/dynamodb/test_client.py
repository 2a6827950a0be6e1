"""Whatever is wrong with DynamoDB, or the way to it, is said with what to do about it."""

import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from bellrock.dynamodb.client import connect
from bellrock.dynamodb.table import Key, Table, create_table
from bellrock.errors import ConfigurationError, TableUnavailable
from dynamodb.faults import meet, refused
from servers.process import free_ports

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEY: Key = {"name": "S", "number": "B"}
TABLE = "errors"


@pytest.fixture
def client(dynamodb_url: str, aws_account: None) -> Iterator["DynamoDBClient"]:
    """One that tries once only."""
    client = connect(endpoint=dynamodb_url, attempts=1, attempt_seconds=60)
    create_table(client, TABLE, KEY)
    yield client
    client.close()


def opened(client: "DynamoDBClient") -> Table:
    return Table(client, TABLE, KEY)


def test_a_table_that_is_missing(client: "DynamoDBClient") -> None:
    with pytest.raises(ConfigurationError, match=r"DynamoDB table nowhere: there is no such table"):
        Table(client, "nowhere", KEY)


def test_a_table_that_is_gone(client: "DynamoDBClient") -> None:
    create_table(client, "going", KEY)
    table = Table(client, "going", KEY)
    client.delete_table(TableName="going")
    for call in (lambda: table.put_new([{"name": "a", "number": b"1"}]), table.items):
        with pytest.raises(ConfigurationError, match="table going: there is no such table"):
            call()


@pytest.mark.parametrize("other", [{"name": "S", "number": "S"}, {"number": "B", "name": "S"}])
def test_a_table_with_another_key(client: "DynamoDBClient", other: Key) -> None:
    with pytest.raises(ConfigurationError, match=r"its key is \{'name': 'S', 'number': 'B'\}, not"):
        Table(client, TABLE, other)


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"]
)
def test_credentials_that_are_refused(client: "DynamoDBClient", code: str) -> None:
    meet(client, "DescribeTable", refused(code))
    with pytest.raises(ConfigurationError, match=rf"says {code} \({code}\)\. Give the process"):
        opened(client)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("TransactionConflictException", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_a_table_that_is_busy(client: "DynamoDBClient", code: str, status: int) -> None:
    table = opened(client)
    for operation in ("BatchExecuteStatement", "UpdateItem", "Scan"):
        meet(client, operation, refused(code, status))
    key = {"name": "a", "number": b"1"}
    for call in (
        lambda: table.put_new([key]),
        lambda: table.change(key, "x", "y"),
        table.items,
    ):
        with pytest.raises(
            TableUnavailable, match=rf"table errors: says {code} .* Try again later"
        ):
            call()


def test_a_mistake_of_ours_is_left_as_it_is(client: "DynamoDBClient") -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        opened(client).put_new([{"name": "", "number": b""}])


def test_nobody_listens(aws_account: None) -> None:
    client = connect(endpoint=f"http://127.0.0.1:{free_ports(1)[0]}", attempts=2)
    with pytest.raises(TableUnavailable, match="Could not connect to the endpoint"):
        opened(client)
    client.close()


def test_nobody_answers(aws_account: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        client = connect(endpoint=url, attempts=2, attempt_seconds=0.2)
        began = time.monotonic()
        with pytest.raises(TableUnavailable, match="Read timeout"):
            opened(client)
        assert time.monotonic() - began < 30
        client.close()


def test_there_are_no_credentials(
    dynamodb_url: str, aws_account: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = connect(endpoint=dynamodb_url)
    with pytest.raises(ConfigurationError, match=r"Unable to locate credentials\. Give"):
        opened(client)
    client.close()


def test_there_is_no_region(aws_account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match=r"DynamoDB: You must specify a region\. Set"):
        connect()


def test_there_is_no_such_profile(aws_account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match=r"\(nobody\) could not be found"):
        connect()
