"""Version 1 to 2: fresh rows become a blob for each step, and final rows tables of their own.

All rows of version 1 become settled ones, which later compaction moves on. Claims lose their primary key,
which was no help in finding them. The state is converted (`state_1`).
"""

import duckdb

from bellrock.store.migrations.state_1 import converted

_OPTIONAL = ("country", "os", "label", "release", "navigation", "firstLoad", "served", "cacheHit")
_COUNTS = ("lines", "beacons", "duplicates", "orphans", "fatal", "waiting")


def migrate(cursor: duckdb.DuckDBPyConnection) -> None:
    """Change a store of version 1, within a transaction."""
    run = cursor.execute
    for relation in ("minutes", "timers", "issues"):
        run(f"DROP VIEW {relation}")
        run(f"INSERT INTO {relation}_settled SELECT * FROM {relation}_fresh")
        run(f"DROP TABLE {relation}_fresh")
    run("CREATE TABLE claims_2 AS SELECT * FROM claims")
    run("DROP TABLE claims")
    run("ALTER TABLE claims_2 RENAME TO claims")
    for name in _COUNTS:
        run(f'ALTER TABLE progress ADD COLUMN "{name}" BIGINT DEFAULT 0')
    parts = [bytes(data) for (data,) in run("SELECT data FROM state ORDER BY position").fetchall()]
    if parts:
        state = converted(parts, _chosen(cursor))
        run("DELETE FROM state")
        run("INSERT INTO state SELECT position, ? FROM progress", [state])


def _chosen(cursor: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The dimensions that each site has chosen, as its newest rows show: of others they have null."""
    columns = ", ".join(f'bool_or("{name}" IS NOT NULL)' for name in _OPTIONAL)
    rows = cursor.execute(
        f'SELECT site, {columns} FROM minutes_settled WHERE (site, "minute") IN'
        ' (SELECT (site, max("minute")) FROM minutes_settled GROUP BY site) GROUP BY site'
    ).fetchall()
    return {
        site: tuple(name for name, given in zip(_OPTIONAL, found, strict=True) if given)
        for site, *found in rows
    }
