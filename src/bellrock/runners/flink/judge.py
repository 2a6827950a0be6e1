"""JudgeFunction: the evidence of all lanes in, marks and how far it is judged out.

Enters: the reports of every lane, each lane's in its order. Leaves: marks, then the minute up to which
all evidence is judged, both durable before anything else happens. What always holds: a boundary is judged
when every lane has passed it, and boundaries one after the other, as one process would. The marks of a
boundary depend on the log alone, so whoever judges it again after a restore makes the same marks.
"""

import secrets
from typing import NamedTuple

import msgspec

from bellrock.errors import ConfigurationError
from bellrock.marks.contract import Marks
from bellrock.operators.behaviour import EndedAgent, Evidence, Saved
from bellrock.runners.flink.evidence import Report, decode_report
from bellrock.runners.flink.horizon import BEFORE_TIME, Judged
from bellrock.runners.flink.journal import Copies, Header, Journal, read_header

JUDGE = 0
"""The one key that the judge has."""


class _Note(msgspec.Struct, array_like=True):
    """How far each lane has come, the evidence that waits for the others, and what was judged."""

    passed: list[int]
    waiting: list[EndedAgent]
    judged: int


class _Change(msgspec.Struct, array_like=True):
    secret: bytes
    saved: list[Saved]


class _Bench(NamedTuple):
    secret: bytes
    evidence: Evidence


class JudgeFunction:
    """Judges; there is one."""

    def __init__(self, marks: Marks, judged: Judged, lanes: int) -> None:
        """Mark in `marks`, and tell all workers by `judged`; `lanes` is how many there are."""
        self._marks, self._judged, self._lanes = marks, judged, lanes
        self._copies = Copies(_restore)

    def hear(self, state: Journal, report: bytes) -> None:
        """Take a report, and judge what can be judged with it.

        Raises ConfigurationError where the state is that of another number of lanes.
        """
        header = read_header(state)
        note = _read(header, self._lanes)
        heard = _heard(note, decode_report(report))
        bench = self._copies.take(JUDGE, state, header)
        minute = min(heard.passed)
        changes = []
        if minute > heard.judged:
            changes = self._judge(bench, heard, minute)
        self._copies.keep(
            JUDGE,
            bench,
            state,
            header,
            note=msgspec.msgpack.encode(heard),
            changes=changes,
            whole=lambda: _encode(bench, bench.evidence.saved()),
        )

    def _judge(self, bench: _Bench, heard: _Note, minute: int) -> list[bytes]:
        bench.evidence.note(one for one in heard.waiting if one.boundary <= minute)
        heard.waiting = [one for one in heard.waiting if one.boundary > minute]
        bench.evidence.judge(self._marks)
        self._judged.write(minute)
        heard.judged = minute
        saved = bench.evidence.unsaved()
        return [_encode(bench, saved)] if saved else []


def _read(header: Header, lanes: int) -> _Note:
    if not header.note:
        return _Note([BEFORE_TIME] * lanes, [], BEFORE_TIME)
    note = msgspec.msgpack.decode(header.note, type=_Note)
    if len(note.passed) != lanes:
        raise ConfigurationError(
            "the setting lanes",
            f"it is {lanes}, and the state that the job goes on from has {len(note.passed)}",
            "Set it as it was; with another one begin without state.",
        )
    return note


def _heard(note: _Note, report: Report) -> _Note:
    note.passed[report.lane] = max(note.passed[report.lane], report.passed)
    note.waiting.extend(report.ended)
    return note


def _encode(bench: _Bench, saved: list[Saved]) -> bytes:
    return msgspec.msgpack.encode(_Change(bench.secret, saved))


def _restore(parts: list[bytes]) -> _Bench:
    changes = [msgspec.msgpack.decode(part, type=_Change) for part in parts]
    secret = changes[0].secret if changes else secrets.token_bytes(32)
    evidence = Evidence(secret)
    for change in changes:
        evidence.restore(change.saved)
    return _Bench(secret, evidence)
