"""The normalised beacon: one row per line that is folded, ready to be merged into its impression.

The columns of `BEACON` are those of an impression made of that one line (`schema.impression`), so that
merging beacons with each other and with what is known already is one operation. A column `*_seq` holds
the seq of the line that its group of fields came from, or `ABSENT` (`NEVER` for `delivery_seq`, where the
highest seq wins).
"""

import polars as pl

from bellrock.schema.timers import SLOTS

ABSENT = 255
NEVER = -1

TYPE_BITS = {"navigation": 1, "load": 2, "vitals": 4, "event": 8, "order": 16}
USABLE_ORDER_BIT = 32
COUNTS_BITS = TYPE_BITS["navigation"] | TYPE_BITS["load"] | USABLE_ORDER_BIT
"""An impression counts once one of these is set."""

NO_TIMER = -1

IDENTITY = {"site": pl.String, "session": pl.String, "impression": pl.String}

GROUPS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    # the column with the seq of the line it came from: the fields that are taken whole
    "page_seq": {"label": pl.String, "navigation": pl.String, "release": pl.String},
    "test_seq": {"test": pl.String, "group": pl.String},
    "agent_seq": {
        "browser": pl.String,
        "os": pl.String,
        "tablet": pl.Boolean,
        "crawler": pl.Boolean,
    },
    "country_seq": {"country": pl.String},
    "visitor_seq": {"new_today": pl.Boolean, "new_this_month": pl.Boolean},
    "mobile_seq": {"mobile": pl.Boolean},
    "delivery_seq": {"first_load": pl.Boolean, "served": pl.Boolean, "cache_hit": pl.Boolean},
}
"""Groups of fields; all but `delivery_seq` come from the line with the lowest seq that has them."""

BEACON: dict[str, pl.DataType | type[pl.DataType]] = {
    **IDENTITY,
    "seen": pl.UInt64,
    "types": pl.UInt8,
    "events": pl.Int32,
    "errors": pl.Int32,
    **dict.fromkeys(GROUPS, pl.Int16),
    **{field: kind for fields in GROUPS.values() for field, kind in fields.items()},
    "webdriver": pl.Boolean,
    "timers": pl.Array(pl.Int32, SLOTS),
}
"""Columns of a normalised beacon, in order. `timers` are micro-units by slot, `NO_TIMER` where absent."""
