"""The log as a topic of Kafka.

Lines enter as blocks (`blocks`), a record each, in the partition that their shard has; they leave by
partition and offset. What always holds: an append returns when all replicas in sync have every record of
it, and the acknowledged records of a shard lie in the order of their appends. Retries that could change the
order are left to the client, which numbers its records so that the broker refuses what is out of order. A
record's time is the log's own: the greatest `at` in its block.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.ahead import Ahead
from bellrock.log.blocks import Block, cut, lines_of
from bellrock.log.contract import Chunk, joined
from bellrock.log.signin import SignIn
from bellrock.log.stamp import time_of
from bellrock.secrets import Login

Answer = TypeVar("Answer")

_ASK_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_CHOOSING = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
_MOST_RECORDS = 1000  # fetched at once
_GIVEN_UP = (
    5.0  # seconds after the deadline in which the client must have said what became of a record
)


_NOW = 0  # what the client takes for the time at which it sends


class Topic(msgspec.Struct, frozen=True):
    """A topic, and how its brokers are reached; `settings` are librdkafka's, as for TLS.

    https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
    """

    servers: str
    name: str
    settings: Mapping[str, str] = {}
    login: Login | None = None

    @property
    def url(self) -> str:
        """The place of the log, as it may be shown."""
        return f"kafka://{self.servers}/{self.name}"

    @property
    def client(self) -> dict[str, Any]:
        """What every client is told, beside how it signs in."""
        return {
            "bootstrap.servers": self.servers,
            "reconnect.backoff.max.ms": 1000,
            "log_level": 0,  # what matters is raised
            **self.settings,
        }

    def partitions(self) -> list[int]:
        """The numbers of its partitions; raises ConfigurationError where there is no such topic."""
        found = self._asked(self._looked_up, "reached")
        if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            make = f"Make it with: bellrock log create {self.url} --partitions 4"
            raise ConfigurationError(self.url, "there is no such topic", make)
        if found.error is not None:
            raise self.unavailable("reached", found.error)
        for number, partition in found.partitions.items():
            if partition.error is not None and partition.leader < 0:
                raise self.unavailable(f"used, partition {number} has no leader", partition.error)
        return sorted(found.partitions)

    def writer(self) -> "KafkaLogWriter":
        """A writer of it."""
        return KafkaLogWriter(self)

    def log(self) -> "KafkaLog":
        """The readers of it."""
        return KafkaLog(self)

    def create(self, partitions: int, replicas: int) -> None:
        """Make the topic; raises ConfigurationError where there is one, LogUnavailable where it cannot be."""
        # Or a leader whose followers are all behind would acknowledge alone, and could be lost with it.
        durable = {"min.insync.replicas": str(min(2, replicas))}
        topic = NewTopic(self.name, partitions, replicas, config=durable)

        def ask(client: AdminClient) -> None:
            made = client.create_topics(
                [topic], operation_timeout=_ASK_SECONDS, request_timeout=2 * _ASK_SECONDS
            )
            try:
                made[self.name].result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                raise ConfigurationError(
                    self.url, "there is such a topic already", "Use it, or name another."
                ) from error
            until = time.monotonic() + _ASK_SECONDS
            # Brokers hear of it a moment after the controller has made it.
            while self._looked_up(client).error and time.monotonic() < until:
                time.sleep(_PAUSE_SECONDS)

        self._asked(ask, "made")

    def _looked_up(self, client: AdminClient) -> Any:
        return client.list_topics(self.name, timeout=_ASK_SECONDS).topics[self.name]

    def _asked(self, ask: Callable[[AdminClient], Answer], done: str) -> Answer:
        """What the brokers answer; raises LogUnavailable, which says what could not be `done`."""
        sign_in = SignIn(self.login)
        client = AdminClient({**self.client, **sign_in.settings()})
        try:
            return ask(client)
        except KafkaException as error:
            client.poll(0)  # hands over what it has heard
            raise self.unavailable(done, error.args[0], sign_in.refusal) from error

    def told(self, sign_in: SignIn) -> dict[str, Any]:
        """What a client of a log that was reached already is told; raises LogUnavailable alone."""
        try:
            return {**self.client, **sign_in.settings()}
        except ConfigurationError as error:
            raise LogUnavailable(str(error)) from error

    def unavailable(self, done: str, reason: object, refusal: str = "") -> LogUnavailable:
        """An error that says what could not be done, and why: the brokers may have let nobody in."""
        mend = "Check that its brokers run and can be reached."
        if refusal:
            mend = "Give the log's URL a user and a password that hold, as its brokers know them."
        said = refusal or (reason.str() if isinstance(reason, KafkaError) else str(reason))
        return LogUnavailable(f"{self.url}: the log cannot be {done} ({said}). {mend}")


class KafkaLogWriter:
    """One of any number of writers of a topic; see `LogWriter`."""

    def __init__(self, topic: Topic, deadline: float = 15.0) -> None:
        """Write to a topic that is there; `deadline` is in seconds, after which an append has failed.

        Raises ConfigurationError where there is no such topic, LogUnavailable if it cannot be reached.
        """
        self._topic, self._deadline = topic, deadline
        self._count = len(topic.partitions())
        self._producer: Producer | None = None
        self._sign_in = SignIn(topic.login)
        self._at = _NOW

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end, durably; see `LogWriter.append`."""
        self.put(cut(lines))

    def put(self, blocks: Sequence[Block]) -> None:
        """Add blocks, durably; those of a shard in their order. Raises as `append` does."""
        failed: list[object] = []

        def told(error: KafkaError | None, _record: Message) -> None:
            if error is not None:
                failed.append(error)

        producer = self._ready()
        try:
            for block in blocks:
                partition = block.shard % self._count
                # Of a block without any time, that of the one before: a log that is written again must not
                # seem to have come to the present.
                self._at = _newest(block.data) or self._at
                producer.produce(
                    self._topic.name,
                    block.data,
                    block.key,
                    partition,
                    on_delivery=told,
                    timestamp=self._at,
                )
            if producer.flush(self._deadline + _GIVEN_UP):
                failed.append("the brokers do not answer")
        except (KafkaException, BufferError) as error:
            failed.append(error)
        if failed:
            self._abandon()
            raise self._topic.unavailable("written", failed[0], self._sign_in.refusal)

    def probe(self) -> None:
        """Raise LogUnavailable if the log could take nothing now."""
        try:
            self._topic.partitions()
        except ConfigurationError as error:
            raise LogUnavailable(str(error)) from error

    def close(self) -> None:
        """Let go of the brokers."""
        self._abandon()

    def _ready(self) -> Producer:
        if self._producer is None:
            self._sign_in = SignIn(self._topic.login)
            self._producer = Producer(
                {
                    **self._topic.told(self._sign_in),
                    "acks": "all",
                    "enable.idempotence": True,
                    "delivery.timeout.ms": int(self._deadline * 1000),
                }
            )
        return self._producer

    def _abandon(self) -> None:
        # A client that has lost a record may refuse all others, and must not send any later.
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(_GIVEN_UP)
        self._producer = None


