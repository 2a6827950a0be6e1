"""Bytes of each live impression and session: of the arrays that hold them, and of the process."""

import resource
from pathlib import Path

import psutil

from bench.engine.crowd import Crowd
from bench.engine.lines import read_stream
from bench.engine.states import pipeline_after

_LINES = 220_000
_LIVE = 1_000_000


def report(stream: Path) -> None:
    """Measure and print."""
    state = pipeline_after(read_stream(stream, 0, _LINES)).state
    before = psutil.Process().memory_info().rss
    crowd = Crowd(state)
    crowd.grow(_LIVE)
    resident = psutil.Process().memory_info().rss - before
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    impressions, sessions = len(state.impressions), len(state.sessions)
    print(f"\nMemory: {impressions:,} live impressions in {sessions:,} sessions")
    print(f"  arrays    {state.impressions.nbytes / impressions:4.0f} bytes an impression")
    print(f"            {state.sessions.nbytes / sessions:4.0f} bytes a session")
    print(f"  resident  {resident / crowd.put:4.0f} bytes an impression and its part of a session")
    print(f"            {most / crowd.put:4.0f} at the most, while large runs were merged")
