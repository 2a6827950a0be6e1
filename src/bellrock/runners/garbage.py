"""The garbage collector, told what folding is like."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BEFORE_LOOKING = 100_000


def spare_what_stays() -> None:
    """As `sparing_what_stays`, in a process that others end; again where what stayed is another."""
    gc.unfreeze()
    gc.collect()  # what is left of a job that was restarted would stay for ever
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_LOOKING)


@contextmanager
def sparing_what_stays() -> Iterator[None]:
    """Let the collector leave alone what is there at the start, and look less often.

    Steps make many objects that die by themselves and no cycles. At the end it must look at everything:
    DuckDB complains of what outlives the interpreter.
    """
    before = gc.get_threshold()
    spare_what_stays()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
