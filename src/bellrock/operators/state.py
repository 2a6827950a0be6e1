"""The state of a partition: its open sessions, their impressions and orders, evidence, and how far time is.

A state is saved as a base and the changes since, each as bytes; applying them in order restores it.
What a step changed is exactly what must be saved: the rows it put and the sessions it ended.
"""

import secrets
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from bellrock.names import Agent, Names
from bellrock.operators.behaviour import Evidence, Saved
from bellrock.operators.encoding import decode_rows, encode_rows
from bellrock.operators.keyring import Keyring
from bellrock.operators.keys import Hasher, Keys, impression_keys, prefixes
from bellrock.operators.orders import Basket, pack_basket, unpack_basket
from bellrock.operators.run_table import Found, RunTable
from bellrock.rows import Rows, pick
from bellrock.schema.impression import IMPRESSION, NO_TIMER, SESSION
from bellrock.schema.timers import VITALS

VERSION = 2
"""Of the form in which a state is saved."""

_ALL_BITS = (1 << 64) - 1


class _SavedState(msgspec.Struct, array_like=True):
    version: int
    secret: bytes
    watermark: int | None
    texts: list[str]
    tests: list[tuple[str, str]]
    agents: list[tuple[str, Agent]]
    timers: list[tuple[str, list[str]]]
    ended: bytes
    impressions: bytes
    sessions: bytes
    baskets: list[tuple[int, bytes]]
    evidence: list[Saved]


