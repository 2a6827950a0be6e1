"""The functions as Flink calls them: state and timers; everything else is in the functions themselves.

Python functions of Flink are told of no checkpoint, so whatever waits is in keyed state, and whatever goes
to a store outside is there when a call returns.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog
from pyflink.common import Types
from pyflink.datastream import FlatMapFunction, KeyedProcessFunction, OutputTag, RuntimeContext
from pyflink.datastream.state import (
    ListStateDescriptor,
    MapStateDescriptor,
    ValueStateDescriptor,
)

from bellrock.errors import StoreUnavailable
from bellrock.log.blocks import shard_of
from bellrock.operators.documents import MINUTE
from bellrock.runners.flink.alarms import Alarms, is_due, next_time, now
from bellrock.runners.flink.gather import joined, records_of
from bellrock.runners.flink.journal import Journal
from bellrock.runners.flink.judge import JudgeFunction
from bellrock.runners.flink.placing import keys, places
from bellrock.runners.flink.session import LaneState, SessionFunction
from bellrock.runners.flink.summary import SlotState, SummaryFunction
from bellrock.runners.flink.turns import Turns
from bellrock.runners.garbage import spare_what_stays

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
KEPT = Types.PICKLED_BYTE_ARRAY()
"""Bytes in keyed state: of arrays of bytes Flink's Python makes tuples of numbers there."""

KEYED = Types.TUPLE([Types.INT(), BYTES])
"""A key, and what is for it."""

REPORTS = OutputTag("reports", BYTES)

_MOST_BYTES = 4 << 20  # of a block: Flink takes an element of more than 5 MiB through a file
_GATED_MS = 100  # until a lane that waits for the judge looks again
_RETRY_MS = 2_000  # until documents are written again that the store did not take
_RECALL_MS = 60_000  # until it is looked again for writes that came late,
_RARE_RECALL_MS = 3_600_000  # and this, as it is dear,
_RECENT_MS = 600_000  # when the worker is no longer new
_logger = structlog.get_logger(__name__)


def _journal(context: RuntimeContext) -> Journal:
    return Journal(
        context.get_state(ValueStateDescriptor("header", KEPT)),
        context.get_list_state(ListStateDescriptor("parts", KEPT)),
    )


class Router(FlatMapFunction):  # type: ignore[misc]  # pyflink has no types here
    """Blocks that were gathered, by the key of their lane: those of a lane are one then.

    Before the first, all lanes are woken up: so each tells how far it has come though it has no line yet.
    A source of its own would end, and its end is a watermark that passes everything.
    """

    def __init__(self, lane_by_shard: Sequence[int]) -> None:
        """Know the lane of each shard."""
        self._keys = keys(max(lane_by_shard) + 1)
        self._key_by_shard = [self._keys[lane] for lane in lane_by_shard]

    def open(self, runtime_context: RuntimeContext) -> None:  # noqa: ARG002  # pyflink names it
        """Begin in a worker."""
        _settle()
        self._sleeping = True
        self._lanes: dict[int, list[bytes]] = {}

    def flat_map(self, value: bytes) -> Iterator[tuple[int, bytes]]:
        """Give blocks their keys, when the last part of them is there."""
        if self._sleeping:
            self._sleeping = False
            for key in self._keys:
                yield key, b""
        records, more = records_of(value)
        for block in records:
            key = self._key_by_shard[shard_of(block[: block.find(b"\n")])]
            self._lanes.setdefault(key, []).append(block)
        while self._lanes and not more:
            key, blocks = self._lanes.popitem()
            for block in joined(blocks, _MOST_BYTES):
                yield key, block


