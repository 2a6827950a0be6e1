"""A page impression as it is kept while its session is open, and a session.

`IMPRESSION` is `BEACON` (an impression made of one line) with what only merging gives: `first` and
`last` beacon (ms), how many `beacons`, and the accepted orders (`basket`: MessagePack of hash -> value).
"""

import polars as pl

from bellrock.schema.beacon import BEACON
from bellrock.schema.dimensions import NAMES as DIMENSIONS

Schema = dict[str, pl.DataType | type[pl.DataType]]

SPAN: Schema = {"first": pl.Int64, "last": pl.Int64, "beacons": pl.Int32}
ORDERS: Schema = {"orders": pl.Int32, "revenue": pl.Int64}
BASKET: Schema = {"basket": pl.Binary}

IMPRESSION: Schema = {**BEACON, **SPAN, **ORDERS, **BASKET}

NO_HEAD = 1 << 62
"""`head_first` of a session in which no impression counts yet."""

SESSION: Schema = {
    "site": pl.String,
    "session": pl.String,
    "first": pl.Int64,
    "last": pl.Int64,
    "due": pl.Int64,
    "impressions": pl.Int32,
    **ORDERS,
    "head_first": pl.Int64,
    "head": pl.String,
    **dict.fromkeys(DIMENSIONS, pl.String),
}
"""A session: `impressions` counts the counted ones; `head` is the first of them, whose `first` and
dimensions are the session's; `due` is the minute at whose boundary it ends unless a beacon comes."""
