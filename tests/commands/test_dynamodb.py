"""`bellrock dynamodb create`: the tables that were named, once."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.claims.contract import Claim, Owner
from bellrock.claims.dynamodb import DynamoClaims
from bellrock.marks.dynamodb import DynamoMarkBook
from bellrock.runners.flink.horizon import BEFORE_TIME, DynamoJudged

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def create(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bellrock", "dynamodb", "create", *arguments]
    given = {name: value for name, value in {**os.environ, **variables}.items() if value}
    return subprocess.run(command, capture_output=True, text=True, env=given)


@pytest.fixture
def name() -> str:
    return f"made-{uuid4()}"


def test_the_tables_are_those_that_workers_open_and_making_them_again_changes_nothing(
    dynamodb_client: "DynamoDBClient", dynamodb_url: str, name: str
) -> None:
    tables = {kind: f"{name}-{kind}" for kind in ("claims", "marks", "progress")}
    asked = [f"--{kind}={table}" for kind, table in tables.items()]
    first = create(*asked, f"--endpoint={dynamodb_url}")
    said = "".join(f"The table {table} of {kind} is there.\n" for kind, table in tables.items())
    assert (first.returncode, first.stdout, first.stderr) == (0, said, "")
    claims = DynamoClaims(dynamodb_client, tables["claims"])
    claim = Claim("shop", b"hash", Owner("session", 7, "impression"))
    assert claims.claim([claim]) == [True]
    DynamoJudged(dynamodb_client, tables["progress"], "job").write(9)
    assert create(*asked, f"--endpoint={dynamodb_url}").stdout == said
    other = claim._replace(owner=Owner("other", 7, "impression"))
    assert claims.claim([other]) == [False], "its owner is still there"
    assert DynamoMarkBook(dynamodb_client, tables["marks"]).marks() == []
    judged = DynamoJudged(dynamodb_client, tables["progress"], "job")
    assert (judged.read(), DynamoJudged(dynamodb_client, tables["progress"], "x").read()) == (
        9,
        BEFORE_TIME,
    )


def test_only_what_is_named_is_made(
    dynamodb_client: "DynamoDBClient", dynamodb_url: str, name: str
) -> None:
    assert create(f"--marks={name}", f"--endpoint={dynamodb_url}").returncode == 0
    pages = dynamodb_client.get_paginator("list_tables").paginate()
    found = [table for page in pages for table in page["TableNames"]]
    assert [table for table in found if table.startswith(name)] == [name]


def test_a_table_of_another_kind_is_left_as_it_is(
    aws_account: None, dynamodb_url: str, name: str
) -> None:
    assert create(f"--marks={name}", f"--endpoint={dynamodb_url}").returncode == 0
    ran = create(f"--claims={name}", f"--endpoint={dynamodb_url}")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"DynamoDB table {name}: its key is" in ran.stderr


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([], "no table is named. Give --claims, --marks or --progress"),
        (["--claims=a b"], "DynamoDB table a b: is no name of a table"),
        (["--claims=abc", "--endpoint=nowhere"], "DynamoDB: Invalid endpoint: nowhere. Write it"),
    ],
)
def test_what_cannot_be_made_is_told(aws_account: None, asked: list[str], told: str) -> None:
    ran = create(*asked)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_a_region_it_says_how_to_give_one(aws_account: None) -> None:
    ran = create("--claims=claims", AWS_DEFAULT_REGION="", AWS_REGION="")
    assert ran.returncode == 2
    assert "Set AWS_DEFAULT_REGION" in ran.stderr
