"""A store of an older version, written by the code of that time, is brought to this one with all that it has.

`data/version_1.*`: the sites, a log of two shops, and the store after its first 590 lines, with settled and
fresh rows, a base of the state and three changes, open sessions, claims. `data/version_2.duckdb.gz`: the same
lines in a store of version 2, with settled and fresh rows, a base of the state and two changes;
`data/version_3.duckdb.gz` one of version 3.
"""

import gzip
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from bellrock.canonical import canonical_text
from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import BellrockError
from bellrock.log.memory import MemoryLog
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.documents import counts
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.fold import fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.sites import Sites, load_sites
from bellrock.store.contract import Selection
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.migrations import MIGRATIONS, from_1
from bellrock.store.tables import VERSION
from runners.engines import folded
from stored import difference, holding

DATA = Path(__file__).parent / "data"
STORED = 590
OF_VERSION_1 = ("minutes", "timers", "issues")
SITE = Selection("shop", 0, 1 << 40)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The store as version 1 left it."""
    path = tmp_path / "store.duckdb"
    path.write_bytes(gzip.decompress((DATA / "version_1.duckdb.gz").read_bytes()))
    return path


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The store as version 2 left it."""
    path = tmp_path / "store_2.duckdb"
    path.write_bytes(gzip.decompress((DATA / "version_2.duckdb.gz").read_bytes()))
    return path


@pytest.fixture
def third(tmp_path: Path) -> Path:
    """The store as version 3 left it."""
    path = tmp_path / "store_3.duckdb"
    path.write_bytes(gzip.decompress((DATA / "version_3.duckdb.gz").read_bytes()))
    return path


@pytest.fixture
def sites() -> Sites:
    return load_sites(DATA / "version_1.sites.toml")


@pytest.fixture
def log() -> MemoryLog:
    lines = gzip.decompress((DATA / "version_1.ndjson.gz").read_bytes()).splitlines()
    log = MemoryLog()
    log.append(lines)
    return log


def summed(rows: Callable[[str], list[tuple[Any, ...]]], relation: str) -> list[tuple[Any, ...]]:
    key, additive = RELATIONS[relation]
    columns = [f'"{c}"' for c in key] + [f'sum("{c}")::BIGINT' for c in additive]
    some = " OR ".join(f'sum("{c}") <> 0' for c in additive)
    found = rows(f"SELECT {', '.join(columns)} FROM {relation} GROUP BY ALL HAVING {some}")
    return sorted(found, key=repr)


def documents(store: DuckDBStore, sites: Sites) -> list[bytes]:
    text = canonical_text(Deltas(**{name: store.whole(name) for name in RELATIONS}), sites)
    return without_clusters(text)


def without_clusters(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if b'"kind":"cluster"' not in line]


def told(store: DuckDBStore, sites: Sites, lines: list[bytes]) -> list[str]:
    """Where a store differs from the fold of lines, but for how beacons came: that older versions did not count."""
    found = difference(holding(store, sites), folded(lines, sites)).splitlines()
    return [line for line in found if not line.startswith("delivery: ")]


def test_every_older_version_has_a_way_to_this_one() -> None:
    assert set(MIGRATIONS) == set(range(1, VERSION))


def test_all_sums_and_claims_and_the_position_are_kept(old: Path) -> None:
    with duckdb.connect(str(old), read_only=True) as db:

        def before(sql: str) -> list[tuple[Any, ...]]:
            return db.execute(sql).fetchall()

        sums = {name: summed(before, name) for name in OF_VERSION_1}
        claims = sorted(before("SELECT * FROM claims"))
        progress = before("SELECT position, watermark FROM progress")
    assert min(len(sums[name]) for name in OF_VERSION_1) > 50
    assert len(claims) > 50
    with closing(DuckDBStore(old)) as store:
        after = store._database.rows
        assert {name: summed(after, name) for name in OF_VERSION_1} == sums
        assert sorted(after("SELECT * FROM claims")) == claims
        assert [store.progress()] == progress
        assert store.progress()[0] == STORED
        site, digest, *owner = claims[7]
        assert list(store.owners([(site, digest)]).values()) == [tuple(owner)]
        assert after("SELECT version FROM format") == [(VERSION,)]
        assert store.balance().difference == 0


@pytest.mark.parametrize("version", ["old", "second", "third"])
def test_a_migrated_store_is_one_of_this_version_when_it_is_opened_again(
    request: pytest.FixtureRequest, version: str
) -> None:
    old: Path = request.getfixturevalue(version)
    DuckDBStore(old).close()
    with closing(DuckDBStore(old)) as store:
        assert store.progress()[0] == STORED
        tables = {
            name for (name,) in store._database.rows("SELECT table_name FROM duckdb_tables()")
        }
    with closing(DuckDBStore(old.with_name("new.duckdb"))) as new:
        assert tables == {
            name for (name,) in new._database.rows("SELECT table_name FROM duckdb_tables()")
        }
        for table in tables:
            columns = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?"
            fresh = new._database.rows(columns, table)
            with closing(DuckDBStore(old)) as store:
                assert store._database.rows(columns, table) == fresh, table


