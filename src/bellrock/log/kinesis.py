"""The log as a stream of Kinesis.

Lines enter as blocks (`blocks`), a record each, and shards are spread evenly over the stream's own; they
leave by shard of the stream and sequence number. What always holds: an append returns when Kinesis has taken
every record of it, and the acknowledged records of a shard lie in the order of their appends. Kinesis
may take some records of a request and refuse others, so a request has at most one of each shard: the next one
of it waits until that is in.
"""

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
import msgspec
from botocore import exceptions
from botocore.config import Config

from bellrock.errors import BellrockError, ConfigurationError, LogUnavailable
from bellrock.log.ahead import Ahead
from bellrock.log.blocks import SHARDS, Block, cut, lines_of
from bellrock.log.contract import Chunk, joined

if TYPE_CHECKING:
    from types_boto3_kinesis import KinesisClient
    from types_boto3_kinesis.type_defs import GetShardIteratorInputTypeDef

_MOST_RECORDS, _MOST_BYTES = 500, 5 * 2**20  # of a request
_HASHES = 2**128 // SHARDS  # of a shard
_WAIT, _LONGEST_WAIT = 0.05, 1.0  # seconds before failed records are sent again
_MADE_WITHIN = 120  # seconds
_BUSY = frozenset(
    "ProvisionedThroughputExceededException LimitExceededException ThrottlingException"
    " KMSThrottlingException".split()
)


