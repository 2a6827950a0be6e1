"""A job without Flink: partitions, workers, channels between them, checkpoints, and the stores outside.

Enters: lines of a log, and what happens one thing after the other. Leaves: what the search store holds.
Whatever the order, what Flink promises holds: each channel keeps its order, a checkpoint is consistent, and
no watermark overtakes what it speaks of.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from random import Random
from typing import Any, NamedTuple

from bellrock.claims.memory import MemoryClaims
from bellrock.log.blocks import shard_of
from bellrock.marks.memory import MemoryMarks
from bellrock.normalise.decode import route_of
from bellrock.operators.documents import MINUTE
from bellrock.runners.flink.horizon import Horizon
from bellrock.runners.flink.journal import Journal
from bellrock.runners.flink.judge import JudgeFunction
from bellrock.runners.flink.lanes import lane_by_shard, require_lanes
from bellrock.runners.flink.session import LaneState, SessionFunction
from bellrock.runners.flink.streams import NO_STREAMS, Streams
from bellrock.runners.flink.summary import SlotState, SummaryFunction
from bellrock.schema.site import Site
from runners.flink.memory import (
    Judgements,
    MemoryTable,
    MemoryValue,
    MemoryValues,
    Store,
    View,
    copied,
)

SLOTS = 5
LATENESS = MINUTE
BEGINNING = -(1 << 63)

Block = tuple[int, int, bytes]
"""The greatest `at` in it, its shard, its lines."""


def blocks_of(lines: Sequence[bytes], random: Random) -> list[Block]:
    """Blocks as collectors cut them: of one minute, by shard, in any order between shards."""
    blocks: list[Block] = []
    for _, minute in groupby(lines, lambda line: (route_of(line)[0] or 0) // MINUTE):
        left = list(minute)
        while left:
            size = random.randint(1, 40)
            shares: dict[int, list[bytes]] = defaultdict(list)
            for line in left[:size]:
                shares[shard_of(line)].append(line)
            for shard, some in sorted(shares.items(), key=lambda _: random.random()):
                newest = max(route_of(line)[0] or 0 for line in some)
                blocks.append((newest, shard, b"".join(line + b"\n" for line in some)))
            left = left[size:]
    return blocks


class Log(NamedTuple):
    url: str
    lanes: int
    partition_by_shard: Sequence[int]


class World:
    """One job, and what stays when it fails."""

    def __init__(
        self,
        lines: Sequence[bytes],
        sites: Mapping[str, Site],
        random: Random,
        log: Log,
        streams: Streams = NO_STREAMS,
    ) -> None:
        self.streams = streams
        self.sites, self.random, self.lanes = sites, random, log.lanes
        self.lane_by_shard = lane_by_shard(log.url, log.lanes)
        require_lanes(log.url, log.lanes, log.partition_by_shard)
        partitions = max(log.partition_by_shard) + 1
        self.partitions: list[list[Block]] = [[] for _ in range(partitions)]
        for block in blocks_of(lines, random):
            self.partitions[log.partition_by_shard[block[1]]].append(block)
        self.claims, self.book, self.judged = MemoryClaims(), MemoryMarks(), Judgements()
        self.store = Store()
        self.time = 0.0
        self.epoch = 1_000
        self.state: dict[str, Any] = {
            "positions": [0] * partitions,
            "lanes": [
                LaneState(MemoryValues(), Journal(MemoryValue(), MemoryValues()))
                for _ in range(self.lanes)
            ],
            "slots": [
                SlotState(MemoryValue(), MemoryValues(), MemoryValues(), MemoryTable())
                for _ in range(SLOTS)
            ],
            "judge": Journal(MemoryValue(), MemoryValues()),
            "reports": defaultdict(list),
            "parcels": defaultdict(list),
            "blocks": defaultdict(list),
            "watermark": BEGINNING,
        }
        self.checkpoint()
        self.start(2)

    # What may happen

    def checkpoint(self) -> None:
        self.saved = copied(self.state)

    def restore(self, workers: int) -> None:
        self.state = copied(self.saved)
        self.state["watermark"] = BEGINNING
        self.start(workers)

    def start(self, workers: int) -> None:
        self.workers = []
        for _ in range(workers):
            view = View(self.book)
            horizon = Horizon(self.judged, view, lambda: self.time)
            self.workers.append(
                SessionFunction(self.sites, self.claims, view, horizon, SLOTS, self.streams)
            )
        self.judge = JudgeFunction(self.book, self.judged, self.lanes)
        self.epoch += 1
        self.summary = SummaryFunction(self.store, self.epoch)
        self.recalled: set[int] = set()

    def read(self, partition: int, most: int = 1) -> None:
        position = self.state["positions"][partition]
        for _, shard, block in self.partitions[partition][position : position + most]:
            lane = self.lane_by_shard[shard]
            self.state["blocks"][lane].append(block)
            self.state["positions"][partition] += 1

    def tell(self) -> None:
        """The watermark moves on: it is that of the partition that is furthest behind."""
        ends = [
            self.partitions[n][position - 1][0] - LATENESS if position else BEGINNING
            for n, position in enumerate(self.state["positions"])
            if position < len(self.partitions[n])
        ]
        every = [blocks[-1][0] for blocks in self.partitions if blocks]
        end = min(ends) if ends else max(every) // MINUTE * MINUTE - 1
        self.state["watermark"] = max(self.state["watermark"], end)

    def step(self, lane: int) -> bool:
        self.time += 0.01
        block = b"\n".join(self.state["blocks"].pop(lane, []))
        state, watermark = self.state["lanes"][lane], self.state["watermark"]
        stepped = self._worker(lane).step(lane, state, watermark, block)
        if stepped.report:
            self.state["reports"][lane].append(stepped.report)
        for slot, parcel in stepped.parcels.items():
            self.state["parcels"][lane, slot].append(parcel)
        return stepped.waits

    def hear(self, lane: int) -> None:
        for report in self.state["reports"].pop(lane, []):
            self.judge.hear(self.state["judge"], report)

    def flush(self, slot: int, *, hours: bool = True) -> None:
        state = self.state["slots"][slot]
        if slot not in self.recalled:
            self.recalled.add(slot)
            self.summary.recall(state, slot, SLOTS)
        for name in [name for name in self.state["parcels"] if name[1] == slot]:
            for parcel in self.state["parcels"].pop(name):
                self.summary.gather(state, parcel)
        self.summary.flush(state, self.state["watermark"], hours=hours)

    def drain(self) -> None:
        """Everything that is left happens."""
        for partition in range(len(self.partitions)):
            self.read(partition, 1 << 40)
        self.tell()
        waiting = [0]
        while waiting:
            self.time += 1
            before = self.judged.minute
            waiting = [lane for lane in range(self.lanes) if self.step(lane)]
            for lane in range(self.lanes):
                self.hear(lane)
            assert not waiting or self.judged.minute > before, "nothing moves any more"
        for slot in range(SLOTS):
            self.flush(slot)

    def _worker(self, lane: int) -> SessionFunction:
        return self.workers[lane % len(self.workers)]
