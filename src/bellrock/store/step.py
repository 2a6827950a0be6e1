"""What one step of a runner hands to the embedded store, to be written whole or not at all."""

from collections.abc import Mapping

import msgspec
import polars as pl

from bellrock.operators.balance import Balance


class StoredStep(msgspec.Struct, frozen=True):
    """`deltas`: relation -> additive rows; `state`: changes, or, where `base`, the whole state.

    `position` is the log position after the step, `watermark` the newest `at` folded (ms since 1970).
    `claims` and `marks` are those that the step made (`pending` of their stores).
    """

    deltas: Mapping[str, pl.DataFrame]
    claims: pl.DataFrame
    state: bytes
    base: bool
    position: int
    watermark: int | None
    marks: pl.DataFrame = pl.DataFrame()
    balance: Balance = Balance()