class Stream(msgspec.Struct, frozen=True):
    """A stream of a region; `endpoint` is another Kinesis than the region's."""

    region: str
    name: str
    endpoint: str | None = None

    @property
    def url(self) -> str:
        """The place of the log."""
        return f"kinesis://{self.region}/{self.name}"

    def connect(self) -> "KinesisClient":
        """A client of a thread's own; credentials come from where AWS's own tools find them."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=10,
        )
        with self.explained("reached"):
            return boto3.session.Session().client(
                "kinesis", region_name=self.region, endpoint_url=self.endpoint, config=config
            )

    def writer(self) -> "KinesisLogWriter":
        """A writer of it."""
        return KinesisLogWriter(self)

    def log(self) -> "KinesisLog":
        """The readers of it."""
        return KinesisLog(self)

    def create(self, partitions: int, replicas: int = 0) -> None:  # noqa: ARG002  # AWS's business
        """Make a stream of so many shards and wait for it; raises ConfigurationError where there is one."""
        client = self.connect()
        try:
            with self.explained("made"):
                client.create_stream(StreamName=self.name, ShardCount=partitions)
                made = client.get_waiter("stream_exists")
                made.wait(
                    StreamName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": _MADE_WITHIN}
                )
        except client.exceptions.ResourceInUseException as error:
            raise ConfigurationError(
                self.url, "there is such a stream already", "Use it, or name another."
            ) from error
        finally:
            client.close()

    @contextmanager
    def explained(self, done: str) -> Iterator[None]:
        """Raise what botocore raises as an error that says what to do; a mistake of ours as it is."""
        try:
            yield
        except exceptions.ClientError as error:
            explanation = self._explanation(done, error)
            if explanation is None:
                raise
            raise explanation from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            mend = "Give the process a role, a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            raise ConfigurationError(self.url, str(error).rstrip("."), mend) from error
        except (
            exceptions.ConnectionError,
            exceptions.CredentialRetrievalError,
            exceptions.HTTPClientError,
            exceptions.WaiterError,
        ) as error:
            raise self.unavailable(done, error) from error

    def unavailable(self, done: str, reason: object) -> LogUnavailable:
        """An error that says what could not be done."""
        return LogUnavailable(
            f"{self.url}: the log cannot be {done} ({str(reason).rstrip('.')}). Check that Kinesis can be"
            " reached from here, and that the stream has shards enough for its traffic."
        )

    def _explanation(self, done: str, error: exceptions.ClientError) -> BellrockError | None:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]
        if code == "ResourceNotFoundException":
            make = f"Make it with: bellrock log create {self.url} --partitions 4"
            return ConfigurationError(self.url, "there is no such stream", make)
        if code in {
            "AccessDeniedException",
            "UnrecognizedClientException",
            "ExpiredTokenException",
        }:
            mend = "Give the process credentials with the rights to it."
            return ConfigurationError(self.url, str(error).rstrip("."), mend)
        if code in _BUSY or status["HTTPStatusCode"] >= 500:
            return self.unavailable(done, error)
        return None


class KinesisLogWriter:
    """One of any number of writers of a stream; see `LogWriter`."""

    def __init__(self, stream: Stream, deadline: float = 15.0) -> None:
        """Write to a stream that is there; `deadline` is in seconds, after which an append has failed.

        Raises ConfigurationError where there is no such stream, LogUnavailable if it cannot be reached.
        """
        self._stream, self._deadline = stream, deadline
        self._client = stream.connect()
        try:
            self._describe()
        except BaseException:
            self._client.close()
            raise

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end, durably; see `LogWriter.append`."""
        self.put(cut(lines))

    def put(self, blocks: Sequence[Block]) -> None:
        """Add blocks, durably; those of a shard in their order. Raises as `append` does."""
        waiting: dict[int, deque[Block]] = {}
        for block in blocks:
            waiting.setdefault(block.shard, deque()).append(block)
        until, pause = time.monotonic() + self._deadline, _WAIT
        while waiting:
            refused = self._put(_first_of_each(waiting), waiting)
            if refused is None:
                pause = _WAIT
                continue
            if time.monotonic() + pause > until:
                raise refused
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads writers in time
            pause = min(2 * pause, _LONGEST_WAIT)

    def probe(self) -> None:
        """Raise LogUnavailable if the log could take nothing now."""
        try:
            self._describe()
        except ConfigurationError as error:
            raise LogUnavailable(str(error)) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _put(
        self, blocks: Sequence[Block], waiting: dict[int, deque[Block]]
    ) -> LogUnavailable | None:
        """Send blocks of different shards; what was taken waits no more. Why some was not, if so."""
        try:
            with self._stream.explained("written"):
                answer = self._client.put_records(
                    StreamName=self._stream.name,
                    Records=[
                        {
                            "Data": block.data,
                            "PartitionKey": block.key,
                            "ExplicitHashKey": str(block.shard * _HASHES + _HASHES // 2),
                        }
                        for block in blocks
                    ],
                )
        except BellrockError as error:
            return LogUnavailable(str(error))  # a stream or rights that are gone may come back, too
        refused = None
        for block, result in zip(blocks, answer["Records"], strict=True):
            if code := result.get("ErrorCode"):
                said = f"{code}: {result.get('ErrorMessage', '')}"
                refused = self._stream.unavailable("written", said)
                continue
            waiting[block.shard].popleft()
            if not waiting[block.shard]:
                del waiting[block.shard]
        return refused

    def _describe(self) -> None:
        with self._stream.explained("written"):
            found = self._client.describe_stream_summary(StreamName=self._stream.name)
        status = found["StreamDescriptionSummary"]["StreamStatus"]
        if status not in {"ACTIVE", "UPDATING"}:
            raise self._stream.unavailable("written", f"the stream is {status}")


class KinesisLog:
    """A stream, as readers see it; see `PartitionedLog`."""

    def __init__(self, stream: Stream) -> None:
        """Read a stream that is there; raises ConfigurationError, LogUnavailable.

        A stream whose shards were split or merged is refused, as long as it has the old ones: sessions that
        were open then would go on in another partition than they began in.
        """
        self._client = stream.connect()
        try:
            names = self._names(stream)
        except BaseException:
            self._client.close()
            raise
        self.partitions = {name: KinesisPartition(stream, self._client, name) for name in names}

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _names(self, stream: Stream) -> list[str]:
        with stream.explained("read"):
            pages = self._client.get_paginator("list_shards").paginate(StreamName=stream.name)
            shards = [shard for page in pages for shard in page["Shards"]]
        names = {shard["ShardId"] for shard in shards}
        for shard in shards:
            if shard.get("ParentShardId") in names or shard.get("AdjacentParentShardId") in names:
                raise _divided(stream, shard["ShardId"])
        return sorted(names)


class KinesisPartition:
    """A reader of one shard of a stream."""

    def __init__(self, stream: Stream, client: "KinesisClient", name: str) -> None:
        """Read a shard; asks nothing until it is asked."""
        self._stream, self._client, self._name = stream, client, name
        self._ahead = Ahead(self._open_at, self._fetch)
        self._iterator: str | None = None
        self._last = 0  # sequence number of the last record that was fetched
        self._must_find = False

    def read(self, position: int, limit: int) -> Chunk:
        """See `LogReader.read`."""
        return joined(self.records(position, limit), position)

    def records(self, position: int, limit: int) -> list[Chunk]:
        """See `PartitionReader.records`."""
        with self._stream.explained("read"):
            return self._ahead.take(position, limit)

    def close(self) -> None:
        """Do nothing: the connections are the log's."""

    def _open_at(self, position: int) -> None:
        # Of a sequence number that is no more, Kinesis says nothing and begins with what is left: so the
        # record at the position is read again, and must be there.
        self._last, self._must_find = position, position > 0
        at: GetShardIteratorInputTypeDef = {
            "StreamName": self._stream.name,
            "ShardId": self._name,
            "ShardIteratorType": "AT_SEQUENCE_NUMBER" if position else "TRIM_HORIZON",
        }
        if position:
            at["StartingSequenceNumber"] = str(position)
        try:
            found = self._client.get_shard_iterator(**at)
        except self._client.exceptions.InvalidArgumentException as error:
            raise self._gone() from error  # it is of another stream that had the name
        self._iterator = found["ShardIterator"]

    def _fetch(self) -> list[Chunk] | None:
        """The records of one answer, which may have none before the end; None at the end."""
        if self._iterator is None:
            raise _divided(self._stream, self._name)
        try:
            answer = self._client.get_records(ShardIterator=self._iterator)
        except self._client.exceptions.ExpiredIteratorException:
            self._open_at(self._last)
            return []
        except self._client.exceptions.ProvisionedThroughputExceededException:
            return None  # other readers were faster, and later is soon enough
        self._iterator = answer.get("NextShardIterator")
        found = [(int(record["SequenceNumber"]), record["Data"]) for record in answer["Records"]]
        if found and self._must_find:
            if found.pop(0)[0] != self._last:
                raise self._gone()
            self._must_find = False
        if found:
            self._last = found[-1][0]
        elif not answer["Records"] and not answer.get("MillisBehindLatest") and self._iterator:
            return None
        return [Chunk(lines_of(data), number) for number, data in found]

    def _gone(self) -> LogUnavailable:
        return LogUnavailable(
            f"{self._stream.url}: the record {self._last} of {self._name} is gone, and others after it may be"
            " too. Fold what is left into a new --data directory, and keep records longer"
            " (IncreaseStreamRetentionPeriod)."
        )


def _first_of_each(waiting: dict[int, deque[Block]]) -> list[Block]:
    """The first block of each shard, as far as they fit into one request."""
    chosen: list[Block] = []
    size = 0
    for blocks in waiting.values():
        size += len(blocks[0].data) + len(blocks[0].key)
        if chosen and (size > _MOST_BYTES or len(chosen) == _MOST_RECORDS):
            break
        chosen.append(blocks[0])
    return chosen


def _divided(stream: Stream, shard: str) -> LogUnavailable:
    return LogUnavailable(
        f"{stream.url}: its shards were split or merged ({shard}), and sessions cannot move from one partition"
        " to another. Collect into a new stream that has the right number of shards."
    )


Place = Stream
"""See `open.Place`."""
