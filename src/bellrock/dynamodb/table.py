"""One table of DynamoDB.

Enters: items of texts, whole numbers and bytes. Leaves: the same, as they stand. What always holds: of all
who put an item of one key at the same time one does, and the others learn what is there. So nothing is lost
with an answer: whoever puts an item again finds it there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from bellrock.dynamodb.client import MOST_AT_ONCE, explained
from bellrock.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

Item = Mapping[str, Any]
"""Texts, whole numbers and bytes, by name."""

Key = Mapping[str, Literal["S", "B"]]
"""Name and type (text or bytes) of the partition key, then of the sort key."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_BATCH = 25  # statements of one request, the most that DynamoDB takes
_MADE_WITHIN = 120  # seconds
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")


class Table:
    """A table that is there; every method may be called from any thread.

    All raise TableUnavailable where the table cannot be reached or is too busy, and ConfigurationError where
    it is gone, or credentials or rights are missing.
    """

    def __init__(self, client: "DynamoDBClient", name: str, key: Key) -> None:
        """Raise ConfigurationError where there is no such table, or one with another key."""
        self._client = client
        self._name = name
        self._place = f"DynamoDB table {name}"
        self._partition = next(iter(key))
        with explained(self._place):
            found = client.describe_table(TableName=name)["Table"]
        types = {
            one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]
        }
        has = {one["AttributeName"]: types[one["AttributeName"]] for one in found["KeySchema"]}
        if list(has.items()) != list(key.items()):
            problem = f"its key is {has}, not {dict(key)}"
            raise ConfigurationError(self._place, problem, "Name the right table, or a new one")

    def put_new(self, items: Sequence[Item]) -> list[Item | None]:
        """Put items of different keys, each where there is none; what is there in place of each.

        Every item is decided by itself. After an error some of them may be there.
        """
        batches = [items[first : first + _BATCH] for first in range(0, len(items), _BATCH)]
        inserted = [done for batch in _at_once(self._insert, batches) for done in batch]
        left = [item for item, done in zip(items, inserted, strict=True) if not done]
        there = iter(_at_once(self._put_new, left))
        return [None if done else next(there) for done in inserted]

    def _insert(self, items: Sequence[Item]) -> list[bool]:
        """Put what can be put in one request, item by item; whether each was."""
        statements = [_insertion(self._name, _encode(item)) for item in items]
        with explained(self._place):
            answers = self._client.batch_execute_statement(Statements=statements)["Responses"]
        return ["Error" not in answer for answer in answers]

    def _put_new(self, item: Item) -> Item | None:
        """Put one item in a request of its own, which tells what is there and is tried again."""
        try:
            with explained(self._place):
                self._client.put_item(
                    TableName=self._name,
                    Item=_encode(item),
                    ConditionExpression="attribute_not_exists(#key)",
                    ExpressionAttributeNames={"#key": self._partition},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except self._client.exceptions.ConditionalCheckFailedException as refused:
            answer: Any = refused.response
            return _decode(answer["Item"])
        return None

    def change(self, key: Item, name: str, value: str, *, old: str | None = None) -> bool:
        """Give an attribute of an item another value; whether there is such an item.

        Where `old` is given, it is one whose attribute has that value now.
        """
        condition = "attribute_exists(#key)" if old is None else "#name = :old"
        names = {"#name": name} if old is not None else {"#name": name, "#key": self._partition}
        values = {":value": value} if old is None else {":value": value, ":old": old}
        try:
            with explained(self._place):
                self._client.update_item(
                    TableName=self._name,
                    Key=_encode(key),
                    UpdateExpression="SET #name = :value",
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=_encode(values),
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def items(self) -> list[Item]:
        """Every item that was put before this was called."""
        with explained(self._place):
            scan = self._client.get_paginator("scan")
            pages = scan.paginate(TableName=self._name, ConsistentRead=True)
            return [_decode(item) for page in pages for item in page["Items"]]


def create_table(
    client: "DynamoDBClient", name: str, key: Key, *, expires: str | None = None
) -> None:
    """Make a table that is paid by request, unless it is there, and wait for it.

    Items with a number in the attribute `expires` (seconds since 1970) are deleted some time after it.
    Raises ConfigurationError where there is a table with another key, or the name is none of a table.
    """
    partition, sort = key
    place = f"DynamoDB table {name}"
    if not _NAME.fullmatch(name):
        mend = "Use 3 to 255 of a-z, A-Z, 0-9, _, - and dots."
        raise ConfigurationError(place, "is no name of a table", mend)
    try:
        with explained(place):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": partition, "KeyType": "HASH"},
                    {"AttributeName": sort, "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": one, "AttributeType": kind} for one, kind in key.items()
                ],
            )
    except client.exceptions.ResourceInUseException:
        Table(client, name, key)
    with explained(place):
        made = client.get_waiter("table_exists")
        made.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": _MADE_WITHIN})
        if expires:
            _expire(client, name, expires)


def _at_once(call: Callable[[_In], _Out], given: Sequence[_In]) -> list[_Out]:
    """What calls give, some of which wait at the same time; a thread for a single one would be dear."""
    if len(given) < 2:
        return [call(one) for one in given]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(call, given))


def _expire(client: "DynamoDBClient", name: str, attribute: str) -> None:
    found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] == "DISABLED":  # enabling it twice is an error
        client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
        )


def _insertion(table: str, attributes: Mapping[str, Any]) -> "BatchStatementRequestTypeDef":
    """A statement that fails where there is an item with the key."""
    places = ", ".join(f"'{name}': ?" for name in attributes)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{places}}}',
        "Parameters": list(attributes.values()),
    }


def _encode(item: Item) -> dict[str, Any]:
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: str | int | bytes) -> dict[str, str | bytes]:
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if isinstance(value, str) else {"B": value}


def _decode(attributes: Mapping[str, Mapping[str, Any]]) -> Item:
    """The inverse of `_encode`."""
    return {
        name: int(value) if kind == "N" else value
        for name, attribute in attributes.items()
        for kind, value in attribute.items()
    }
