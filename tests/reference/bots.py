"""Bots by behaviour: evidence from ended sessions, and the marks that it leads to.

In: ended sessions with the boundary at which they ended. Out: marks by (site, user agent) with the
minute from which they hold. Always: a mark is made once and never looks back.
"""

DAY = 24 * 60
DELAY = 10

Pair = tuple[str, str]


def is_suspicious(impressions: int, seconds: int, navigation_only: bool) -> bool:
    """Whether an ended session looks like no reader's."""
    too_fast = impressions >= 12 and seconds < 10 * impressions
    return too_fast or (impressions >= 3 and navigation_only)


class Marks:
    """`since`: the minute from which a pair's impressions are `behaviour`."""

    def __init__(self) -> None:
        self.since: dict[Pair, int] = {}
        self._ended: dict[Pair, list[tuple[int, bool]]] = {}

    def note(self, pair: Pair, boundary: int, suspicious: bool) -> None:
        """Remember that a session of this pair ended at this boundary."""
        self._ended.setdefault(pair, []).append((boundary, suspicious))

    def judge(self, pair: Pair, boundary: int) -> None:
        """Mark the pair if its sessions of the last 24 hours are mostly suspicious."""
        if pair in self.since:
            return
        recent = [flag for ended, flag in self._ended[pair] if boundary - DAY < ended <= boundary]
        suspicious = sum(recent)
        if suspicious >= 20 and suspicious * 100 >= len(recent) * 80:
            self.since[pair] = boundary + DELAY
