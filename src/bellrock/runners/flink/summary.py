"""SummaryFunction: deltas in, whole documents out, written to the search store.

Enters: parcels of the documents of one slot, and now and then a call of `flush`. Leaves: every document that
changed, whole, of the minute, the hour and the day. What always holds: a document that was written is the sum
of all its deltas in this or a later state of Flink; of two writes the one with the greater version is newer,
and that of a worker which Flink has given up has a smaller one.
"""

from typing import NamedTuple, Protocol

import msgspec
import structlog

from bellrock.operators.sessions import LONGEST_MINUTES
from bellrock.operators.summaries import Deltas
from bellrock.operators.time import minute_of
from bellrock.runners.flink.deltas import Rows, decode_parcel
from bellrock.runners.flink.documents import (
    Content,
    Name,
    added,
    changes_of,
    decode_content,
    decode_name,
    encode_content,
    encode_name,
    frames_of,
    joined,
)
from bellrock.runners.flink.horizon import BEFORE_TIME
from bellrock.runners.flink.keyed import Table, Value, Values
from bellrock.store.tables import LEVELS

VERSION = 1
"""Of the layout of keyed state: `docs/spec/flink.md`."""

SLACK_MINUTES = 60
"""How long documents are kept beyond the minute in which they are final: workers are not equally fast."""

FLUSHES = 1 << 22
"""Flushes of one epoch, at most."""

_SWEEP_MINUTES = 60
_logger = structlog.get_logger(__name__)


class DocumentWriter(Protocol):
    """The writing side of the search store."""

    def write(self, documents: Deltas, version: int, *, level: str) -> None:
        """Write whole documents of a level; one that is stored with a greater version stays."""


class SlotState(NamedTuple):
    """Keyed state of a slot: parcels that are `pending`, and the documents that can still change."""

    header: Value
    pending: Values
    documents: Table


class _Header(msgspec.Struct, array_like=True, frozen=True):
    """`judged` is how far every lane is known to have come, `swept` until when what is final is gone."""

    version: int = VERSION
    epoch: int = 0
    flushes: int = 0
    judged: int = BEFORE_TIME
    swept: int = BEFORE_TIME


class SummaryFunction:
    """Sums up the slots that come to one worker."""

    def __init__(self, writer: DocumentWriter, epoch: int) -> None:
        """`epoch` is the time at which the worker begins, in ms: greater than that of any before it."""
        self._writer = writer
        self._epoch = epoch

    def gather(self, state: SlotState, parcel: bytes) -> None:
        """Let a parcel wait for the next flush."""
        state.pending.add(parcel)

    def flush(self, state: SlotState, watermark: int) -> None:
        """Write the documents that the parcels which wait have changed; raises what the store raises.

        After an error nothing has changed in keyed state: flush again. `watermark`: no line still comes
        that is older, in ms.
        """
        header = _read(state.header)
        parcels = [decode_parcel(data) for data in state.pending.get()]
        judged = max((parcel.judged for parcel in parcels), default=BEFORE_TIME)
        now = _after(header, self._epoch, max(judged, header.judged))
        if parcels:
            self._write(state.documents, joined(parcel.rows for parcel in parcels), now)
            state.pending.update([])
        final = min(now.judged, minute_of(watermark)) - LONGEST_MINUTES - SLACK_MINUTES
        if final >= now.swept + _SWEEP_MINUTES:
            _sweep(state.documents, final)
            now = msgspec.structs.replace(now, swept=final)
        state.header.update(msgspec.msgpack.encode(now))

    def _write(self, table: Table, rows: Rows, header: _Header) -> None:
        new: dict[str, dict[Name, Content]] = {level: {} for level in LEVELS}
        for name, change in changes_of(rows).items():
            old = decode_content(table.get(encode_name(name)))
            new[name.level][name] = added(old, change)
        version = header.epoch * FLUSHES + header.flushes
        for level, documents in new.items():
            if documents:
                self._writer.write(frames_of(documents), version, level=level)
        for documents in new.values():
            for name, content in documents.items():
                if content:
                    table.put(encode_name(name), encode_content(content))
                else:
                    table.remove(encode_name(name))


def _read(value: Value) -> _Header:
    data = value.value()
    header = _Header() if data is None else msgspec.msgpack.decode(data, type=_Header)
    if header.version != VERSION:
        raise ValueError(f"keyed state of version {header.version}, not {VERSION}")
    return header


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
    return _Header(VERSION, *number, judged, header.swept)


def _sweep(table: Table, final: int) -> None:
    """Forget the documents that end by a minute: nothing can change them any more."""
    for key in [key for key in table.keys() if decode_name(key).end <= final]:  # noqa: SIM118  # no dict
        table.remove(key)
