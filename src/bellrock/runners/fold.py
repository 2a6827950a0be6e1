"""`bellrock fold`: recorded log lines to canonical text, in memory."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import polars as pl

from bellrock.canonical import canonical_text
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import ConfigurationError
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.behaviour import Evidence
from bellrock.operators.documents import MINUTE
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
    claims, marks = MemoryClaims(), MemoryMarks()
    evidence = Evidence(secrets.token_bytes(32))
    pipelines = [Pipeline(sites, claims, marks, State(evidence)) for _ in range(shards)]
    ledger = Ledger()
    if shards == 1:
        rest = iter(lines)
        while part := list(islice(rest, batch)):
            ledger.add(pipelines[0].step(part).deltas)
    else:
        for block in _blocks(lines, batch, shards):
            _step_shards(pipelines, block, ledger)
    end = END_OF_TIME if close else max(minute_of(p.state.watermark) for p in pipelines)
    for pipeline in pipelines:
        ledger.add(pipeline.pass_boundaries(end).deltas)
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


class _Block(NamedTuple):
    """Lines of one minute, by shard."""

    minute: int
    shares: list[list[bytes]]


def _blocks(lines: Iterable[bytes], size: int, shards: int) -> Iterator[_Block]:
    """Blocks of up to `size` lines; a line that may hold an order ends its block.

    So two shards never claim within one block, and claims come in line order whatever the shards.
    """
    minute, shares = 0, _no_shares(shards)
    for line in lines:
        at, session = route_of(line)
        if at is not None and at // MINUTE > minute:
            yield _Block(minute, shares)
            minute, shares = at // MINUTE, _no_shares(shards)
        shares[crc32(session.encode()) % shards if session else 0].append(line)
        if sum(map(len, shares)) >= size or b"order" in line or b"\\u" in line:
            yield _Block(minute, shares)
            shares = _no_shares(shards)
    yield _Block(minute, shares)


def _no_shares(shards: int) -> list[list[bytes]]:
    return [[] for _ in range(shards)]


def _step_shards(pipelines: Sequence[Pipeline], block: _Block, ledger: Ledger) -> None:
    """Fold a block; every shard has passed its boundary before any goes on, so that all see the same marks."""
    for pipeline in pipelines:
        ledger.add(pipeline.pass_boundaries(block.minute).deltas)
    for pipeline, share in zip(pipelines, block.shares, strict=True):
        if share:
            ledger.add(pipeline.step(share).deltas)
