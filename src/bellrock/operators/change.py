"""What folding a minute changed: the rows as they were and as they are."""

import msgspec
import polars as pl


class Change(msgspec.Struct, frozen=True):
    """`old` holds the changed rows that were there before, `new` all changed rows as they are now."""

    old: pl.DataFrame
    new: pl.DataFrame
