"""SessionFunction: blocks of one lane in, deltas and evidence out; its state is that of the lane's pipeline.

Enters: calls of `step`, with lines that have gathered or without, and Flink's watermark. Leaves: parcels of
deltas by slot, and what the judge must hear. What always holds: a lane is folded in the order of its lines,
no boundary is passed that an earlier line can still come before, and no line is folded before the marks that
can concern it are known (`horizon`). So how blocks, steps and restores fall changes nothing in the sums.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import structlog

from bellrock.claims.contract import Claims
from bellrock.log.blocks import lines_of
from bellrock.operators.documents import MINUTE
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.operators.time import minute_of
from bellrock.pipeline import Pipeline, Step
from bellrock.runners.flink.deltas import parcels
from bellrock.runners.flink.evidence import Report, Witness, encode_report
from bellrock.runners.flink.horizon import BEFORE_TIME, Horizon, SharedMarks
from bellrock.runners.flink.journal import Copies, Header, Journal, annotate, read_header
from bellrock.runners.flink.keyed import Values
from bellrock.runners.flink.lines import first_minute, ready
from bellrock.runners.flink.streams import NO_STREAMS, Numbers, Streams
from bellrock.schema.site import Site

MOST_LINES = 20_000
"""Lines of one step of the pipeline."""

_logger = structlog.get_logger(__name__)


class LaneState(NamedTuple):
    """Keyed state of a lane: blocks that `waiting` are folded, and its pipeline's state."""

    waiting: Values
    journal: Journal

    def wait(self, block: bytes) -> None:
        """Let a block wait."""
        if block:
            self.waiting.add(block)


class Stepped(NamedTuple):
    """`parcels` for the summary by slot, `report` for the judge; `waits`: lines are left, step again."""

    parcels: dict[int, bytes]
    report: bytes | None
    waits: bool


class _Lane(NamedTuple):
    pipeline: Pipeline
    witness: Witness


class SessionFunction:
    """Folds the lanes that come to one worker."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        claims: Claims,
        marks: SharedMarks,
        horizon: Horizon,
        slots: int,
        streams: Streams = NO_STREAMS,
    ) -> None:
        """Know no lane yet; `horizon` reads `marks`, and `slots` is how many the summary has."""
        self._sites, self._claims, self._marks = sites, claims, marks
        self._horizon, self._slots, self._streams = horizon, slots, streams
        self._held: dict[int, tuple[bytes, int]] = {}
        self._copies = Copies(self._restore)

    def step(self, lane: int, state: LaneState, watermark: int, block: bytes = b"") -> Stepped:
        """Fold what waits and the block, as far as they may be folded, then end what is due; the rest waits.

        `watermark`: every line that is still to come has a later `at`, in ms. After an error nothing has
        changed but claims, which the same lane will make again.
        """
        header = read_header(state.journal)
        note = _read(header.note)
        passed = note.passed
        reached = max((watermark + 1) // MINUTE, BEFORE_TIME)
        if self._is_held(lane, header, passed, reached):
            state.wait(block)
            return Stepped({}, None, waits=True)
        waited = list(state.waiting.get())
        lines = lines_of(b"\n".join([*waited, block]))
        newest = first_minute(reversed(lines))
        limit = self._horizon.look(max(reached, BEFORE_TIME if newest is None else newest))
        if reached <= passed and not ready(lines, limit, 1):
            self._hold(lane, header, lines)
            state.wait(block)
            return Stepped({}, None, bool(lines))
        if not lines and header.is_blank:
            annotate(state.journal, header, _encode(_Note(reached, note.numbers)))
            return Stepped({}, encode_report(Report(lane, reached, [])), waits=False)
        due = _Due(note, reached, lines, limit)
        left, stepped = self._fold(lane, state.journal, header, due)
        if len(left) == len(lines):
            state.wait(block)
        elif left or waited:
            state.waiting.update([b"\n".join([*left, b""])] if left else [])
        return stepped

    def _fold(
        self, lane: int, journal: Journal, header: Header, due: "_Due"
    ) -> tuple[Sequence[bytes], Stepped]:
        """The lines that are left, and what comes of the others."""
        one = self._copies.take(lane, journal, header)
        folding = _Folding(one.pipeline, self._streams, due.note.numbers)
        folding.look_for_late(due)
        left = folding.fold(due.lines, due.limit)
        passed = folding.end_due(due.note.passed, min(due.reached, folding.bound(left)))
        kept = self._copies.keep(
            lane,
            one,
            journal,
            header,
            note=_encode(_Note(passed, due.note.numbers)),
            changes=folding.changes,
            whole=one.pipeline.state.snapshot,
        )
        self._hold(lane, kept, left)
        ended = one.witness.take()
        news = ended or passed > due.note.passed
        report = encode_report(Report(lane, passed, ended)) if news else None
        found = parcels(folding.deltas, self._slots, self._horizon.judged)
        return left, Stepped(found, report, bool(left))

    def _hold(self, lane: int, header: Header, left: Sequence[bytes]) -> None:
        """Remember from which minute on lines are left that wait for the judge."""
        if (first := first_minute(left)) is not None:
            self._held[lane] = header.token, first

    def _is_held(self, lane: int, header: Header, passed: int, reached: int) -> bool:
        """Whether nothing can have changed for a lane that waits: to read its lines again and again is dear."""
        token, first = self._held.get(lane, (None, 0))
        return (
            token == header.token
            and min(first, reached) <= passed
            and self._horizon.look(max(first, reached)) < first
        )

    def _restore(self, parts: list[bytes]) -> _Lane:
        state, witness = State(), Witness()
        state.restore(parts)
        state.evidence = witness
        return _Lane(Pipeline(self._sites, self._claims, self._marks, state), witness)


class _Note(msgspec.Struct, array_like=True, frozen=True):
    """What a lane's journal notes: the boundary that was passed, and how many records its streams have."""

    passed: int
    numbers: Numbers


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(int | _Note).decode


