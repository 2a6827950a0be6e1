"""Fold a log of many partitions into a store, in small steps; print the position after each, until killed.

python fold_until_killed.py URL STORE SITES
"""

import sys
from pathlib import Path

from bellrock.log.open import place_of
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from sizes import small_sizes

url, path, sites = sys.argv[1:]
with small_sizes(most_lines=200, small_state=20_000):
    store = DuckDBStore(Path(path))
    engine = Engine(place_of(url).log(), store, load_sites(Path(sites)), Progress())
    while True:
        engine.step()
        print(engine.position, flush=True)
