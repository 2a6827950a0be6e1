"""Orders: hashed with the site's key, claimed once for ever, kept per impression at their greatest value.

Orders are rare beside beacons, so this is the one operator that goes row by row.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from bellrock.claims.contract import Claim, Claims, Owner
from bellrock.schema.site import Site

Basket = dict[bytes, int]
"""Accepted orders of one impression: hash -> greatest value in minor units."""


class OrderLine(NamedTuple):
    """A usable order, sent in `row` by `impression` (`key`); `minute` is that of its session's first beacon."""

    row: int
    key: int
    site: str
    session: str
    minute: int
    impression: str
    id: str
    value: int


def claim_orders(
    lines: Sequence[OrderLine],
    baskets: dict[int, Basket],
    sites: Mapping[str, Site],
    claims: Claims,
) -> list[OrderLine]:
    """Put each accepted order into the basket of its impression's key; returns the lines refused.

    `lines` are in log order, which decides who comes first; `baskets` holds what is known already.
    """
    hashes = [_hash(sites[line.site], line.id) for line in lines]
    accepted = claims.claim(
        [
            Claim(line.site, digest, Owner(line.session, line.minute, line.impression))
            for line, digest in zip(lines, hashes, strict=True)
        ]
    )
    refused = []
    for line, digest, mine in zip(lines, hashes, accepted, strict=True):
        if mine:
            basket = baskets.setdefault(line.key, {})
            basket[digest] = max(line.value, basket.get(digest, 0))
        else:
            refused.append(line)
    return refused


def pack_basket(basket: Basket) -> bytes:
    """A basket as it is kept in an impression's row: the same bytes for the same orders."""
    return msgspec.msgpack.encode(sorted(basket.items()))


def unpack_basket(packed: bytes | None) -> Basket:
    """The inverse of `pack_basket`; empty for None."""
    return dict(msgspec.msgpack.decode(packed, type=list[tuple[bytes, int]])) if packed else {}


def _hash(site: Site, order_id: str) -> bytes:
    return hmac.digest(site.order_key, order_id.encode(), hashlib.sha256)
