"""Lanes: the parts of the log that are folded each by a pipeline of its own, of one shard or many.

Shards and partitions enter; which lane a shard is in leaves. What always holds: all shards of a lane lie in
one partition of the log. So their lines come in one order, and none is raised to the minute of a partition
that is ahead. Kafka's partitions have every n-th shard, and so have the lanes there; those of Kinesis are
ranges of shards.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bellrock.errors import ConfigurationError
from bellrock.log.blocks import SHARDS
from bellrock.log.kinesis import Stream

if TYPE_CHECKING:
    from types_boto3_kinesis.type_defs import ShardTypeDef


def lane_by_shard(log: str, lanes: int) -> tuple[int, ...]:
    """The lane of each shard, for the URL of a log."""
    if log.startswith("kinesis:"):
        # By the middle of the shard's hash keys, where its records are.
        return tuple((2 * shard + 1) * lanes // (2 * SHARDS) for shard in range(SHARDS))
    return tuple(shard % lanes for shard in range(SHARDS))


def topic_partitions(count: int) -> list[int]:
    """The partition of each shard in a topic of Kafka."""
    return [shard % count for shard in range(SHARDS)]


def stream_partitions(stream: Stream) -> list[int]:
    """The partition of each shard in a stream of Kinesis, which is asked; raises as `KinesisLog` does.

    A stream that was split or merged is refused as long as it has the old shards: a lane's lines would come
    from two partitions.
    """
    client = stream.connect()
    try:
        with stream.explained("read"):
            pages = client.get_paginator("list_shards").paginate(StreamName=stream.name)
            found = [shard for page in pages for shard in page["Shards"]]
    finally:
        client.close()
    names = {shard["ShardId"] for shard in found}
    if any(shard.get("ParentShardId") in names for shard in found):
        raise ConfigurationError(
            stream.url,
            "its shards were split or merged",
            "Collect into a new stream that has the right number of shards.",
        )
    starts = sorted(map(_start, found))
    width = 2**128 // SHARDS
    return [bisect_right(starts, shard * width + width // 2) - 1 for shard in range(SHARDS)]


def require_lanes(log: str, lanes: int, partitions: Sequence[int]) -> None:
    """Raise ConfigurationError where a lane would have shards of two partitions; `partitions` is by shard."""
    if _fits(log, lanes, partitions):
        return
    count = len(set(partitions))
    fitting = [number for number in range(1, SHARDS + 1) if _fits(log, number, partitions)]
    near = [number for number in fitting if number < lanes][-1:]
    near += [number for number in fitting if number > lanes][:1]
    raise ConfigurationError(
        "the setting lanes",
        f"{lanes} lanes do not fit the {count} partitions of {log}: one would have lines of two of them",
        f"Set it to a multiple of {count}, as {' or '.join(map(str, near))}.",
    )


def _fits(log: str, lanes: int, partitions: Sequence[int]) -> bool:
    partition: Mapping[int, int] = dict(zip(lane_by_shard(log, lanes), partitions, strict=True))
    return all(
        partition[lane] == own
        for lane, own in zip(lane_by_shard(log, lanes), partitions, strict=True)
    )


def _start(shard: "ShardTypeDef") -> int:
    return int(shard["HashKeyRange"]["StartingHashKey"])
