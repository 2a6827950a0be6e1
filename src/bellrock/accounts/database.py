"""Opening accounts.sqlite: private to its owner, migrated by itself, shared by several processes.

Write-ahead logging lets the server read while a command writes; a writer takes its lock when its
transaction begins and waits up to `BUSY_SECONDS` for another one.
"""

import os
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_SECONDS = 10
_BEGIN = "bellrock_begin"


def open_database(path: Path) -> Engine:
    """An engine on the database file, made and migrated first; OSError where it cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    with for_writing(engine).begin() as connection:
        migrate(connection)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same engine, with transactions that hold the write lock from their beginning."""
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", "bellrock.accounts:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _prepare(dbapi: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: it would do so too late, and not around DDL.
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
    dbapi.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
