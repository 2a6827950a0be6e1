"""An independent, slow reading of the log: the yardstick for the real engine.

Written from the rules alone, in plain Python, one line at a time, so that a mistake in the engine
is not repeated here. `fold(sites, lines)` returns the canonical text of all documents.
"""

from reference.folding import fold

__all__ = ["fold"]
