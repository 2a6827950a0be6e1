"""A table is made once, and gives back what was put first."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.dynamodb.table import Key, Table, create_table
from bellrock.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEY: Key = {"name": "S", "number": "B"}


@pytest.fixture
def name() -> str:
    return f"table-{uuid4()}"


@pytest.fixture
def table(dynamodb_client: "DynamoDBClient", name: str) -> Table:
    create_table(dynamodb_client, name, KEY)
    return Table(dynamodb_client, name, KEY)


def test_it_is_paid_by_request(table: Table, dynamodb_client: "DynamoDBClient", name: str) -> None:
    described = dynamodb_client.describe_table(TableName=name)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_making_it_again_changes_nothing(
    table: Table, dynamodb_client: "DynamoDBClient", name: str
) -> None:
    table.put_new([{"name": "a", "number": b"1"}])
    create_table(dynamodb_client, name, KEY)
    assert len(table.items()) == 1


def test_it_is_not_made_where_one_with_another_key_is(
    table: Table, dynamodb_client: "DynamoDBClient", name: str
) -> None:
    with pytest.raises(ConfigurationError, match="its key is"):
        create_table(dynamodb_client, name, {"name": "S", "other": "B"})


def test_items_expire_only_where_that_is_wanted(dynamodb_client: "DynamoDBClient") -> None:
    for expires, status in ((None, "DISABLED"), ("end", "ENABLED")):
        name = f"table-{uuid4()}"
        for _ in range(2):
            create_table(dynamodb_client, name, KEY, expires=expires)
        found = dynamodb_client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert found["TimeToLiveStatus"] == status
        assert found.get("AttributeName") == expires


def test_what_was_put_first_stays_and_is_given_back(table: Table) -> None:
    item = {"name": "a", "number": b"\x00", "text": "", "count": -(10**30), "bytes": b"\x00"}
    other = {"name": "a", "number": b"\x01"}
    assert table.put_new([item, other]) == [None, None]
    assert table.put_new([{**item, "text": "x"}, {**other, "name": "b"}]) == [item, None]
    found = sorted(table.items(), key=lambda item: (item["name"], item["number"]))
    assert found == [item, other, {**other, "name": "b"}]


def test_an_attribute_is_changed_where_the_item_is(table: Table) -> None:
    item = {"name": "a", "number": b"1", "state": "old"}
    table.put_new([item])
    assert table.change({"name": "a", "number": b"1"}, "state", "new")
    assert not table.change({"name": "a", "number": b"2"}, "state", "new")
    assert table.items() == [{**item, "state": "new"}]


def test_all_items_are_found_however_large_they_are(table: Table) -> None:
    """A page of DynamoDB's is one megabyte."""
    items = [{"name": "a", "number": bytes([n]), "load": b"x" * 300_000} for n in range(8)]
    table.put_new(items)
    assert sorted(item["number"] for item in table.items()) == [item["number"] for item in items]
