"""`bellrock fold`: recorded log lines to canonical text, in memory."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from zlib import crc32

import polars as pl

from bellrock.canonical import canonical_text
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import ConfigurationError
from bellrock.normalise.decode import session_of
from bellrock.operators.state import State
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.operators.time import END_OF_TIME, minute_of
from bellrock.pipeline import Pipeline
from bellrock.schema.document import RELATIONS
from bellrock.schema.site import Site

DEFAULT_BATCH = 10_000
_MERGED_AT = 256  # parts of a ledger: many small steps must not pile up


def fold_lines(
    lines: Iterable[bytes],
    sites: Mapping[str, Site],
    *,
    batch: int = DEFAULT_BATCH,
    shards: int = 1,
    close: bool = False,
) -> bytes:
    """The canonical text of recorded lines.

    `shards` partitions, each keeping its own time, share the claims, which are made in line order;
    `close` passes boundaries until all sessions have ended.
    """
    claims = MemoryClaims()
    pipelines = [Pipeline(sites, claims, State()) for _ in range(shards)]
    ledger = Ledger()
    for part in _batches(lines, batch, orders_last=shards > 1):
        for pipeline, share in zip(pipelines, _shares(part, shards), strict=True):
            if share:
                ledger.add(pipeline.step(share).deltas)
    end = END_OF_TIME if close else max(minute_of(p.state.watermark) for p in pipelines)
    for pipeline in pipelines:
        ledger.add(pipeline.pass_boundaries(end))
    return canonical_text(ledger.sums(), sites)


def read_lines(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of files, one after the other, without their newlines; raises ConfigurationError."""
    for path in paths:
        try:
            with path.open("rb") as file:
                for line in file:
                    yield line.rstrip(b"\n")
        except OSError as error:
            raise ConfigurationError(
                str(path), f"cannot be read ({error.strerror})", "Name files of log lines."
            ) from error


class Ledger:
    """Additive rows in memory."""

    def __init__(self) -> None:
        """Begin with none."""
        self._parts = [NO_DELTAS]

    def add(self, deltas: Deltas) -> None:
        """Add the rows of one step."""
        self._parts.append(deltas)
        if len(self._parts) >= _MERGED_AT:
            self._parts = [self.sums()]

    def sums(self) -> Deltas:
        """One row per key."""
        return Deltas(
            **{
                name: pl.concat([getattr(part, name) for part in self._parts])
                .group_by(key)
                .agg(pl.col(additive).sum())
                for name, (key, additive) in RELATIONS.items()
            }
        )


def _batches(lines: Iterable[bytes], size: int, *, orders_last: bool) -> Iterator[list[bytes]]:
    """Batches of up to `size` lines; with `orders_last`, a line that may hold an order ends its batch.

    So two shards never claim within one batch, and claims come in line order whatever the shards.
    """
    rest = iter(lines)
    if not orders_last:
        while batch := list(islice(rest, size)):
            yield batch
        return
    batch = []
    for line in rest:
        batch.append(line)
        if len(batch) >= size or b"order" in line or b"\\u" in line:
            yield batch
            batch = []
    yield batch


def _shares(lines: list[bytes], shards: int) -> list[list[bytes]]:
    """The lines of each shard: crc32(session) % shards, 0 for a line without a usable session."""
    if shards == 1:
        return [lines]
    shares: list[list[bytes]] = [[] for _ in range(shards)]
    for line in lines:
        session = session_of(line)
        shares[crc32(session.encode()) % shards if session else 0].append(line)
    return shares
