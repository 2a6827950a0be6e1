"""What a worker that was given up has written, to be written again as nothing more than it is now.

Documents come, of which a predecessor wrote more than its last checkpoint has. Deltas of zeros leave. A run
that goes on from that checkpoint may pass over such a document: it folds more lines in one step, and what one
line brings into a document and the next takes out again is never in it. Zeros make it be written all the same.
"""

import polars as pl

from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.deltas import HEADS
from bellrock.runners.flink.documents import as_deltas
from bellrock.schema.document import RELATIONS


def zeros_of(documents: Deltas, since: int) -> Deltas:
    """A row of zeros for each document, but those of a minute before `since`: they are forgotten."""
    return as_deltas({head: _zeros(getattr(documents, head), head, since) for head in HEADS})


def _zeros(frame: pl.DataFrame, head: str, since: int) -> pl.DataFrame:
    nothing = [pl.lit(0, pl.Int64).alias(column) for column in RELATIONS[head].additive]
    return frame.filter(pl.col("minute") >= since).with_columns(nothing)
