"""The job with files in the place of a search store: python file_job.py SETTINGS FOLDER."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import polars as pl

from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.runners.flink.deltas import DOCUMENT_KEYS, HEADS
from bellrock.runners.flink.documents import as_deltas
from bellrock.store.fresh import decode_deltas, encode_deltas


class FileWriter:
    """See `DocumentWriter`: what is written, one record after the other, with its length before it."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._file = os.open(self._folder / str(uuid4()), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        levels = {
            level: encode_deltas(msgspec.structs.asdict(found))
            for level, found in documents.items()
        }
        record = msgspec.msgpack.encode((version, levels))
        os.write(self._file, len(record).to_bytes(4, "big") + record)

    def written(self, after: int, before: int) -> Deltas:
        """Of the heads alone: no more is recalled."""
        newest: dict[tuple[str, tuple[Any, ...]], tuple[int, tuple[Any, ...]]] = {}
        for version, levels in records(self._folder):
            for head in HEADS if "minute" in levels else ():
                for row in getattr(levels["minute"], head).rows():
                    newest[head, row[: len(DOCUMENT_KEYS[head])]] = version, row
        rows: dict[str, list[tuple[Any, ...]]] = {head: [] for head in HEADS}
        for (head, _), (version, row) in newest.items():
            if after < version < before:
                rows[head].append(row)
        return as_deltas(
            {
                head: pl.DataFrame(own, getattr(NO_DELTAS, head).schema, orient="row")
                for head, own in rows.items()
            }
        )


def records(folder: Path) -> list[tuple[int, dict[str, Deltas]]]:
    """All that was written, in the order of its versions: the documents by level."""
    found: list[tuple[int, dict[str, bytes]]] = []
    for file in folder.iterdir():
        data = file.read_bytes()
        while len(data) >= 4 and len(data) >= 4 + (size := int.from_bytes(data[:4], "big")):
            found.append(
                msgspec.msgpack.decode(data[4 : 4 + size], type=tuple[int, dict[str, bytes]])
            )
            data = data[4 + size :]
    none = msgspec.structs.asdict(NO_DELTAS)
    return [
        (
            version,
            {level: Deltas(**(none | dict(decode_deltas(own)))) for level, own in levels.items()},
        )
        for version, levels in sorted(found, key=lambda record: record[0])
    ]


if __name__ == "__main__":
    from bellrock.runners.flink.job import submit  # its packages are in Flink's environment alone
    from bellrock.runners.flink.settings import load_settings

    folder = sys.argv[2]
    submit(load_settings(Path(sys.argv[1])), lambda: FileWriter(folder))
