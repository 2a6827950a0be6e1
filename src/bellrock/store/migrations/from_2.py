"""Version 2 to 3: the state says of which partition it is; until then a log had one."""

import duckdb


def migrate(cursor: duckdb.DuckDBPyConnection) -> None:
    """Change a store of version 2, within a transaction."""
    cursor.execute("ALTER TABLE state RENAME COLUMN position TO number")
    cursor.execute("ALTER TABLE state ADD COLUMN partition VARCHAR DEFAULT ''")
    cursor.execute("ALTER TABLE state ALTER COLUMN partition DROP DEFAULT")