def _read(data: bytes) -> _Note:
    """The note; before there were streams, it was the boundary alone."""
    note = _decode(data) if data else BEFORE_TIME
    return _Note(note, Numbers()) if isinstance(note, int) else note


class _Due(NamedTuple):
    """What a step is about.

    `lines` wait, and those up to the minute `limit` may be folded; `note` says what was passed before,
    `reached` may be passed now.
    """

    note: _Note
    reached: int
    lines: Sequence[bytes]
    limit: int


class _Folding:
    """One step of a lane; `deltas` and `changes` are what it yields, beside what it writes to the streams."""

    def __init__(self, pipeline: Pipeline, streams: Streams, numbers: Numbers) -> None:
        self._pipeline, self._streams, self._numbers = pipeline, streams, numbers
        self.deltas: list[Deltas] = []
        self.changes: list[bytes] = []

    @property
    def minute(self) -> int:
        """The minute that the lane's own lines have reached."""
        return minute_of(self._pipeline.state.watermark)

    def fold(self, lines: Sequence[bytes], limit: int) -> Sequence[bytes]:
        """Fold the lines up to a minute; those that are left."""
        while count := ready(lines, limit, MOST_LINES):
            step = self._pipeline.step(lines[:count])
            self._take(step)
            lines = lines[count:]
            if step.balance.difference:
                _logger.error("lines are unaccounted for", **msgspec.structs.asdict(step.balance))
        return lines

    def look_for_late(self, due: _Due) -> None:
        """Complain about lines of a minute that the watermark had passed: they cannot be put right."""
        first = first_minute(due.lines)
        if first is not None and self.minute < due.note.passed > first:
            _logger.error("lines came too late", minute=first, passed=due.note.passed)

    def bound(self, left: Sequence[bytes]) -> float:
        """The boundary before which lines that are left, and wait, must be folded."""
        if not left:
            return float("inf")
        first = first_minute(left)
        return self.minute if first is None else max(first, self.minute)

    def end_due(self, passed: int, minute: float) -> int:
        """End what is due by a minute, unless that was passed; the minute that is passed then."""
        passed = max(passed, self.minute)
        if minute <= passed:
            return passed
        boundary = int(minute)
        due = self._pipeline.state.sessions.find_due(boundary).keys
        if len(due):
            step = self._pipeline.pass_boundaries(boundary)
            self._take(step)
        return boundary

    def _take(self, step: Step) -> None:
        self._streams.write(step, self._pipeline.state.names, self._numbers)
        self.deltas.append(step.deltas)
        self.changes.append(step.changes)
