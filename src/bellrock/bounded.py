"""Things in their order, as many at a time as are not too large together."""

from collections.abc import Iterator, Sequence


def bounded(sizes: Sequence[int], most: int) -> Iterator[slice]:
    """Where runs lie of things that have `most` together, by the size of each; a larger one is alone."""
    start = total = 0
    for stop, size in enumerate(sizes):
        total += size
        if total > most and stop > start:
            yield slice(start, stop)
            start, total = stop, size
    if sizes:
        yield slice(start, len(sizes))
