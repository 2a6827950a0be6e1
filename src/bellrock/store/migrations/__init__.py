"""From the form of an older version to the form of this one.

Enters: a store file of any known version, or a new one. Leaves: a store of `tables.VERSION`. Each migration
is one transaction that ends with the new version written down, so one that a crash cuts off is done again
from its start. A file of a later version, or of another histogram scheme, is refused and left alone.
"""

from collections.abc import Callable, Mapping

import duckdb

from bellrock.errors import BellrockError
from bellrock.histogram import SCHEME
from bellrock.store.database import Database
from bellrock.store.migrations import from_1, from_2, from_3
from bellrock.store.tables import VERSION, create_tables

MIGRATIONS: Mapping[int, Callable[[duckdb.DuckDBPyConnection], None]] = {
    1: from_1.migrate,
    2: from_2.migrate,
    3: from_3.migrate,
}
"""What brings a store of a version to the next one. The state is written in its newest form at once."""


def prepare(database: Database) -> None:
    """Bring the file to this version, and make what it lacks; raises BellrockError where that cannot be."""
    with database.transaction() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS format (version INTEGER, histogram VARCHAR)")
        cursor.execute(
            f"INSERT INTO format SELECT {VERSION}, '{SCHEME}'"
            " WHERE NOT EXISTS (SELECT 1 FROM format)"
        )
        [found] = cursor.execute("SELECT version, histogram FROM format").fetchall()
        _require_known(database, *found)
        if found == (VERSION, SCHEME):
            create_tables(cursor.execute)
    for version in range(found[0], VERSION):
        with database.transaction() as cursor:
            MIGRATIONS[version](cursor)
            cursor.execute("UPDATE format SET version = ?", [version + 1])
            if version + 1 == VERSION:
                create_tables(cursor.execute)


def _require_known(database: Database, version: int, histogram: str) -> None:
    known = histogram == SCHEME and (version == VERSION or version in MIGRATIONS)
    if not known:
        raise BellrockError(
            f"{database.path} has the format {(version, histogram)}, this bellrock writes"
            f" {(VERSION, SCHEME)}. Use the bellrock that wrote it, or fold its log into a new"
            " --data directory."
        )
