"""Deltas on their way from lanes to summaries: rows, by the slot that their document belongs to.

A document's slot is made of its key without the minute, so the hour and the day of a document lie where its
minutes do. What always holds: it depends on nothing but the key, in every process and version.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

import msgspec

from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import CLUSTER_KEY, KEY, RELATIONS

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
"""Rows by relation, each with the columns of `RELATIONS`: the key, then what is additive."""

DOCUMENT_KEYS: Mapping[str, tuple[str, ...]] = {
    "minutes": KEY,
    "timers": KEY,
    "clusters": CLUSTER_KEY,
    "cluster_timers": CLUSTER_KEY,
    "issues": RELATIONS["issues"].key,
}
"""The columns of each relation that name the document, first among its columns."""


class Parcel(msgspec.Struct, array_like=True, frozen=True):
    """Rows for one slot; `judged` is how far the worker knew that every lane had come, a minute."""

    judged: int
    rows: Rows


encode_parcel = msgspec.msgpack.Encoder().encode
decode_parcel = msgspec.msgpack.Decoder(Parcel).decode


def by_slot(parts: Iterable[Deltas], slots: int) -> dict[int, Rows]:
    """The rows of deltas by the slot of their document."""
    found: dict[int, Rows] = {}
    for part in parts:
        for relation, key in DOCUMENT_KEYS.items():
            frame = getattr(part, relation)
            if not len(frame):
                continue
            minute, width = key.index("minute"), len(key)
            shares: dict[int, list[Row]] = defaultdict(list)
            for row in frame.select(columns_of(relation)).rows():
                shares[slot_of(row[:minute] + row[minute + 1 : width], slots)].append(row)
            for slot, rows in shares.items():
                found.setdefault(slot, {}).setdefault(relation, []).extend(rows)
    return found


@lru_cache(1 << 14)
def slot_of(names: Row, slots: int) -> int:
    """The slot of a document; `names` are the texts of its key, without the minute."""
    return crc32("\0".join(name or "" for name in names).encode()) % slots


def columns_of(relation: str) -> list[str]:
    """The names of a row's values."""
    key, additive = RELATIONS[relation]
    return [*key, *additive]


SCHEMAS = {relation: getattr(NO_DELTAS, relation).schema for relation in RELATIONS}