class Sessions(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types here
    """Lanes; out come parcels with the key of their slot, and reports beside."""

    def __init__(
        self, make: Callable[[], SessionFunction], lanes: int, slots: int, step_seconds: float
    ) -> None:
        """`make` makes the function in the worker."""
        self._make, self._every = make, int(step_seconds * 1000)
        self._lane_of, self._keys = places(lanes), keys(slots)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Begin in a worker."""
        self._function = self._make()
        self._alarms = Alarms(self._every)
        waiting = runtime_context.get_list_state(ListStateDescriptor("waiting", KEPT))
        self._state = LaneState(waiting, _journal(runtime_context))

    def process_element(self, value: tuple[int, bytes], ctx: Any) -> Iterator[Any]:
        """Take a block; an empty one only wakes the lane up, and the first lane all slots."""
        key, block = value
        timers = ctx.timer_service()
        if not block:
            if self._lane_of[key] == 0:
                yield from ((slot, b"") for slot in self._keys)
            timers.register_event_time_timer(_next_minute(timers.current_watermark()))
        else:
            yield from self._step(ctx, block)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Any]:
        """Step, at the lane's own times: one is to come where the log's minute has moved on."""
        key = ctx.get_current_key()
        if self._alarms.rings(key, timestamp):
            yield from self._step(ctx)
        else:
            self._alarms.set(ctx.timer_service(), key)

    def _step(self, ctx: Any, block: bytes = b"") -> Iterator[Any]:
        timers = ctx.timer_service()
        watermark = timers.current_watermark()
        key = ctx.get_current_key()
        stepped = self._function.step(self._lane_of[key], self._state, watermark, block)
        timers.register_event_time_timer(_next_minute(watermark))
        if stepped.waits:
            self._alarms.set_soon(timers, key, _GATED_MS)
        for slot, parcel in stepped.parcels.items():
            yield self._keys[slot], parcel
        if stepped.report:
            yield REPORTS, stepped.report


class Judge(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types here
    """The judge of all lanes."""

    def __init__(self, make: Callable[[], JudgeFunction]) -> None:
        """`make` makes the function in the worker."""
        self._make = make

    def open(self, runtime_context: RuntimeContext) -> None:
        """Begin in a worker."""
        self._function = self._make()
        self._state = _journal(runtime_context)

    def process_element(self, value: bytes, ctx: Any) -> None:  # noqa: ARG002  # pyflink calls it so
        """Hear a report."""
        self._function.hear(self._state, value)


class Summaries(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types here
    """Slots; nothing comes out but documents in the search store."""

    def __init__(
        self,
        make: Callable[[int], SummaryFunction],
        slots: int,
        flush_seconds: float,
        hours_seconds: float,
    ) -> None:
        """`make` makes the function in the worker, of its epoch."""
        self._make, self._every = make, int(flush_seconds * 1000)
        self._hours_every = int(hours_seconds * 1000)
        self._slots, self._slot_of = slots, places(slots)

    def open(self, runtime_context: RuntimeContext) -> None:
        """Begin in a worker, and in an epoch."""
        self._begun = now()
        self._function = self._make(self._begun)
        self._recalls: dict[int, int] = {}
        self._hours: dict[int, int] = {}
        self._alarms = Alarms(self._every)
        self._turns = Turns()
        self._state = SlotState(
            runtime_context.get_state(ValueStateDescriptor("header", KEPT)),
            runtime_context.get_list_state(ListStateDescriptor("pending", KEPT)),
            runtime_context.get_list_state(ListStateDescriptor("minutes", KEPT)),
            runtime_context.get_map_state(MapStateDescriptor("documents", Types.STRING(), KEPT)),
        )

    def process_element(self, value: tuple[int, bytes], ctx: Any) -> None:
        """Take a parcel; an empty one only wakes the slot up."""
        key, parcel = value
        if parcel:
            self._function.gather(self._state, parcel)
        self._alarms.set(ctx.timer_service(), key)

    def on_timer(self, timestamp: int, ctx: Any) -> None:  # noqa: ARG002  # pyflink calls it so
        """Write what has changed; what the store does not take now stays, and is written later."""
        timers, key = ctx.timer_service(), ctx.get_current_key()
        if later := self._turns.take(key, now()):
            timers.register_processing_time_timer(later)
            return
        try:
            self._recall(key)
            self._flush(key, timers.current_watermark())
        except StoreUnavailable as error:
            _logger.error("documents wait", error=str(error))
            timers.register_processing_time_timer(now() + _RETRY_MS)
        timers.register_processing_time_timer(next_time(self._hours_every, key))

    def _flush(self, key: int, watermark: int) -> None:
        began = now()
        hours = is_due(self._hours.get(key, 0), began, self._hours_every)
        try:
            self._function.flush(self._state, watermark, hours=hours)
        finally:
            self._turns.give_back(began, now())
        if hours:
            self._hours[key] = next_time(self._hours_every, key)

    def _recall(self, key: int) -> None:
        """Look for what was lost with a worker: at first, and again from time to time."""
        if is_due(self._recalls.get(key, 0), at := now(), _RARE_RECALL_MS):
            self._function.recall(self._state, self._slot_of[key], self._slots)
            rare = at > self._begun + _RECENT_MS
            self._recalls[key] = next_time(_RARE_RECALL_MS if rare else _RECALL_MS, key)


def _settle() -> None:
    """Tell a worker's Python what folding is like."""
    spare_what_stays()
    # Every message would be made and handed to Java, which drops those that nobody wants: clients have many.
    logging.getLogger().setLevel(logging.INFO)


def _next_minute(watermark: int) -> int:
    """The watermark at which one more boundary may be passed than now; ms."""
    return max((watermark + 1) // MINUTE + 1, 0) * MINUTE - 1
