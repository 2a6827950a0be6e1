"""Keys that Flink spreads evenly: one for each lane or slot.

Flink puts a key into one of 128 key groups by a hash, and gives each worker a range of groups. Of 128 keys
taken at random a worker of four would have 25 or 40; these lie one in each group. The hash is that of
`org.apache.flink.util.MathUtils.murmurHash`, of the key as a Java integer.
"""

from functools import cache
from itertools import count

GROUPS = 128
"""Key groups, `pipeline.max-parallelism`: part of every checkpoint."""

_ALL = (1 << 32) - 1


@cache
def keys(number: int) -> tuple[int, ...]:
    """As many keys, at most `GROUPS`, their groups as far apart as can be."""
    wanted = {place * GROUPS // number: place for place in range(number)}
    found: dict[int, int] = {}
    for key in count():
        place = wanted.get(group_of(key))
        if place is not None:
            found.setdefault(place, key)
        if len(found) == number:
            return tuple(found[place] for place in range(number))
    raise AssertionError  # numbers do not end


@cache
def places(number: int) -> dict[int, int]:
    """Which lane or slot each key of `keys` stands for."""
    return {key: place for place, key in enumerate(keys(number))}


def group_of(key: int) -> int:
    """The key group of a key, an integer from 0 to 2^31 - 1."""
    code = _rotated(key * 0xCC9E2D51 & _ALL, 15) * 0x1B873593 & _ALL
    code = (_rotated(code, 13) * 5 + 0xE6546B64 & _ALL) ^ 4
    code = (code ^ code >> 16) * 0x85EBCA6B & _ALL
    code = (code ^ code >> 13) * 0xC2B2AE35 & _ALL
    code ^= code >> 16
    # The absolute value of a signed integer; that of the least one, which has none, is 0 here.
    return min(code, (_ALL + 1 - code) & _ALL) % GROUPS if code != 1 << 31 else 0


def _rotated(code: int, bits: int) -> int:
    return (code << bits | code >> (32 - bits)) & _ALL
