"""Lines that wait to be folded, and their minutes, without decoding them.

The collector writes the time first: `{"at":1795412520000,`. Where a line does not begin so, or its time
matters, it is decoded.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from bellrock.log.stamp import stamped_at
from bellrock.normalise.decode import first_time, route_of
from bellrock.operators.documents import MINUTE

_BEGINNING = np.frombuffer(b'{"at":', np.uint8)
_DIGITS = slice(len(_BEGINNING), len(_BEGINNING) + 13)
_HEAD = _DIGITS.stop + 1
_POWERS = 10 ** np.arange(12, -1, -1)


def ready(lines: Sequence[bytes], minute: int, most: int) -> int:
    """How many of the first lines, at most `most`, may be folded: none of a minute after `minute`."""
    limit = (minute + 1) * MINUTE
    lines = lines[:most]
    if _all_before(lines, limit):
        return len(lines)
    for number, line in enumerate(lines):
        stamped = stamped_at(line)
        if stamped is None or stamped >= limit:
            at, _ = route_of(line)
            if at is not None and at >= limit:
                return number
    return len(lines)


def _all_before(lines: Sequence[bytes], limit: int) -> bool:
    """Whether all lines are stamped with thirteen digits, and before a time in ms: quickly."""
    heads = np.frombuffer(b"".join([line[:_HEAD] for line in lines]), np.uint8)
    if len(heads) != _HEAD * len(lines):
        return False
    by_line = heads.reshape(-1, _HEAD)
    digits = by_line[:, _DIGITS].astype(np.int64) - ord("0")
    return bool(
        (by_line[:, : _DIGITS.start] == _BEGINNING).all()
        and (by_line[:, _DIGITS.stop] == ord(",")).all()
        and ((digits >= 0) & (digits <= 9)).all()
        and (digits @ _POWERS < limit).all()
    )


def first_minute(lines: Iterable[bytes]) -> int | None:
    """The minute of the first line that has a time."""
    at = first_time(lines)
    return None if at is None else at // MINUTE
