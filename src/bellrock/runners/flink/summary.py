"""SummaryFunction: deltas in, whole documents out, written to the search store.

Enters: parcels of the documents of one slot, and now and then a call of `flush`. Leaves: every document that
changed, whole; minutes at once, hours and days more rarely. What always holds: a document that was written is
the sum of all its deltas in this or a later state of Flink; an hour has nothing of a minute that is not written
yet; of two writes the one with the greater version is newer, and that of a worker which Flink has given up has
a smaller one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import polars as pl
import structlog

from bellrock.operators.sessions import LONGEST_MINUTES
from bellrock.operators.summaries import Deltas
from bellrock.operators.time import minute_of
from bellrock.runners.flink.changes import changes_of
from bellrock.runners.flink.deltas import VERSION, Parcel, decode_parcel, parcels
from bellrock.runners.flink.documents import (
    AT_ONCE,
    WITH_HOURS,
    Levels,
    Named,
    Whole,
    added,
    as_deltas,
    end_of,
    frames,
    named,
    read,
    write,
)
from bellrock.runners.flink.horizon import BEFORE_TIME
from bellrock.runners.flink.keyed import Table, Value, Values
from bellrock.runners.flink.recall import zeros_of
from bellrock.store.tables import LEVELS

SLACK_MINUTES = 60
"""How long documents are kept beyond the minute in which they are final: workers are not equally fast."""

FLUSHES = 1 << 22
"""Flushes of one epoch, at most."""

ENOUGH_BYTES = 8 << 20
"""Of parcels that do not wait until hours are written: a backlog brings as many in seconds."""

_SWEEP_MINUTES = 60
_logger = structlog.get_logger(__name__)


class DocumentWriter(Protocol):
    """The writing side of the search store."""

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        """Write whole documents by level; one that is stored with a greater version stays."""

    def written(self, after: int, before: int) -> Deltas:
        """The documents of minutes that are stored with a version between two."""


class SlotState(NamedTuple):
    """Keyed state of a slot: parcels, and the documents that can still change.

    pending: parcels of which nothing is written.
    minutes: those whose minutes are, but not their hours and days.
    """

    header: Value
    pending: Values
    minutes: Values
    documents: Table


class _Header(msgspec.Struct, array_like=True, frozen=True):
    """`judged` is how far every lane is known to have come, `swept` until when what is final is gone.

    `timers` are the names of timers by their number in the slot's documents, `waiting` how many bytes of
    parcels wait for their hours.
    """

    version: int = VERSION
    epoch: int = 0
    flushes: int = 0
    judged: int = BEFORE_TIME
    swept: int = BEFORE_TIME
    timers: tuple[str, ...] = ()
    waiting: int = 0


class SummaryFunction:
    """Sums up the slots that come to one worker."""

    def __init__(self, writer: DocumentWriter, epoch: int, begun: int = 0) -> None:
        """`epoch` is the time at which the worker begins, in ms: greater than that of any before it.

        `begun` is when the job was submitted: what is older, and in no state, is none of its documents.
        """
        self._writer = writer
        self._epoch, self._begun = epoch, begun
        self._lost: dict[int, tuple[int, int]] = {}

    def recall(self, state: SlotState, slot: int, slots: int) -> None:
        """Let the next flush write again what was written after this state was made (`recall`).

        To be called before the first flush, and now and then: a write may arrive late. Raises what the store
        raises.
        """
        header = _read(state.header)
        if slot not in self._lost:
            after = max(_version(header), self._begun * FLUSHES)
            self._lost[slot] = (after, _version(_after(header, self._epoch, header.judged)))
        zeros = zeros_of(self._writer.written(*self._lost[slot]), header.swept)
        if parcel := parcels([zeros], slots, header.judged).get(slot):
            state.pending.add(parcel)

    def gather(self, state: SlotState, parcel: bytes) -> None:
        """Let a parcel wait for the next flush."""
        state.pending.add(parcel)

    def flush(self, state: SlotState, watermark: int, *, hours: bool = True) -> None:
        """Write the documents of minutes that parcels which wait have changed; raises what the store raises.

        Those of hours and days are written where `hours` says so, or where enough has changed. After an error
        what was written is known, and what was not still waits: flush again. `watermark`: no line still comes
        that is older, in ms.
        """
        header = self._write_minutes(state)
        if hours or header.waiting >= ENOUGH_BYTES:
            self._write_hours(state, header, minute_of(watermark))

    def _write_minutes(self, state: SlotState) -> _Header:
        header, found = _read(state.header), list(state.pending.get())
        if not found:
            return header
        pending = [decode_parcel(data) for data in found]
        judged = max(header.judged, *(parcel.judged for parcel in pending))
        now = self._write(state.documents, pending, AT_ONCE, _after(header, self._epoch, judged))
        for data in found:
            state.minutes.add(data)
        state.pending.update([])
        now = msgspec.structs.replace(now, waiting=header.waiting + sum(map(len, found)))
        state.header.update(msgspec.msgpack.encode(now))
        return now

    def _write_hours(self, state: SlotState, header: _Header, minute: int) -> None:
        pending = [decode_parcel(data) for data in state.minutes.get()]
        now = header
        if pending:
            now = _after(header, self._epoch, header.judged)
            now = self._write(state.documents, pending, WITH_HOURS, now)
            state.minutes.update([])
        # Nothing waits here: what is forgotten has all its deltas.
        final = min(now.judged, minute) - LONGEST_MINUTES - SLACK_MINUTES
        if final >= now.swept + _SWEEP_MINUTES:
            _sweep(state.documents, final)
            now = msgspec.structs.replace(now, swept=final)
        if now is not header:
            state.header.update(msgspec.msgpack.encode(now))

    def _write(
        self, table: Table, parcels: Sequence[Parcel], levels: Levels, header: _Header
    ) -> _Header:
        """Write what parcels change, first to the store; the header with the timers that there are then."""
        timers = {timer: number for number, timer in enumerate(header.timers)}
        rows: dict[str, dict[str, pl.DataFrame]] = {level: {} for level in LEVELS}
        kept: list[tuple[Named, Whole]] = []
        for changes in changes_of(parcels, timers):
            names = tuple(timers)
            for documents in named(changes, levels):
                old = read(table, documents.keys, changes.head)
                whole = added(old, changes, documents.of_run)
                rows[documents.level] |= frames(changes, documents, whole, names)
                kept.append((documents, whole))
        changed = {level: as_deltas(found) for level, found in rows.items() if found}
        self._writer.write(changed, _version(header))
        for documents, whole in kept:
            write(table, documents.keys, whole)
        return msgspec.structs.replace(header, timers=tuple(timers))


def _read(value: Value) -> _Header:
    data = value.value()
    header = _Header() if data is None else msgspec.msgpack.decode(data, type=_Header)
    if header.version != VERSION:
        raise ValueError(f"keyed state of version {header.version}, not {VERSION}")
    return header


def _version(header: _Header) -> int:
    return header.epoch * FLUSHES + header.flushes


def _after(header: _Header, epoch: int, judged: int) -> _Header:
    """The header of the next flush.

    Its epoch is the worker's own; but where another's is in the state that is no earlier, as where clocks
    differ, it is later than that.
    """
    if header.epoch < epoch:
        number = (epoch, 0)
    elif header.epoch == epoch and header.flushes + 1 < FLUSHES:
        number = (epoch, header.flushes + 1)
    else:
        number = (header.epoch + 1, 0)
    return _Header(VERSION, *number, judged, header.swept, header.timers)


def _sweep(table: Table, final: int) -> None:
    """Forget the documents that end by a minute: nothing can change them any more."""
    for key in [key for key in table.keys() if end_of(key) <= final]:  # noqa: SIM118  # no dict
        table.remove(key)
