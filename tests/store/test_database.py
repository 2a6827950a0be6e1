"""The file of a store, whatever happens while it is made."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bellrock.store.database import Database

MAKE_UNTIL_KILLED = """
import resource, signal, sys
from pathlib import Path
from bellrock.store.database import Database

# Python ignores the signal; by default it kills, at the write that would go beyond the limit.
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
Database(Path(sys.argv[1]))
"""
BLOCK = 4096
"""Bytes: DuckDB makes a file by writing three of them."""


@pytest.mark.parametrize("blocks", range(3))
def test_a_file_is_made_anew_where_its_making_was_killed(tmp_path: Path, blocks: int) -> None:
    path = tmp_path / "store.duckdb"
    command = [sys.executable, "-c", MAKE_UNTIL_KILLED, path, str(blocks * BLOCK)]
    killed = subprocess.run(command)
    assert killed.returncode == -signal.SIGXFSZ
    with closing(Database(path)) as database:
        assert database.rows("SELECT 1") == [(1,)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
