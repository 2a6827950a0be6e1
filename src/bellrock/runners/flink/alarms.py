"""When a key is called: at times that lie evenly apart, other ones for other keys.

So a key that is set many times is called once, and those of a worker are not all called together.
"""

import time


def now() -> int:
    """Since 1970, in ms."""
    return time.time_ns() // 1_000_000


def next_time(every: int, key: int) -> int:
    """The next of a key's times, which lie `every` ms apart."""
    offset = key * 7919 % every
    return (now() - offset) // every * every + every + offset
