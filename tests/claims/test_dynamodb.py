"""Claims in DynamoDB under what happens among many workers: races, answers that are lost, tables that are busy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.claims.contract import Claim, Owner
from bellrock.claims.dynamodb import DynamoClaims, create_claims_table
from bellrock.dynamodb.client import connect
from bellrock.errors import ConfigurationError, TableUnavailable
from dynamodb.faults import left_undone, lost, meet, refused

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BATCH, SINGLE = "BatchExecuteStatement", "PutItem"
ME = Owner("session-1", 100, "impression-1")
OTHER = Owner("session-2", 100, "impression-2")


@pytest.fixture
def client(dynamodb_url: str, aws_account: None) -> Iterator["DynamoDBClient"]:
    """One of this test's own, to which faults may be put; it tries three times."""
    client = connect(endpoint=dynamodb_url, attempts=3, attempt_seconds=60)
    yield client
    client.close()


@pytest.fixture
def table(dynamodb_client: "DynamoDBClient") -> str:
    name = f"claims-{uuid4()}"
    create_claims_table(dynamodb_client, name)
    return name


def order(number: int) -> bytes:
    return number.to_bytes(32, "big")


def claim(number: int, owner: Owner = ME, site: str = "shop") -> Claim:
    return Claim(site, order(number), owner)


# --- many workers ---


