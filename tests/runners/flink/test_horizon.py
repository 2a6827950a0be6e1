"""How far is judged, as a table of DynamoDB has it."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.runners.flink.horizon import BEFORE_TIME, DynamoJudged, create_progress_table
from dynamodb.faults import lost, meet

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def table(dynamodb_client: "DynamoDBClient") -> str:
    name = f"progress-{uuid4()}"
    create_progress_table(dynamodb_client, name)
    return name


def test_what_was_judged_is_read_by_whoever_opens_the_table(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    judged = DynamoJudged(dynamodb_client, table, "job")
    assert judged.read() == BEFORE_TIME
    for minute in (-5, 3, 20, 100):
        judged.write(minute)
        assert DynamoJudged(dynamodb_client, table, "job").read() == minute
    assert DynamoJudged(dynamodb_client, table, "other").read() == BEFORE_TIME


def test_a_judge_that_was_given_up_and_wakes_late_takes_nothing_back(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    """Its successor would not write that boundary again, and a worker that reads less waits for ever."""
    zombie, successor = (DynamoJudged(dynamodb_client, table, "job") for _ in range(2))
    zombie.write(90)
    successor.write(100)
    zombie.write(95)
    zombie.write(9)
    assert successor.read() == 100


def test_a_judge_whose_answer_was_lost_has_written(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    judged = DynamoJudged(dynamodb_client, table, "job")
    judged.write(1)
    meet(dynamodb_client, "UpdateItem", lost)
    judged.write(2)
    assert judged.read() == 2
