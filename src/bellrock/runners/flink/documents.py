"""Whole documents as Flink keeps them: rows by detail, summed, in a form that is read and written fast.

A document has one row of the relation that it is named by, and a row for each detail: of timers the cell, of
cluster timers the timer. A document of an hour or a day is the same with its minute floored.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import polars as pl

from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.deltas import DOCUMENT_KEYS, SCHEMAS, Row, Rows
from bellrock.schema.document import RELATIONS
from bellrock.store.tables import LEVELS, ROLLED_UP

HEADS = {"minutes": "timers", "clusters": "cluster_timers", "issues": None}
"""The relations that name a document, each with that of its details."""

_HEAD_OF = {detail: head for head, detail in HEADS.items() if detail} | {
    head: head for head in HEADS
}
_MINUTE = {relation: key.index("minute") for relation, key in DOCUMENT_KEYS.items()}

Content = dict[Row, list[int]]
"""What a document says: its own sums under `()`, and those of each detail."""


class Name(NamedTuple):
    """Of a document: its level, its relation, and the texts and the minute of its key."""

    level: str
    head: str
    key: Row

    @property
    def end(self) -> int:
        """The first minute after the document's."""
        return int(self.key[_MINUTE[self.head]]) + LEVELS[self.level]


def changes_of(rows: Rows) -> dict[Name, Content]:
    """What rows add to documents of all levels."""
    found: dict[Name, Content] = {}
    for relation, some in rows.items():
        head, width, place = _HEAD_OF[relation], len(DOCUMENT_KEYS[relation]), _MINUTE[relation]
        names = len(RELATIONS[relation].key)
        levels = LEVELS if relation in ROLLED_UP else {"minute": 1}
        for row in some:
            key, detail, values = row[:width], tuple(row[width:names]), row[names:]
            for level, minutes in levels.items():
                minute = key[place] - key[place] % minutes
                name = Name(level, head, (*key[:place], minute, *key[place + 1 :]))
                content = found.setdefault(name, {})
                old = content.get(detail)
                content[detail] = list(values) if old is None else _sum(old, values)
    return found


def added(old: Content, change: Content) -> Content:
    """A document after a change, without details that say nothing; empty where all is zero."""
    new = dict(old)
    for detail, values in change.items():
        sums = _sum(new[detail], values) if detail in new else list(values)
        if any(sums):
            new[detail] = sums
        else:
            new.pop(detail, None)
    return new


def frames_of(documents: Mapping[Name, Content]) -> Deltas:
    """Documents of one level as whole rows; an empty one is a row of zeros."""
    rows: dict[str, list[Row]] = {relation: [] for relation in RELATIONS}
    for name, content in documents.items():
        zeros = [0] * len(RELATIONS[name.head].additive)
        rows[name.head].append((*name.key, *content.get((), zeros)))
        details = HEADS[name.head]
        for detail, values in content.items():
            if detail and details:
                rows[details].append((*name.key, *detail, *values))
    # Frames of their own, also where there are no rows: writing a frame that another thread reads, as all
    # threads read `NO_DELTAS`, can wait for ever, one for the frame and the other for the interpreter.
    return Deltas(
        **{
            relation: pl.DataFrame(some, schema=SCHEMAS[relation], orient="row")
            for relation, some in rows.items()
        }
    )


def joined(parts: Iterable[Rows]) -> Rows:
    """The rows of several parcels."""
    rows: Rows = {}
    for part in parts:
        for relation, some in part.items():
            rows.setdefault(relation, []).extend(some)
    return rows


decode_name = msgspec.json.Decoder(Name).decode
_decode_content = msgspec.msgpack.Decoder(list[tuple[tuple[Any, ...], list[int]]]).decode


def encode_name(name: Name) -> str:
    """A document's name as a key."""
    return msgspec.json.encode(name).decode()


def encode_content(content: Content) -> bytes:
    """A document's content as bytes."""
    return msgspec.msgpack.encode(list(content.items()))


def decode_content(data: bytes | None) -> Content:
    """The inverse; nothing where there is no document yet."""
    return dict(_decode_content(data)) if data else {}


def _sum(one: Iterable[int], other: Iterable[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
