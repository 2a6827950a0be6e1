"""What surrounds the functions, in memory: keyed state as Flink keeps it, and the stores outside.

Keyed state can be copied, as a checkpoint is. The stores outside cannot be taken back.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import numpy as np
import polars as pl

from bellrock.marks.contract import Active, Mark
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.runners.flink.deltas import DETAIL_BITS, DOCUMENT_KEYS, HEADS, TEXTS, decode_parcel
from bellrock.runners.flink.horizon import BEFORE_TIME
from bellrock.schema.document import RELATIONS

SCHEMAS = {relation: getattr(NO_DELTAS, relation).schema for relation in RELATIONS}


def deltas(rows: Mapping[str, Sequence[tuple]]) -> Deltas:
    """Rows by relation as frames."""
    return Deltas(
        **{name: pl.DataFrame(rows.get(name, ()), SCHEMAS[name], orient="row") for name in SCHEMAS}
    )


def rows_of(data: bytes, relation: str) -> list[tuple]:
    """The rows that a parcel has of a relation, one by one."""
    parcel = decode_parcel(data)
    runs, rows = parcel.tables.get(relation, (b"", b""))
    (key, additive), width = RELATIONS[relation], len(TEXTS[relation]) + 2
    numbers = iter(np.frombuffer(rows, "<i8").reshape(-1, 1 + len(additive)).tolist())
    found = []
    for *codes, minute, size in np.frombuffer(runs, "<u4").reshape(-1, width).tolist():
        texts = dict(zip(TEXTS[relation], (parcel.texts[code] for code in codes), strict=True))
        for _ in range(size):
            detail, *values = next(numbers)
            timer, cell = divmod(detail, 1 << DETAIL_BITS)
            named = texts | {"minute": minute, "timer": parcel.texts[timer], "cell": cell - 1}
            found.append((*(named[column] for column in key), *values))
    assert next(numbers, None) is None, "every row belongs to a run"
    return found


class MemoryValue:
    def __init__(self) -> None:
        self.data: bytes | None = None

    def value(self) -> bytes | None:
        return self.data

    def update(self, value: bytes) -> None:
        self.data = value


class MemoryValues:
    def __init__(self) -> None:
        self.data: list[bytes] = []

    def get(self) -> list[bytes]:
        return list(self.data)

    def add(self, value: bytes) -> None:
        self.data.append(value)

    def update(self, values: list[bytes]) -> None:
        self.data = list(values)


class MemoryTable:
    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.data.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.data[key] = value

    def remove(self, key: str) -> None:
        self.data.pop(key, None)

    def keys(self) -> list[str]:
        return list(self.data)


class Judgements:
    """See `Judged`."""

    def __init__(self) -> None:
        self.minute = BEFORE_TIME

    def read(self) -> int:
        return self.minute

    def write(self, minute: int) -> None:
        # As `DynamoJudged`: a judge that goes on from a checkpoint takes nothing back.
        self.minute = max(self.minute, minute)


class View:
    """See `SharedMarks`: what one worker knows of the marks, as of its last refresh."""

    def __init__(self, book: MemoryMarks) -> None:
        self.book = book
        self.version = 0
        self.known: Sequence[Active] = ()

    def active(self) -> Sequence[Active]:
        return self.known

    def is_known(self, site: str, agent: str) -> bool:
        raise AssertionError("workers do not judge")

    def mark(self, marks: Sequence[Mark]) -> None:
        raise AssertionError("workers do not mark")

    def refresh(self, minute: int) -> None:
        self.known, self.version = self.book.active(), self.version + 1


class Store:
    """See `DocumentWriter`: whole documents by level and key; an older version changes nothing."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, tuple[object, ...]], tuple[int, dict[str, list]]] = {}
        self.refused = 0

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        for level, found in documents.items():
            self._write(found, version, level)

    def _write(self, documents: Deltas, version: int, level: str) -> None:
        for head, details in HEADS.items():
            width = len(DOCUMENT_KEYS[head])
            new: dict[tuple[object, ...], dict[str, list]] = {}
            for row in getattr(documents, head).rows():
                assert row[:width] not in new, "one row for a document"
                new[row[:width]] = {head: [row]}
            for row in getattr(documents, details).rows() if details else ():
                new[row[:width]].setdefault(details, []).append(row)
            for key, rows in new.items():
                self._put((level, head, key), version, rows)

    def written(self, after: int, before: int) -> Deltas:
        """Of the heads alone."""
        rows: dict[str, list] = {relation: [] for relation in RELATIONS}
        for (level, head, _), (version, parts) in self.found.items():
            if level == "minute" and after < version < before:
                rows[head] += parts[head]
        return deltas(rows)

    def _put(self, name: tuple, version: int, rows: dict[str, list]) -> None:
        if name in self.found and version < self.found[name][0]:
            self.refused += 1
        else:
            self.found[name] = (version, rows)

    def documents(self, level: str) -> Deltas:
        """Every document of a level, as rows."""
        rows: dict[str, list] = {relation: [] for relation in RELATIONS}
        for (of, _, _), (_, parts) in self.found.items():
            if of == level:
                for relation, some in parts.items():
                    rows[relation] += some
        return deltas(rows)


def copied(state: dict) -> dict:
    return deepcopy(state)
