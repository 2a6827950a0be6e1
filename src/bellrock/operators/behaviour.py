"""Bots by behaviour: evidence from ended sessions, and the marks that it leads to.

Enters: for each boundary, the sessions that ended there, by site and user agent. Leaves: new marks, made
once, when of the sessions that ended in the last 24 hours at least 20, and 80 %, are suspicious. Evidence
is kept as sums by pair and minute; a pair is known by a keyed hash, so what a stranger sends costs 16 bytes.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bellrock.marks.contract import Mark, Marks
from bellrock.operators.keys import Keys
from bellrock.operators.run_table import RunTable
from bellrock.rows import Rows

WINDOW_MINUTES = 24 * 60
DELAY_MINUTES = 10
LEAST_SUSPICIOUS = 20
LEAST_PERCENT = 80

_TALLY = np.dtype([("sessions", "u4"), ("suspicious", "u4")])

Saved = tuple[int, bytes, bytes]
"""What ended at a boundary, as it is saved."""


class EndedAgent(NamedTuple):
    """How many sessions of a user agent ended at a boundary (a minute), and how many were suspicious."""

    boundary: int
    site: str
    agent: str
    sessions: int
    suspicious: int


class Evidence:
    """What ended in the last 24 hours of a log's time."""

    def __init__(self, secret: bytes) -> None:
        """Begin with nothing; `secret` keys the hash of pairs."""
        self._secret = secret
        self._waiting: list[EndedAgent] = []
        self._minutes: deque[tuple[int, Keys, Rows]] = deque()
        self._unsaved: list[tuple[int, Keys, Rows]] = []
        self._sums = RunTable(_TALLY)

    def note(self, ended: Iterable[EndedAgent]) -> None:
        """Take evidence, to be judged when all that ended by then is noted."""
        self._waiting.extend(ended)

    def judge(self, marks: Marks) -> None:
        """Mark the pairs that what was noted convicts, boundary by boundary."""
        waiting, self._waiting = sorted(self._waiting), []
        at = 0
        while at < len(waiting):
            boundary = waiting[at].boundary
            end = at
            while end < len(waiting) and waiting[end].boundary == boundary:
                end += 1
            self._judge_boundary(boundary, waiting[at:end], marks)
            at = end

    def _judge_boundary(self, boundary: int, ended: Sequence[EndedAgent], marks: Marks) -> None:
        keys, rows = self._tallies(ended)
        self.add(boundary, keys, rows)
        sums = self._sums.find(keys).rows
        suspicious, sessions = (
            sums["suspicious"].astype(np.int64),
            sums["sessions"].astype(np.int64),
        )
        guilty = (suspicious >= LEAST_SUSPICIOUS) & (suspicious * 100 >= sessions * LEAST_PERCENT)
        convicted = keys[guilty].tolist()
        if convicted:
            tally = dict(zip(convicted, sums[guilty].tolist(), strict=True))
            marks.mark(
                [
                    Mark(site, agent, boundary + DELAY_MINUTES, *tally[key])
                    for site, agent in sorted({(one.site, one.agent) for one in ended})
                    if (key := self._key(site, agent)) in tally and not marks.is_known(site, agent)
                ]
            )

    def add(self, boundary: int, keys: Keys, rows: Rows) -> None:
        """Count what ended at a boundary, and forget what no longer matters then."""
        while self._minutes and self._minutes[0][0] <= boundary - WINDOW_MINUTES:
            _, gone, tallies = self._minutes.popleft()
            self._count(gone, tallies, subtract=True)
        self._count(keys, rows, subtract=False)
        self._minutes.append((boundary, keys, rows))
        self._unsaved.append((boundary, keys, rows))

    def saved(self) -> list[Saved]:
        """Everything, to be added again in this order."""
        self._unsaved = []
        return [
            (boundary, keys.tobytes(), rows.tobytes()) for boundary, keys, rows in self._minutes
        ]

    def unsaved(self) -> list[Saved]:
        """What was added since this or `saved` was asked for."""
        unsaved, self._unsaved = self._unsaved, []
        return [(boundary, keys.tobytes(), rows.tobytes()) for boundary, keys, rows in unsaved]

    def restore(self, saved: Iterable[Saved]) -> None:
        """Add what was saved."""
        for boundary, keys, rows in saved:
            self.add(boundary, np.frombuffer(keys, np.uint64), np.frombuffer(rows, _TALLY))
        self._unsaved = []

    def _tallies(self, ended: Sequence[EndedAgent]) -> tuple[Keys, Rows]:
        """Pairs in ascending order of their keys, each with its tally."""
        tallies: dict[int, list[int]] = {}
        for one in ended:
            tally = tallies.setdefault(self._key(one.site, one.agent), [0, 0])
            tally[0] += one.sessions
            tally[1] += one.suspicious
        keys = sorted(tallies)
        rows = np.array([tuple(tallies[key]) for key in keys], dtype=_TALLY)
        return np.array(keys, dtype=np.uint64), rows

    def _count(self, keys: Keys, tallies: Rows, *, subtract: bool) -> None:
        found = self._sums.find(keys)
        rows = np.zeros(len(keys), _TALLY)
        rows[np.searchsorted(keys, found.keys)] = found.rows
        for name in ("sessions", "suspicious"):
            (np.subtract if subtract else np.add)(rows[name], tallies[name], out=rows[name])
        self._sums.put(keys, rows, found)
        self._sums.remove(self._sums.find(keys[rows["sessions"] == 0]))

    def _key(self, site: str, agent: str) -> int:
        # Keyed, so that nobody can choose pairs that meet; 64 bits are far more than the pairs of a day.
        text = f"{site}\0{agent}".encode()
        return int.from_bytes(
            hashlib.blake2b(text, digest_size=8, key=self._secret).digest(), "little"
        )
