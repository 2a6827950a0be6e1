"""Which shards share a lane, and which logs that fits."""

from contextlib import closing
from uuid import uuid4

import pytest

from bellrock.errors import ConfigurationError
from bellrock.log.blocks import SHARDS, shard_of
from bellrock.log.kinesis import KinesisLog, KinesisLogWriter, Stream
from bellrock.runners.flink.lanes import (
    lane_by_shard,
    require_lanes,
    stream_partitions,
    topic_partitions,
)
from runners.flink.traffic import line_by_shard

KAFKA, KINESIS = "kafka://host:9092/log", "kinesis://region/1/log"


def stream_of(url: str, partitions: int) -> Stream:
    stream = Stream("eu-central-1", f"lanes-{uuid4()}", url)
    stream.create(partitions)
    return stream


@pytest.mark.parametrize("log", [KAFKA, KINESIS])
def test_every_lane_has_as_many_shards_as_the_others_or_one_more(log: str) -> None:
    for lanes in range(1, SHARDS + 1):
        found = lane_by_shard(log, lanes)
        counts = [found.count(lane) for lane in range(lanes)]
        assert len(found) == sum(counts) == SHARDS
        assert max(counts) - min(counts) <= 1


def test_a_multiple_of_the_partitions_fits_a_topic_and_so_does_a_lane_for_each_shard() -> None:
    for partitions in range(1, SHARDS + 1):
        for lanes in [*range(partitions, SHARDS + 1, partitions), SHARDS]:
            require_lanes(KAFKA, lanes, topic_partitions(partitions))


@pytest.mark.parametrize("partitions", [1, 3, 4, 5])
def test_a_multiple_of_the_partitions_fits_a_stream_as_its_lines_lie(
    kinesis_url: str, aws_account: None, partitions: int
) -> None:
    stream = stream_of(kinesis_url, partitions)
    expected = stream_partitions(stream)
    with closing(KinesisLogWriter(stream)) as writer, closing(KinesisLog(stream)) as log:
        writer.append(line_by_shard(0))
        parts = [partition.read(0, SHARDS).lines for partition in log.partitions.values()]
    found = {shard_of(line): part for part, own in enumerate(parts) for line in own}
    assert [found[shard] for shard in range(SHARDS)] == expected
    for lanes in [*range(partitions, SHARDS + 1, partitions), SHARDS]:
        require_lanes(KINESIS, lanes, expected)


@pytest.mark.parametrize(
    ("lanes", "partitions", "mend"),
    [(16, 3, "15 or 18"), (16, 32, "32"), (1, 2, "2"), (126, 4, "124 or 128")],
)
def test_a_lane_of_two_partitions_is_refused_with_numbers_that_fit(
    lanes: int, partitions: int, mend: str
) -> None:
    said = rf"setting lanes: {lanes} lanes do not fit the {partitions} partitions of {KAFKA}.* {mend}\."
    with pytest.raises(ConfigurationError, match=said):
        require_lanes(KAFKA, lanes, topic_partitions(partitions))


def test_lanes_of_a_topic_do_not_fit_a_stream(kinesis_url: str, aws_account: None) -> None:
    partitions = stream_partitions(stream_of(kinesis_url, 4))
    require_lanes(KINESIS, 16, partitions)
    with pytest.raises(ConfigurationError, match="16 lanes do not fit the 4 partitions"):
        require_lanes(KAFKA, 16, partitions)


def test_a_stream_that_was_split_is_refused(kinesis_url: str, aws_account: None) -> None:
    stream = stream_of(kinesis_url, 1)
    with closing(stream.connect()) as client:
        client.split_shard(
            StreamName=stream.name,
            ShardToSplit="shardId-000000000000",
            NewStartingHashKey=str(2**127),
        )
    with pytest.raises(ConfigurationError, match="split or merged"):
        stream_partitions(stream)