def test_open_sessions_are_kept_with_all_that_they_know(
    old: Path, sites: Sites, log: MemoryLog
) -> None:
    with closing(DuckDBStore(old)) as store:
        state = State()
        state.restore(store.state())
    _, impressions = state.impressions.items()
    keys, sessions = state.sessions.items()
    assert len(sessions) == 55
    assert len(impressions) == 115
    assert np.isin(impressions["session"], keys).all()
    counted = impressions[counts(impressions)]
    of = np.searchsorted(keys, counted["session"])
    assert np.bincount(of, minlength=len(keys)).tolist() == sessions["impressions"].tolist()
    assert sum(len(basket) for basket in state.baskets.values()) == impressions["orders"].sum() > 0
    assert state.watermark == 1795418856300


def test_made_up_user_agents_are_no_evidence(old: Path) -> None:
    """Version 1 did not keep the texts; each session has its own, and none is one that can be sent."""
    with closing(DuckDBStore(old)) as store:
        state = State()
        state.restore(store.state())
    _, rows = state.impressions.items()
    agents = {row["agent"]: set[int]() for row in rows}
    for row in rows:
        agents[row["agent"]].add(row["session"])
    given = {code: sessions for code, sessions in agents.items() if code}
    assert len(given) > 30
    assert all(len(sessions) == 1 for sessions in given.values())
    assert all(state.names.agents.text(code).startswith("\0") for code in given)


def test_folding_goes_on_as_if_nothing_had_been(old: Path, sites: Sites, log: MemoryLog) -> None:
    """Clusters alone are of the sessions that end from then on: version 1 had none."""
    lines = log.read(0, 10_000).lines
    with closing(DuckDBStore(old)) as store:
        assert documents(store, sites) == without_clusters(fold_lines(lines[:STORED], sites))
        engine = Engine(log, store, sites, Progress())
        while engine.step():
            pass
        assert documents(store, sites) == without_clusters(fold_lines(lines, sites))
        assert store.balance().difference == 0
        assert store.clusters(SITE, (), ["all"])["sessions"].sum() > 0


def test_folding_goes_on_in_a_store_of_version_2(
    second: Path, sites: Sites, log: MemoryLog
) -> None:
    lines = log.read(0, 10_000).lines
    with duckdb.connect(str(second), read_only=True) as db:
        states = db.execute("SELECT data FROM state ORDER BY position").fetchall()
    assert len(states) == 3
    with closing(DuckDBStore(second)) as store:
        assert store.state() == [bytes(state) for (state,) in states]
        assert store.positions() == {}
        assert not told(store, sites, lines[:STORED])
        engine = Engine(log, store, sites, Progress())
        while engine.step():
            pass
        assert not told(store, sites, lines)
        assert store.balance().difference == 0


def test_a_store_of_version_3_counts_delivery_from_then_on(
    third: Path, sites: Sites, log: MemoryLog
) -> None:
    lines = log.read(0, 10_000).lines
    with duckdb.connect(str(third), read_only=True) as db:
        [(fresh,)] = db.execute("SELECT count(*) FROM fresh").fetchall()
        [(settled,)] = db.execute("SELECT count(*) FROM minutes_settled").fetchall()
    assert settled > 50
    assert fresh == 2
    with closing(DuckDBStore(third)) as store:
        assert len(store.state()) == 3
        assert not told(store, sites, lines[:STORED])
        assert len(store.whole("delivery")) == 0
        engine = Engine(log, store, sites, Progress())
        while engine.step():
            pass
        assert not told(store, sites, lines)
        assert rows(store.whole("delivery")) == since(lines, sites)


def since(lines: list[bytes], sites: Sites) -> list[tuple[Any, ...]]:
    """What the lines after the stored ones add to delivery."""
    pipeline = Pipeline(sites, MemoryClaims(), MemoryMarks(), State())
    pipeline.step(lines[:STORED])
    return rows(pipeline.step(lines[STORED:]).deltas.delivery)


def rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(frame.rows())


def test_a_migration_that_is_cut_off_is_done_again(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(from_1, "converted", fail)
        with pytest.raises(RuntimeError):
            DuckDBStore(old)
    with duckdb.connect(str(old), read_only=True) as db:
        assert db.execute("SELECT version FROM format").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM minutes_fresh").fetchall() == [(78,)]
    with closing(DuckDBStore(old)) as store:
        assert store.progress()[0] == STORED
        assert EmbeddedClaims(store.owners).claim([]) == []


def test_a_store_of_a_later_version_is_refused_with_what_to_do(old: Path) -> None:
    with duckdb.connect(str(old)) as db:
        db.execute("UPDATE format SET version = 99")
    with pytest.raises(
        BellrockError, match=r"has the format .99, 'll32-v1'.*Use the bellrock that"
    ):
        DuckDBStore(old)
