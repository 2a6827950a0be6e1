"""Lines that wait to be folded, and their minutes, without decoding them.

The collector writes the time first: `{"at":1795412520000,`. Where a line does not begin so, or its time
matters, it is decoded.
"""

import re
from collections.abc import Iterable, Sequence

from bellrock.normalise.decode import route_of
from bellrock.operators.documents import MINUTE

_AT = re.compile(rb'\{"at":(\d{1,15}),')


def ready(lines: Sequence[bytes], minute: int, most: int) -> int:
    """How many of the first lines, at most `most`, may be folded: none of a minute after `minute`."""
    limit = (minute + 1) * MINUTE
    for number, line in enumerate(lines[:most]):
        stamped = _AT.match(line)
        if stamped is None or int(stamped[1]) >= limit:
            at, _ = route_of(line)
            if at is not None and at >= limit:
                return number
    return min(most, len(lines))


def first_minute(lines: Iterable[bytes]) -> int | None:
    """The minute of the first line that has a time."""
    for line in lines:
        at, _ = route_of(line)
        if at is not None:
            return at // MINUTE
    return None
