"""The job with files in the place of a search store: python file_job.py SETTINGS FOLDER."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import msgspec

from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.documents import as_deltas
from bellrock.runners.flink.job import submit
from bellrock.runners.flink.settings import load_settings
from bellrock.store.fresh import encode_deltas


class FileWriter:
    """See `DocumentWriter`: what is written, one record after the other, with its length before it."""

    def __init__(self, folder: str) -> None:
        self._file = os.open(f"{folder}/{uuid4()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        levels = {
            level: encode_deltas(msgspec.structs.asdict(found))
            for level, found in documents.items()
        }
        record = msgspec.msgpack.encode((version, levels))
        os.write(self._file, len(record).to_bytes(4, "big") + record)

    def written(self, after: int, before: int) -> Deltas:
        """Nothing, as files cannot be asked."""
        return as_deltas({})


if __name__ == "__main__":
    folder = sys.argv[2]
    submit(load_settings(Path(sys.argv[1])), lambda: FileWriter(folder))
