"""Lines that wait to be folded, and their minutes, without decoding them.

The collector writes the time first: `{"at":1795412520000,`. Where a line does not begin so, or its time
matters, it is decoded.
"""

from collections.abc import Iterable, Sequence

from bellrock.log.stamp import stamped_at
from bellrock.normalise.decode import first_time, route_of
from bellrock.operators.documents import MINUTE


def ready(lines: Sequence[bytes], minute: int, most: int) -> int:
    """How many of the first lines, at most `most`, may be folded: none of a minute after `minute`."""
    limit = (minute + 1) * MINUTE
    for number, line in enumerate(lines[:most]):
        stamped = stamped_at(line)
        if stamped is None or stamped >= limit:
            at, _ = route_of(line)
            if at is not None and at >= limit:
                return number
    return min(most, len(lines))


def first_minute(lines: Iterable[bytes]) -> int | None:
    """The minute of the first line that has a time."""
    at = first_time(lines)
    return None if at is None else at // MINUTE
