"""What is Kinesis' own: requests of which a part is refused, answers that are lost, shards that are divided.

The server of the tests refuses nothing, so refusals are put before it, at the client; what gets through is
really there.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError

from bellrock.errors import LogUnavailable
from bellrock.log.blocks import SHARDS
from bellrock.log.kinesis import KinesisLog, KinesisLogWriter, KinesisPartition, Stream
from log.visits import assert_in_order, read_all, visits

Put = Callable[..., dict[str, Any]]


@pytest.fixture
def stream(kinesis_url: str) -> Stream:
    stream = Stream("eu-central-1", f"own-{uuid4()}", kinesis_url)
    stream.create(4)
    return stream


class Refusing:
    """Stands before a writer's client, and refuses those records that `refuses` says."""

    def __init__(self, writer: KinesisLogWriter, refuses: Callable[[], bool]) -> None:
        self._put: Put = writer._client.put_records  # type: ignore[assignment]
        self._refuses = refuses
        self.refused = 0
        self.requests: list[Sequence[dict[str, Any]]] = []
        writer._client.put_records = self  # type: ignore[method-assign,assignment]

    def __call__(self, **request: Any) -> dict[str, Any]:
        records = request["Records"]
        self.requests.append(records)
        passed = [not self._refuses() for _ in records]
        self.refused += passed.count(False)
        through = [record for record, passes in zip(records, passed, strict=True) if passes]
        taken = self._put(**{**request, "Records": through})["Records"] if through else []
        answers = iter(taken)
        busy = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "busy"}
        return {"Records": [next(answers) if passes else busy for passes in passed]}


def test_records_that_are_refused_are_sent_again_and_no_shard_is_reordered(stream: Stream) -> None:
    chance, appends = Random(3), visits()
    sent = [next(appends) for _ in range(10)]
    with closing(KinesisLogWriter(stream)) as writer:
        refusing = Refusing(writer, lambda: chance.random() < 0.3)
        for lines in sent:
            writer.append(lines)
    assert refusing.refused > 50
    with closing(KinesisLog(stream)) as log:
        found = read_all(log)
    assert_in_order(found, sent)
    assert len(found) == sum(map(len, sent)), (
        "what was refused was not there, so nothing is there twice"
    )


def test_numbered_lines_of_one_session_stay_in_order_over_many_blocks(stream: Stream) -> None:
    chance = Random(5)
    lines = [
        b'{"at":1,"beacon":{"session":"session-%010d","n":%d,"x":"%b"}}'
        % (1, number, b"x" * 50_000)
        for number in range(60)
    ]
    with closing(KinesisLogWriter(stream)) as writer:
        refusing = Refusing(writer, lambda: chance.random() < 0.4)
        writer.append(lines)
    assert len(refusing.requests) > 12 + 2
    with closing(KinesisLog(stream)) as log:
        assert read_all(log) == lines


def test_what_is_always_refused_fails_in_time_and_a_later_append_succeeds(stream: Stream) -> None:
    appends, busy = visits(), True
    with closing(KinesisLogWriter(stream, deadline=0.5)) as writer:
        refusing = Refusing(writer, lambda: busy)
        with pytest.raises(LogUnavailable, match=r"ProvisionedThroughputExceeded.*shards enough"):
            writer.append(next(appends))
        assert len(refusing.requests) > 2
        busy = False
        sent = [next(appends)]
        writer.append(sent[0])
    with closing(KinesisLog(stream)) as log:
        assert_in_order(read_all(log), sent)


def test_an_answer_that_is_lost_makes_duplicates_and_loses_nothing(stream: Stream) -> None:
    appends = visits()
    sent = [next(appends) for _ in range(6)]
    with closing(KinesisLogWriter(stream)) as writer:
        put: Put = writer._client.put_records  # type: ignore[assignment]
        calls = 0

        def losing(**request: Any) -> dict[str, Any]:
            nonlocal calls
            calls += 1
            answer = put(**request)
            if calls % 2:
                raise ReadTimeoutError(endpoint_url="there")
            return answer

        writer._client.put_records = losing  # type: ignore[method-assign,assignment]
        for lines in sent:
            writer.append(lines)
    with closing(KinesisLog(stream)) as log:
        found = read_all(log)
    assert len(found) == 2 * sum(map(len, sent))
    assert_in_order(found, sent)


