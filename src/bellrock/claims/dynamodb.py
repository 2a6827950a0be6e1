"""Claims of the distributed runner: one item of a DynamoDB table for each order, put where there is none.

What always holds: a claim is durable when it is answered; many workers may claim at the same time, and the
first to reach the table owns the order. Whoever claims again after a crash, or an error, finds its own.

Claims are decided one by one: of several, none depends on another, and one that is refused or contended
holds up no other. `docs/adr/0013-claims-one-by-one.md` says why they are not a transaction.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bellrock.claims.contract import Claim, Owner
from bellrock.dynamodb.table import Item, Key, Table, create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# The hash first: it spreads one shop's orders over all partitions of the table.
_KEY: Key = {"hash": "B", "site": "S"}
_EXPIRES = "expires"
_DAY = 24 * 60  # minutes


class DynamoClaims:
    """See `Claims`; raises TableUnavailable where the table cannot decide now: claim the same again."""

    def __init__(
        self, client: "DynamoDBClient", table: str, *, keep_days: int | None = None
    ) -> None:
        """Open the table; claims stay for ever, or for some days of the log after their session began.

        Raises ConfigurationError where the table is missing or has another key.
        """
        self._table = Table(client, table, _KEY)
        self._keep_days = keep_days

    def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """See `Claims.claim`."""
        first: dict[tuple[str, bytes], Claim] = {}
        for claim in claims:
            first.setdefault((claim.site, claim.hash), claim)
        there = self._table.put_new([self._item(claim) for claim in first.values()])
        owners = {
            order: _owner(item) if item else claim.owner
            for (order, claim), item in zip(first.items(), there, strict=True)
        }
        return [owners[claim.site, claim.hash] == claim.owner for claim in claims]

    def _item(self, claim: Claim) -> Item:
        item = {"hash": claim.hash, "site": claim.site, **claim.owner._asdict()}
        if self._keep_days is not None:
            item[_EXPIRES] = (claim.owner.minute + self._keep_days * _DAY) * 60
        return item


def _owner(item: Item) -> Owner:
    return Owner(item["session"], item["minute"], item["impression"])


def create_claims_table(client: "DynamoDBClient", name: str) -> None:
    """Make the table, unless it is there; raises ConfigurationError where one of another key is."""
    create_table(client, name, _KEY, expires=_EXPIRES)