def _newest(block: bytes) -> int | None:
    """The greatest `at` in a block."""
    times = map(time_of, lines_of(block))
    return max((at for at in times if at is not None), default=None)


class KafkaLog:
    """A topic, as readers see it; see `PartitionedLog`."""

    def __init__(self, topic: Topic) -> None:
        """Read a topic that is there; raises ConfigurationError, LogUnavailable."""
        self.partitions = {
            str(number): KafkaPartition(topic, number) for number in topic.partitions()
        }

    def close(self) -> None:
        """Let go of the brokers."""
        for partition in self.partitions.values():
            partition.close()


class KafkaPartition:
    """A reader of one partition, of no consumer group: positions are the caller's to keep."""

    def __init__(self, topic: Topic, number: int) -> None:
        """Read a partition; connects when it is first asked."""
        self._topic = topic
        self._partition = TopicPartition(topic.name, number)
        self._sign_in = SignIn(topic.login)
        self._ahead = Ahead(self._open_at, self._fetch)
        self._first = self._next = self._end = 0

    def read(self, position: int, limit: int) -> Chunk:
        """See `LogReader.read`."""
        return joined(self.records(position, limit), position)

    def records(self, position: int, limit: int) -> list[Chunk]:
        """See `PartitionReader.records`."""
        try:
            self._first, self._end = self._look()
            return self._ahead.take(position, limit)
        except KafkaException as error:
            self._begin_anew()
            refusal = self._sign_in.refusal
            raise self._topic.unavailable("read", error.args[0], refusal) from error

    def _begin_anew(self) -> None:
        """With the next read: should the brokers refuse the password, only another client has another one."""
        if "_consumer" in self.__dict__:
            # It hands over what it has heard, and perhaps a record, which is read again.
            self._consumer.poll(0)
        self.close()
        self._ahead = Ahead(self._open_at, self._fetch)

    def close(self) -> None:
        """Let go of the brokers."""
        if "_consumer" in self.__dict__:
            self._consumer.close()
            del self._consumer

    @cached_property
    def _consumer(self) -> Consumer:
        self._sign_in = SignIn(self._topic.login)
        return Consumer(
            {
                **self._topic.told(self._sign_in),
                "group.id": "bellrock",  # the client demands a name; nothing is ever committed
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,  # a reader that goes elsewhere waits for what is under way
                "queued.max.messages.kbytes": 16 * 1024,
            }
        )

    def _look(self) -> tuple[int, int]:
        """The first offset and the one after the last; waits while the brokers choose a leader."""
        until = time.monotonic() + _ASK_SECONDS
        while True:
            try:
                found: tuple[int, int] = self._consumer.get_watermark_offsets(
                    self._partition, timeout=_ASK_SECONDS
                )
            except KafkaException as error:
                if error.args[0].code() not in _CHOOSING or time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return found

    def _open_at(self, position: int) -> None:
        if 0 < position < self._first or position > self._end:
            raise LogUnavailable(
                f"{self._topic.url}: partition {self._partition.partition} has the positions"
                f" {self._first} to {self._end}, so {position} is gone. Fold what is left into a new"
                " --data directory, and keep records longer (retention.ms, retention.bytes)."
            )
        self._next = max(position, self._first)
        start = TopicPartition(self._topic.name, self._partition.partition, self._next)
        self._consumer.assign([start])

    def _fetch(self) -> list[Chunk] | None:
        """The next records, as many as there are known to be; none at the end."""
        until = time.monotonic() + _ASK_SECONDS
        while (missing := self._end - self._next) > 0:
            chunks = []
            for message in self._consumer.consume(min(missing, _MOST_RECORDS), timeout=1.0):
                chunk = self._taken(message)
                if chunk is not None:
                    chunks.append(chunk)
            if chunks:
                return chunks
            if time.monotonic() > until:
                raise self._topic.unavailable("read", "the brokers do not send what they have")
        return None

    def _taken(self, message: Message) -> Chunk | None:
        error, offset = message.error(), message.offset()
        assert offset is not None
        if error is None:
            self._next = offset + 1
            return Chunk(lines_of(message.value() or b""), self._next)
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # that is its name
            raise KafkaException(error)
        # Where a topic has been compacted, or holds marks of transactions, the last offsets are no records.
        self._next = max(self._next, offset)
        return None


Place = Topic
"""See `open.Place`."""
