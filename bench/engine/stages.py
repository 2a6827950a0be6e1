"""Where processor time goes: seconds by stage, taken around the functions that are the stages."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import process_time
from typing import Any
from unittest.mock import patch

import bellrock.pipeline
from bellrock.normalise.block import Normaliser
from bellrock.operators.behaviour import Evidence
from bellrock.operators.clusters import Clusterer
from bellrock.operators.state import State
from bellrock.operators.summaries import Summaries
from bellrock.runners.embedded.housekeeping import Housekeeping
from bellrock.store.duckdb import DuckDBStore

STAGES: Mapping[str, tuple[object, str]] = {
    "normalise": (Normaliser, "__call__"),
    "end sessions": (bellrock.pipeline, "end_sessions"),
    "judge agents": (Evidence, "judge"),
    "fold minutes": (bellrock.pipeline, "fold_minute"),
    "make clusters": (Clusterer, "__call__"),
    "summarise": (Summaries, "deltas"),
    "encode changed state": (State, "encode"),
    "encode whole state": (State, "snapshot"),
    "commit to DuckDB": (DuckDBStore, "commit"),
    "settle and compact": (Housekeeping, "round"),
}
"""Each stage and where its function is found. None calls another. The last three are the embedded engine's."""


@contextmanager
def watched() -> Iterator[Mapping[str, float]]:
    """Processor seconds of each stage, counted for as long as this is open."""
    seconds: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for stage, (owner, name) in STAGES.items():
            timed = _timed(getattr(owner, name), stage, seconds)
            stack.enter_context(patch.object(owner, name, timed))
        yield seconds


def _timed(
    function: Callable[..., Any], stage: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def timed(*args: Any, **named: Any) -> Any:
        began = process_time()
        try:
            return function(*args, **named)
        finally:
            seconds[stage] += process_time() - began

    return timed
