"""How much a server can take: the greatest rate that it answers in time, found by halving.

The *knee* is the greatest rate tried at which every request is answered 204 and p99 is below `TOLERATED`. Above
it the queue grows for as long as the load lasts, so any latency could be measured.
"""

from collections.abc import Callable

from bench.collector.arrivals import Outcome

TOLERATED = 0.25  # seconds
_LEAST, _MOST = 0.3, 1.3  # of what it answers to as many as wait for their answers
_HALVINGS = 5


def knee(send: Callable[[float], Outcome], most: float) -> float:
    """Requests a second; `most` are those that it answers to 512 who wait for their answers."""
    low, high = _LEAST, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if holds(send(most * middle)):
            low = middle
        else:
            high = middle
    return most * low


def holds(outcome: Outcome) -> bool:
    """Whether a rate is not above the knee."""
    return outcome.kept == outcome.sent and outcome.p99 < TOLERATED
