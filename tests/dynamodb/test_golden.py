"""The golden logs give the same documents with claims and marks in DynamoDB, and again when they are replayed."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bellrock.canonical import canonical_text
from bellrock.claims.dynamodb import DynamoClaims, create_claims_table
from bellrock.marks.dynamodb import DynamoMarkBook, DynamoMarks, create_marks_table
from bellrock.operators.state import State
from bellrock.operators.time import minute_of
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger
from bellrock.sites import load_sites

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", ["duplicate_order", "revenue", "behaviour"])
def test_documents_are_those_that_were_worked_out_by_hand(
    dynamodb_client: "DynamoDBClient", name: str
) -> None:
    (expected,) = GOLDEN.glob(f"{name}.expected.ndjson")
    lines = (GOLDEN / f"{name}.ndjson").read_bytes().splitlines()
    tables = [f"{name}-{kind}-{uuid4()}" for kind in ("claims", "marks")]
    create_claims_table(dynamodb_client, tables[0])
    create_marks_table(dynamodb_client, tables[1])
    found = [_folded(dynamodb_client, tables, lines, batch) for batch in (1000, 7)]
    assert found == [expected.read_bytes()] * 2
    held = [dynamodb_client.scan(TableName=table)["Count"] for table in tables]
    assert any(held)


def _folded(client: "DynamoDBClient", tables: list[str], lines: list[bytes], batch: int) -> bytes:
    sites = load_sites(GOLDEN / "shared.sites.toml")
    claims, marks = DynamoClaims(client, tables[0]), DynamoMarks(DynamoMarkBook(client, tables[1]))
    state = State()
    pipeline = Pipeline(sites, claims, marks, state)
    ledger = Ledger()
    for first in range(0, len(lines), batch):
        if state.watermark is not None:
            marks.refresh(minute_of(state.watermark))
        ledger.add(pipeline.step(lines[first : first + batch]).deltas)
    ledger.add(pipeline.pass_boundaries(minute_of(state.watermark)).deltas)
    return canonical_text(ledger.sums(), sites)
