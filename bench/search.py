"""What documents cost: how many a beacon changes, and what writing them takes. `python -m bench.search`.

The documents that workers write are made of traffic of 5,000 sites: the pipeline's deltas, summed up by
document at every level, and of each flush those that changed, whole. Those of the first 200 sites go into a
real OpenSearch of one node. Processor time is in microseconds for a document, of this process and of the node,
in the second half. Minutes are flushed every 2 seconds, hours, days and delivery every minute. It takes some
minutes, and all that it starts ends.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from time import process_time
from typing import NamedTuple

import polars as pl
from opensearchpy import OpenSearch

from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.state import State
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.pipeline import Pipeline
from bellrock.runners.flink.deltas import HEADS
from bellrock.runners.flink.documents import AT_ONCE, WITH_HOURS, Levels, as_deltas
from bellrock.schema.document import RELATIONS
from bellrock.schema.site import Site
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic
from bellrock.store.search import SearchStore
from bellrock.store.search.documents import KINDS, Document, encode
from bellrock.store.tables import LEVELS
from bench.engine.lines import sites
from servers.opensearch import OPTIMISED, opensearch

_KEYS = tuple(f"shop-{rank:04}" for rank in range(1, 5_001))
_BEGIN_MS = 1_800_000_000_000  # the first of a minute
_BEFORE_S, _MEASURED_S, _FLUSH_S, _HOURS_S = 60, 120, 2, 60
_WRITTEN_SITES = 200  # each begins with an index, and one small node cannot have 5,000


class _Flush(NamedTuple):
    """What changed in some seconds of the log, or of hours in more of them: whole documents by level."""

    beacons: int
    documents: dict[str, Deltas]


def flushes(rate: float, declared: dict[str, Site]) -> Iterator[_Flush]:
    """Those of the measured minutes."""
    traffic = Traffic(rate=rate, seed=1, sites=tuple(declared))
    end = _BEGIN_MS + 1000 * (_BEFORE_S + _MEASURED_S)
    lines = past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=end)
    folding = Pipeline(declared, MemoryClaims(), MemoryMarks(), State())
    totals = _Totals()
    waiting: list[Deltas] = []
    for number, part in groupby(lines, _flush_of):
        together = list(part)
        waiting.append(folding.step(together).deltas)
        found = [_Flush(len(together), totals.add(waiting[-1:], AT_ONCE))]
        if (number + 1) * _FLUSH_S % _HOURS_S == 0:
            found.append(_Flush(0, totals.add(waiting, WITH_HOURS)))
            waiting = []
        if number * _FLUSH_S >= _BEFORE_S:
            yield from found


def _flush_of(line: bytes) -> int:
    at, _ = route_of(line)
    return ((at or 0) - _BEGIN_MS) // (1000 * _FLUSH_S)


class _Totals:
    """All documents so far."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], pl.DataFrame] = {}

    def add(self, deltas: Sequence[Deltas], levels: Levels) -> dict[str, Deltas]:
        """The documents that deltas change, whole, by level."""
        found: dict[str, dict[str, pl.DataFrame]] = {}
        for head, level in ((head, level) for head, own in levels.items() for level in own):
            names = [name for name in (head, HEADS[head]) if name]
            news = {name: _floored(deltas, name, level) for name in names}
            key = RELATIONS[head].key
            changed = pl.concat([new.select(key) for new in news.values()]).unique()
            for name, new in news.items():
                known = self._rows.get((name, level), getattr(NO_DELTAS, name))
                summed = self._rows[name, level] = _summed(name, pl.concat([known, new]))
                whole = summed.join(changed, on=key, how="semi", nulls_equal=True)
                found.setdefault(level, {})[name] = whole
        return {level: as_deltas(own) for level, own in found.items()}


