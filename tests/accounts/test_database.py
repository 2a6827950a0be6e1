"""The file behind the accounts: its migrations, and several processes at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bellrock.accounts import Accounts
from bellrock.accounts.database import open_database
from bellrock.accounts.models import Base

ADD_TOKENS = """
import sys
from pathlib import Path
from bellrock.accounts import Accounts
accounts = Accounts(Path(sys.argv[1]))
for _ in range(20):
    token = accounts.add_token("shop-a")
print(token)
"""


def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "accounts.sqlite")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_opening_a_file_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "accounts.sqlite"
    with Accounts(path) as first:
        token = first.add_token("shop-a")
    with Accounts(path) as second:
        assert second.access_for_token(token) is not None


def test_several_processes_open_and_write_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "accounts.sqlite"
    command = [sys.executable, "-c", ADD_TOKENS, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with Accounts(path) as accounts:
        for process in running:
            token = process.communicate(timeout=60)[0].strip()
            assert process.returncode == 0
            # The process that has the file open sees at once what another one wrote.
            assert accounts.access_for_token(token) is not None
        assert len(accounts.tokens()) == 40


def test_threads_share_the_accounts(tmp_path: Path) -> None:
    with Accounts(tmp_path / "accounts.sqlite") as accounts, ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(accounts.add_token, ["shop-a"] * 40))
        found = list(pool.map(accounts.access_for_token, tokens))
    assert len(set(tokens)) == 40
    assert None not in found