def test_a_request_keeps_within_what_kinesis_takes(stream: Stream) -> None:
    lines = [
        b'{"at":1,"beacon":{"session":"session-%010d","x":"%b"}}' % (session, b"x" * 200_000)
        for session in range(80)
    ]
    with closing(KinesisLogWriter(stream)) as writer:
        refusing = Refusing(writer, lambda: False)
        writer.append(lines)
    assert len(refusing.requests) > 3
    for records in refusing.requests:
        keys = [record["PartitionKey"] for record in records]
        assert len(keys) == len(set(keys)), "one record of each shard"
        assert sum(len(r["Data"]) + len(r["PartitionKey"]) for r in records) <= 5 * 2**20
    with closing(KinesisLog(stream)) as log:
        assert sorted(read_all(log)) == sorted(lines)


def test_shards_are_spread_evenly_over_the_streams_own(stream: Stream) -> None:
    lines = [b'{"beacon":{"session":"session-%010d"}}' % session for session in range(2000)]
    with closing(KinesisLogWriter(stream)) as writer:
        refusing = Refusing(writer, lambda: False)
        writer.append(lines)
    [records] = refusing.requests
    assert len(records) == SHARDS
    width = 2**128 // 4
    places = [int(record["ExplicitHashKey"]) // width for record in records]
    assert [places.count(shard) for shard in range(4)] == [SHARDS // 4] * 4


def test_a_record_that_is_gone_is_an_error_and_no_silent_gap(stream: Stream) -> None:
    """The server of the tests forgets nothing, so a record is taken out of its answers."""
    with closing(KinesisLogWriter(stream)) as writer, closing(KinesisLog(stream)) as log:
        writer.append([b"a"])
        writer.append([b"b"])
        partition = next(iter(log.partitions.values()))
        get = partition._client.get_records

        def forgetful(**request: Any) -> Any:
            answer = get(**request)
            answer["Records"] = [r for r in answer["Records"] if r["Data"] != b"a\n"]
            return answer

        position = partition.read(0, 1).position
        assert partition.read(position, 1).lines == [b"b"]
        partition._client.get_records = forgetful  # type: ignore[method-assign]
        with pytest.raises(LogUnavailable, match=r"the record \d+ of shardId-0+ is gone"):
            partition.read(position, 1)


def test_an_iterator_that_expired_is_asked_for_anew(stream: Stream) -> None:
    with closing(KinesisLogWriter(stream)) as writer, closing(KinesisLog(stream)) as log:
        partition = next(iter(log.partitions.values()))
        writer.append([b"a"])
        position = partition.read(0, 1).position
        writer.append([b"b"])
        get, client, expired = partition._client.get_records, partition._client, []

        def expiring(**request: Any) -> Any:
            if not expired:
                expired.append(request)
                error: Any = {"Error": {"Code": "ExpiredIteratorException", "Message": "old"}}
                raise client.exceptions.ExpiredIteratorException(error, "GetRecords")
            return get(**request)

        partition._client.get_records = expiring  # type: ignore[method-assign,assignment]
        assert partition.read(position, 1).lines == [b"b"]
        assert expired


def test_a_stream_whose_shards_were_divided_is_refused(stream: Stream) -> None:
    client = stream.connect()
    with closing(KinesisLogWriter(stream)) as writer:
        writer.append([b"a"])
    client.split_shard(
        StreamName=stream.name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**120)
    )
    client.close()
    with pytest.raises(LogUnavailable, match="its shards were split or merged"):
        KinesisLog(stream)


def test_a_shard_that_is_closed_while_it_is_read_gives_its_lines_and_then_an_error(
    stream: Stream,
) -> None:
    with closing(KinesisLogWriter(stream)) as writer, closing(KinesisLog(stream)) as log:
        writer.append([b"a"])
        partition: KinesisPartition = next(iter(log.partitions.values()))
        get = partition._client.get_records

        def last(**request: Any) -> Any:
            return {**get(**request), "NextShardIterator": None}

        partition._client.get_records = last  # type: ignore[method-assign,assignment]
        lines, position = partition.read(0, 1)
        assert lines == [b"a"]
        with pytest.raises(LogUnavailable, match="its shards were split or merged"):
            partition.read(position, 1)


def test_a_stream_that_is_gone_while_it_is_written_takes_nothing_and_may_come_back(
    stream: Stream,
) -> None:
    appends, client = visits(), stream.connect()
    with closing(KinesisLogWriter(stream, deadline=0.3)) as writer, closing(client):
        client.delete_stream(StreamName=stream.name)
        with pytest.raises(LogUnavailable, match="there is no such stream"):
            writer.append(next(appends))
        with pytest.raises(LogUnavailable, match="there is no such stream"):
            writer.probe()
        stream.create(4)
        sent = [next(appends)]
        writer.append(sent[0])
    with closing(KinesisLog(stream)) as log:
        assert_in_order(read_all(log), sent)