def _floored(deltas: Sequence[Deltas], relation: str, level: str) -> pl.DataFrame:
    rows: pl.DataFrame = pl.concat([getattr(part, relation) for part in deltas])
    return rows.with_columns(pl.col("minute") - pl.col("minute") % LEVELS[level])


def _summed(relation: str, rows: pl.DataFrame) -> pl.DataFrame:
    key, additive = RELATIONS[relation]
    return rows.group_by(key).agg(pl.col(additive).sum()).select(rows.columns)


def count(rate: float, found: Sequence[_Flush], optional: Sequence[str]) -> None:
    """Print how many documents are written."""
    beacons = sum(flush.beacons for flush in found)
    print(
        f"\n{rate:,.0f} beacons/s of {len(_KEYS):,} sites, by {', '.join(optional) or 'nothing more'}"
    )
    made: dict[str, list[Document]] = {}
    for flush in found:
        for level, changed in flush.documents.items():
            made.setdefault(_name(level, changed), []).extend(encode(changed, level))
    for name, documents in made.items():
        size = sum(len(document.body) for document in documents) / max(len(documents), 1)
        ids = len({document.id for document in documents})
        print(
            f"  {name:<10}{len(documents) / beacons:>8.2f} documents for a beacon"
            f"{size:>10,.0f} bytes each{ids:>10,} different ones"
        )


def _name(level: str, changed: Deltas) -> str:
    return "delivery" if len(changed.delivery) else level


def write(found: Sequence[_Flush], declared: Sequence[str]) -> None:
    """Write them, and print what that takes."""
    few = [_of_sites(flush, declared[:_WRITTEN_SITES]) for flush in found]
    with tempfile.TemporaryDirectory() as folder, opensearch(Path(folder), *OPTIMISED) as url:
        client = OpenSearch(url, timeout=60)
        store = SearchStore(client)
        half = len(few) // 2
        _put_all(store, few[:half], 0)  # then indices are there, and the node's code is compiled
        began, node = process_time(), _node_seconds(client)
        documents = _put_all(store, few[half:], half)
        ours, theirs = process_time() - began, _node_seconds(client) - node
        client.indices.forcemerge(
            index="bellrock.*", params={"max_num_segments": 1}, request_timeout=600
        )
        stats = client.indices.stats(index="bellrock.*")["_all"]["primaries"]
        stored = stats["docs"]["count"]
        print(
            f"  {documents:,} written: {1e6 * ours / documents:.0f} us of ours for each,"
            f" {1e6 * theirs / documents:.0f} us of the node's;"
            f" {stored:,} are stored, {stats['store']['size_in_bytes'] / stored:,.0f} bytes each"
        )


def _put_all(store: SearchStore, flushed: Sequence[_Flush], version: int) -> int:
    """Write flushes; how many documents they have."""
    documents = 0
    for number, flush in enumerate(flushed, version):
        store.write(flush.documents, number)
        for changed in flush.documents.values():
            documents += sum(len(getattr(changed, relation)) for relation, _ in KINDS.values())
    return documents


def _of_sites(flush: _Flush, keys: Sequence[str]) -> _Flush:
    return _Flush(
        flush.beacons,
        {
            level: Deltas(
                **{
                    relation: getattr(changed, relation).filter(pl.col("site").is_in(keys))
                    for relation in RELATIONS
                }
            )
            for level, changed in flush.documents.items()
        },
    )


def _node_seconds(client: OpenSearch) -> float:
    [node] = client.nodes.stats(metric="process")["nodes"].values()
    return float(node["process"]["cpu"]["total_in_millis"]) / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rates", nargs="*", type=float, default=[1080.0, 10_800.0])
    rates = parser.parse_args().rates
    for rate in rates:
        for optional in ((), ("label", "firstLoad", "served", "country")):
            declared = sites(_KEYS, optional)
            found = list(flushes(rate, declared))
            count(rate, found, optional)
            if rate == rates[0]:
                write(found, list(declared))


if __name__ == "__main__":
    main()