class State:
    """Open sessions and impressions; `watermark` is the greatest `at` so far in ms, None before the first.

    `baskets` has the accepted orders of impressions by their key. Partitions that are folded side by side
    share their `evidence`. `hash_bits` leaves bits of the hash of ids out, for tests.
    """

    def __init__(self, evidence: Evidence | None = None, hash_bits: int = _ALL_BITS) -> None:
        """Begin with nothing open."""
        self.names = Names()
        self.impressions = RunTable(IMPRESSION)
        self.sessions = RunTable(SESSION, due="due")
        self.baskets: dict[int, Basket] = {}
        self.watermark: int | None = None
        self._hash_bits = hash_bits
        self._saved_names = (1, 1, 1)
        self._unsaved_timers: set[int] = set()
        self._use(secrets.token_bytes(32))
        self.evidence = evidence or Evidence(self._secret)

    def declare_timers(self, declared: Mapping[str, Sequence[str]]) -> None:
        """Sites declare these timers of their own from now on; what rows have keeps its name.

        Of a timer that is declared no more, rows lose what they have when another takes its slot.
        """
        for site, timers in declared.items():
            code = self.names.texts.code(site)
            before = list(self.names.timers.get(code, ()))
            self._empty(code, self.names.declare_timers(code, timers))
            if self.names.timers[code] != before:
                self._unsaved_timers.add(code)

    def crowded(self, minute: int, most: int) -> int | None:
        """A boundary at which part of the sessions due by `minute` end, where these are more than `most`."""
        due = self.sessions.dues(minute)
        return int(np.partition(due, most)[most]) if len(due) > most else None

    def take_sessions_due(self, minute: int) -> tuple[Found, Found]:
        """Remove the sessions due at or before a minute and their impressions; returns both."""
        due = self.sessions.find_due(minute)
        self.sessions.remove(due)
        impressions = self._take_impressions(due.keys)
        self.session_keys.forget(due.rows["site"], due.rows["id"])
        self.impression_keys.forget(impressions.rows["session"], impressions.rows["id"])
        for key in impressions.keys[impressions.rows["orders"] > 0].tolist():
            del self.baskets[key]
        return due, impressions

    def snapshot(self) -> bytes:
        """The whole state as one change, on which the changes of later steps build."""
        _, rows = self.impressions.items()
        moved = self.names.agents.keep(np.unique(rows["agent"]))
        self.impressions.rewrite(lambda rows: rows.__setitem__("agent", moved[rows["agent"]]))
        self._saved_names = (1, 1, 1)
        self._unsaved_timers = set(self.names.timers)
        nothing = np.empty(0, np.uint64)
        return self._encode(
            nothing, self.impressions.items(), self.sessions.items(), self.evidence.saved()
        )

    def encode(self, ended: Keys, impressions: Keys, sessions: Keys) -> bytes:
        """What a step changed: the keys of sessions that ended in it, and of what it put.

        What was put and ended in the same step is not saved; with it goes all else that is new.
        """
        return self._encode(
            ended,
            self.impressions.find(impressions)[:2],
            self.sessions.find(sessions)[:2],
            self.evidence.unsaved(),
        )

    def restore(self, parts: Sequence[bytes]) -> None:
        """Apply a base and the changes since to an empty state; raises ValueError for another version."""
        for number, part in enumerate(parts):
            saved = msgspec.msgpack.decode(part, type=_SavedState)
            if saved.version != VERSION:
                raise ValueError(f"a state of version {saved.version}, not {VERSION}")
            if number == 0:
                self._secret = saved.secret
                self.evidence = Evidence(saved.secret)
            self._apply(saved)
        if parts:
            self._use(self._secret)
            self._saved_names = self._count_names()

    def _use(self, secret: bytes) -> None:
        """Give keys by this secret, knowing the rows that are there."""
        self._secret = secret
        hasher = Hasher(secret, self._hash_bits)
        self.session_keys = Keyring(hasher, self.sessions, "site", lambda _, own: own)
        self.impression_keys = Keyring(hasher, self.impressions, "session", impression_keys)

    def _empty(self, site: int, slots: Sequence[int]) -> None:
        """Take from a site's rows what they have in slots (from 0) of its own timers."""

        def empty(rows: Rows) -> None:
            timers = rows["timers"]
            for slot in slots:
                timers[rows["site"] == site, len(VITALS) + slot] = NO_TIMER

        if slots:
            self.impressions.rewrite(empty)

    def _take_impressions(self, sessions: Keys) -> Found:
        """Remove all impressions of sessions, whose keys ascend."""
        found = self.impressions.find_prefixes(np.unique(prefixes(sessions)))
        self.impressions.remove(found)
        # Two sessions may share the bits of a key that impressions are found by.
        mine = np.isin(found.rows["session"], sessions)
        self.impressions.put(found.keys[~mine], pick(found.rows, ~mine))
        return Found(found.keys[mine], pick(found.rows, mine), [])

    def _encode(
        self,
        ended: Keys,
        impressions: tuple[Keys, Rows],
        sessions: tuple[Keys, Rows],
        evidence: list[Saved],
    ) -> bytes:
        keys, rows = impressions
        texts, tests, agents = self._saved_names
        self._saved_names = self._count_names()
        timers, self._unsaved_timers = self._unsaved_timers, set()
        return msgspec.msgpack.encode(
            _SavedState(
                version=VERSION,
                secret=self._secret,
                watermark=self.watermark,
                texts=self.names.texts.since(texts),
                tests=self.names.tests.since(tests),
                agents=self.names.agents.since(agents),
                timers=[
                    (self.names.texts.value(code), self.names.timers[code])
                    for code in sorted(timers)
                ],
                ended=ended.tobytes(),
                impressions=encode_rows(keys, rows),
                sessions=encode_rows(*sessions),
                baskets=[
                    (key, pack_basket(self.baskets[key]))
                    for key in keys[rows["orders"] > 0].tolist()
                ],
                evidence=evidence,
            )
        )

    def _apply(self, saved: _SavedState) -> None:
        for text in saved.texts:
            self.names.texts.code(text)
        for test in saved.tests:
            self.names.tests.code(test)
        for text, agent in saved.agents:
            self.names.agents.add(text, agent)
        for site, timers in saved.timers:
            code = self.names.texts.code(site)
            before = self.names.timers.get(code, [])
            self._empty(code, [n for n, name in enumerate(before) if timers[n] != name])
            self.names.timers[code] = timers
        ended = np.frombuffer(saved.ended, np.uint64)
        self.sessions.take(ended)
        for key in self._take_impressions(ended).keys.tolist():
            self.baskets.pop(key, None)
        for table, data in ((self.impressions, saved.impressions), (self.sessions, saved.sessions)):
            keys, rows = decode_rows(data, table.dtype)
            table.put(keys, rows, table.find(keys))
        self.baskets |= {key: unpack_basket(packed) for key, packed in saved.baskets}
        self.evidence.restore(saved.evidence)
        self.watermark = saved.watermark

    def _count_names(self) -> tuple[int, int, int]:
        return len(self.names.texts), len(self.names.tests), len(self.names.agents)
