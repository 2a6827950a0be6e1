"""What stays is spared, and nothing else."""

import gc
import weakref

from bellrock.runners.garbage import spare_what_stays, sparing_what_stays


class Thing:
    """Which holds itself, so that only the collector ends it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_spared_and_is_left_goes_when_something_else_is_spared() -> None:
    with sparing_what_stays():
        thing = Thing()
        seen = weakref.ref(thing)
        spare_what_stays()
        del thing
        gc.collect()
        assert seen() is not None, "spared: nobody looks at it"
        spare_what_stays()
        assert seen() is None