def test_of_sixteen_that_race_for_an_order_one_wins_and_all_agree_later(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    writers, orders = 16, range(12)
    together = Barrier(writers)

    def race(writer: int) -> list[bool]:
        claims = DynamoClaims(dynamodb_client, table)
        mine = [claim(n, Owner(f"session-{writer}", 100, "impression")) for n in orders]
        together.wait()
        won = claims.claim(mine[::-1] if writer % 2 else mine)
        won = won[::-1] if writer % 2 else won
        assert claims.claim(mine) == won
        return won

    with ThreadPoolExecutor(writers) as pool:
        results = list(pool.map(race, range(writers)))
    assert [sum(won) for won in zip(*results, strict=True)] == [1] * len(orders)


def test_a_call_may_have_any_number_of_claims(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    claims = DynamoClaims(dynamodb_client, table)
    taken = [claim(n, OTHER) for n in range(0, 250, 3)]
    assert all(claims.claim(taken))
    mine = [claim(n) for n in range(250)]
    assert claims.claim(mine) == [n % 3 != 0 for n in range(250)]
    assert claims.claim(mine[::-1]) == [n % 3 != 0 for n in range(250)][::-1]


def test_new_orders_are_claimed_twenty_five_in_a_request(
    client: "DynamoDBClient", table: str
) -> None:
    batches, single = meet(client, BATCH), meet(client, SINGLE)
    assert all(DynamoClaims(client, table).claim([claim(n) for n in range(60)]))
    assert sorted(said.count("INSERT") for said in batches) == [10, 25, 25]
    assert single == []


def test_several_claims_of_an_order_in_a_call_are_one(client: "DynamoDBClient", table: str) -> None:
    batches, single = meet(client, BATCH), meet(client, SINGLE)
    owners = [OTHER, ME, OTHER, *(Owner(f"session-{n}", 1, "i") for n in range(50))]
    decided = DynamoClaims(client, table).claim([claim(1, owner) for owner in owners])
    assert decided == [owner == OTHER for owner in owners]
    assert [said.count("INSERT") for said in batches] == [1]
    assert single == []


@pytest.mark.parametrize(
    "owner",
    [
        Owner("", 0, ""),
        Owner("a\0b", 1, "\0"),
        Owner("'; DROP TABLE claims; --", 1, ":value #key $x"),
        Owner("ü" * 64, 1 << 40, "\U0001f3f4\U000e0067" * 32),
        Owner('{"S": "x"}', -1, "NULL"),
    ],
)
def test_whatever_ids_strangers_make_up_are_told_apart(
    dynamodb_client: "DynamoDBClient", table: str, owner: Owner
) -> None:
    claims = DynamoClaims(dynamodb_client, table)
    others = [
        Owner(owner.session + "x", owner.minute, owner.impression),
        Owner(owner.session, owner.minute + 1, owner.impression),
        Owner(owner.session, owner.minute, owner.impression + " "),
    ]
    for number, site in enumerate(("shop", "shop.", "s" * 64)):
        mine = claim(number, owner, site)
        assert claims.claim([mine, *(mine._replace(owner=other) for other in others)]) == [
            True, False, False, False
        ]  # fmt: skip
        assert DynamoClaims(dynamodb_client, table).claim([mine]) == [True]


# --- what goes wrong ---


def test_answers_that_are_lost_lose_no_claim(client: "DynamoDBClient", table: str) -> None:
    batches, single = meet(client, BATCH, lost), meet(client, SINGLE, lost)
    claims = DynamoClaims(client, table)
    assert claims.claim([claim(1), claim(1, OTHER)]) == [True, False]
    assert (len(batches), len(single)) == (2, 2)
    assert claims.claim([claim(1, OTHER), claim(1)]) == [False, True]


def test_when_no_answer_comes_at_all_claiming_again_later_finds_ones_own(
    client: "DynamoDBClient", table: str
) -> None:
    meet(client, BATCH, lost, lost, lost)
    claims = DynamoClaims(client, table)
    with pytest.raises(TableUnavailable, match=f"DynamoDB table {table}: Read timeout"):
        claims.claim([claim(1)])
    assert claims.claim([claim(1, OTHER), claim(1)]) == [False, True]


def test_throttled_claims_are_made_a_little_later(
    client: "DynamoDBClient", dynamodb_client: "DynamoDBClient", table: str
) -> None:
    DynamoClaims(dynamodb_client, table).claim([claim(2, OTHER)])
    batches = meet(client, BATCH, refused("ThrottlingException"), left_undone("ThrottlingError"))
    single = meet(client, SINGLE, refused("ProvisionedThroughputExceededException"))
    assert DynamoClaims(client, table).claim([claim(1), claim(2), claim(3)]) == [True, False, True]
    assert (len(batches), len(single)) == (2, 4)


def test_an_order_that_is_throttled_keeps_no_other_sites_orders_from_being_claimed(
    client: "DynamoDBClient", dynamodb_client: "DynamoDBClient", table: str
) -> None:
    """Even when it is given up: what was claimed beside it is claimed, and no request more was made for it."""
    batches = meet(client, BATCH, left_undone("ThrottlingError"))
    single = meet(client, SINGLE, *[refused("ThrottlingException")] * 3, at='"hot"')
    mine = [claim(1), claim(2), claim(3, site="hot"), claim(4)]
    with pytest.raises(TableUnavailable, match="ThrottlingException"):
        DynamoClaims(client, table).claim(mine)
    assert len(batches) == 1
    assert sorted('"hot"' in said for said in single) == [False] * 3 + [True] * 3
    later = [one._replace(owner=OTHER) for one in mine]
    assert DynamoClaims(dynamodb_client, table).claim(later) == [False, False, True, False]


def test_claims_that_conflict_with_a_transaction_of_somebody_else_can_be_made_again(
    client: "DynamoDBClient", table: str
) -> None:
    """Bellrock has no transactions on the table; whoever repairs it by hand may have."""
    meet(client, BATCH, left_undone("TransactionConflict"))
    meet(client, SINGLE, refused("TransactionConflictException"), at="session-1")
    claims = DynamoClaims(client, table)
    with pytest.raises(TableUnavailable, match="TransactionConflictException"):
        claims.claim([claim(1), claim(2, OTHER)])
    assert claims.claim([claim(1), claim(2, OTHER)]) == [True, True]


def test_a_table_that_is_missing_or_another_is_refused_at_once(
    dynamodb_client: "DynamoDBClient",
) -> None:
    with pytest.raises(ConfigurationError, match="there is no such table"):
        DynamoClaims(dynamodb_client, "no-claims")
    create_claims_table(dynamodb_client, "some-claims")
    create_claims_table(dynamodb_client, "some-claims")
    assert DynamoClaims(dynamodb_client, "some-claims").claim([]) == []


# --- how long claims stay ---


def test_claims_stay_for_ever_unless_they_are_kept_for_days(
    dynamodb_client: "DynamoDBClient", table: str
) -> None:
    DynamoClaims(dynamodb_client, table).claim([claim(1, site="ever")])
    DynamoClaims(dynamodb_client, table, keep_days=30).claim([claim(1, site="days")])
    items = dynamodb_client.scan(TableName=table)["Items"]
    expires = {item["site"]["S"]: item.get("expires") for item in items}
    assert expires == {"ever": None, "days": {"N": str((100 + 30 * 1440) * 60)}}
    found = dynamodb_client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires")
