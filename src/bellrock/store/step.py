"""What one step of a runner hands to the embedded store, to be written whole or not at all."""

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from bellrock.operators.balance import Balance


class StoredPartition(msgspec.Struct, frozen=True):
    """`position` of a partition after the step; `states`: changes of its state, or, where `base`, the whole."""

    position: int
    states: Sequence[bytes]
    base: bool


class StoredStep(msgspec.Struct, frozen=True):
    """`deltas`: relation -> additive rows; `state`: changes, or, where `base`, the whole state.

    `position` is the number of log lines that were folded after the step, `watermark` the newest `at` of
    them (ms since 1970). Where a log has many `partitions`, they have positions and states of their own, and
    `state` is what they share.
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
    partitions: Mapping[str, StoredPartition] = {}
