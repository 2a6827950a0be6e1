"""What is Kafka's own: brokers that die and come back, records that were deleted, and how it is told of them."""

import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bellrock.collector import CollectorConfig, run
from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.blocks import lines_of
from bellrock.log.kafka import KafkaLog, KafkaLogWriter, Topic
from bellrock.log.open import place_of
from log.visits import assert_in_order, read_all, visits
from servers.kafka import Broker, new_broker

_spawn = multiprocessing.get_context("spawn")
NOW = 1_795_474_800_000  # not the clock's: each process of a test run must see the same tests


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    """A broker of the test's own, which does not run yet."""
    return new_broker(tmp_path)


@pytest.fixture
def topic(kafka_servers: str) -> Topic:
    topic = Topic(kafka_servers, f"own-{uuid4()}")
    topic.create(3, 1)
    return topic


def test_a_record_has_the_shard_as_its_key_and_decides_its_partition(topic: Topic) -> None:
    with closing(KafkaLogWriter(topic)) as writer:
        writer.append(next(visits()))
    seen = 0
    with closing(Consumer({**topic.client, "group.id": "test"})) as consumer:
        consumer.assign([TopicPartition(topic.name, number, 0) for number in range(3)])
        while seen < 60:
            message = consumer.poll(10)
            assert message is not None
            shard = int(message.key() or b"")
            assert message.partition() == shard % 3
            seen += len(lines_of(message.value() or b""))


@pytest.mark.parametrize(
    ("lines", "newest"),
    [
        ([b'{"at":%d,"beacon":{}}' % (NOW - 5), b'{"at":%d,"beacon":{}}' % (NOW - 9)], NOW - 5),
        ([b'{"at":%d,"beacon":{}}' % (NOW - 9), b'{"beacon":{},"at":%d}' % (NOW - 5)], NOW - 5),
        ([b'{"at":%d,"beacon":{}}' % (NOW - 5), b"damaged"], NOW - 5),
        ([b"damaged"], NOW - 7),
    ],
)
def test_the_time_of_a_record_is_the_greatest_of_its_lines_or_that_of_the_record_before(
    topic: Topic, lines: list[bytes], newest: int
) -> None:
    with closing(KafkaLogWriter(topic)) as writer:
        writer.append([b'{"at":%d,"beacon":{}}' % (NOW - 7)])
        writer.append(lines)
    with closing(Consumer({**topic.client, "group.id": "test"})) as consumer:
        consumer.assign([TopicPartition(topic.name, 0, 1)])
        message = consumer.poll(10)
        assert message is not None
        assert message.timestamp() == (TIMESTAMP_CREATE_TIME, newest)


def test_a_line_of_tomorrow_is_refused_by_a_topic_that_takes_none_of_the_future(
    kafka_servers: str,
) -> None:
    topic = Topic(kafka_servers, f"present-{uuid4()}")
    hour = {"message.timestamp.after.max.ms": "3600000"}
    client = AdminClient(topic.client)
    client.create_topics([NewTopic(topic.name, 1, 1, config=hour)])[topic.name].result(30)
    wait_for(lambda: topic.name in client.list_topics().topics)
    tomorrow = int(time.time() * 1000) + 24 * 3_600_000
    with closing(KafkaLogWriter(topic)) as writer:
        writer.append([b'{"at":%d,"beacon":{}}' % NOW])
        with pytest.raises(LogUnavailable, match="timestamp"):
            writer.append([b'{"at":%d,"beacon":{}}' % tomorrow])


def test_a_broker_that_is_killed_and_comes_back_loses_and_reorders_nothing_that_was_acknowledged(
    broker: Broker,
) -> None:
    topic = Topic(broker.address, "killed")
    acknowledged: list[list[bytes]] = []
    failures: list[LogUnavailable] = []
    stopping = False

    def append() -> None:
        with closing(KafkaLogWriter(topic, deadline=2.0)) as writer:
            for lines in visits():
                while True:
                    try:
                        writer.append(lines)
                        break
                    except (
                        LogUnavailable
                    ) as error:  # a tracker sends again what was not acknowledged
                        failures.append(error)
                acknowledged.append(lines)
                if stopping:
                    return

    with ExitStack() as stack:
        running = stack.enter_context(ExitStack())
        running.enter_context(broker.running(stop_within=0))
        topic.create(4, 1)
        appending = Thread(target=append)
        appending.start()
        try:
            for _ in range(2):
                before = len(acknowledged)
                wait_for(lambda before=before: len(acknowledged) > before + 20)
                running.close()  # killed while it takes lines
                time.sleep(3)
                running.enter_context(broker.running(stop_within=0))
            before = len(acknowledged)
            wait_for(lambda: len(acknowledged) > before + 20)
        finally:
            stopping = True
            appending.join()
        assert failures
        assert "the log cannot be written" in str(failures[0])
        with closing(KafkaLog(topic)) as log:
            assert_in_order(read_all(log), acknowledged)


def test_a_short_absence_of_the_broker_is_waited_out(broker: Broker) -> None:
    topic, appends = Topic(broker.address, "away"), visits()
    with ExitStack() as running:
        running.enter_context(broker.running(stop_within=0))
        topic.create(4, 1)
        with closing(KafkaLogWriter(topic, deadline=60)) as writer:
            sent = [next(appends), next(appends)]
            writer.append(sent[0])
            running.close()
            late = Thread(target=writer.append, args=(sent[1],))
            late.start()
            running.enter_context(broker.running(stop_within=0))
            late.join()
        with closing(KafkaLog(topic)) as log:
            assert_in_order(read_all(log), sent)


def test_a_collector_answers_503_while_the_broker_is_away_and_goes_on_when_it_is_back(
    broker: Broker,
) -> None:
    topic = Topic(broker.address, "collected")
    with ExitStack() as running:
        running.enter_context(broker.running(stop_within=0))
        topic.create(2, 1)
        with collecting(topic.url, broker.folder) as http:
            assert http.post("/b", content=b'{"number":1}').status_code == 204
            running.close()
            refused = http.post("/b", content=b'{"number":2}')
            assert refused.status_code == 503
            assert "the log cannot be written" in refused.text
            assert refused.headers["retry-after"] == "5"
            assert http.get("/health").status_code == 503
            running.enter_context(broker.running(stop_within=0))
            wait_for(lambda: http.get("/health").status_code == 200)
            assert http.post("/b", content=b'{"number":3}').status_code == 204
        with closing(KafkaLog(topic)) as log:
            lines = b"\n".join(read_all(log))
        assert b'{"number":1}' in lines
        assert b'{"number":3}' in lines


@contextmanager
def collecting(url: str, folder: Path) -> Iterator[httpx.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = CollectorConfig(
        host="127.0.0.1", port=port, log_directory=folder / "none", policies={}, log=url
    )
    process = _spawn.Process(target=run, args=(config,))
    process.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            wait_for(lambda: answers(http))
            yield http
        process.terminate()
        process.join(30)
        assert process.exitcode == 0
        assert not config.log_directory.exists()
    finally:
        process.kill()
        process.join()


def answers(http: httpx.Client) -> bool:
    try:
        return http.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(holds: object, seconds: float = 90) -> None:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


def test_records_that_were_deleted_are_an_error_that_says_what_is_left(topic: Topic) -> None:
    appends = visits()
    with closing(KafkaLogWriter(topic)) as writer, closing(KafkaLog(topic)) as log:
        first, second = next(appends), next(appends)
        writer.append(first)
        partition = log.partitions["0"]
        position = partition.records(0, 1)[0].position
        end = partition.read(0, 1000).position
        client = AdminClient(topic.client)
        client.delete_records([TopicPartition(topic.name, 0, end)])
        wait_for(lambda: kept_from(topic) == end)
        with pytest.raises(
            LogUnavailable, match=rf"positions {end} to {end}, so {position} is gone"
        ):
            partition.read(position, 10)
        writer.append(second)
        left = partition.read(end, 1000).lines
        assert left
        assert set(left) <= set(second)
        assert partition.read(0, 1000).lines == left, "who begins gets what is left"


def kept_from(topic: Topic) -> int:
    with closing(Consumer({**topic.client, "group.id": "test"})) as consumer:
        first, _ = consumer.get_watermark_offsets(TopicPartition(topic.name, 0), timeout=10)
    return int(first)


def test_a_position_beyond_the_end_is_of_another_topic(topic: Topic) -> None:
    with closing(KafkaLog(topic)) as log, pytest.raises(LogUnavailable, match="so 7 is gone"):
        log.partitions["0"].read(7, 1)


def test_a_reader_waits_while_the_brokers_choose_a_leader(topic: Topic) -> None:
    class Choosing:
        def __init__(self, consumer: Consumer) -> None:
            self.consumer, self.asked = consumer, 0

        def __getattr__(self, name: str) -> object:
            return getattr(self.consumer, name)

        def get_watermark_offsets(self, *args: object, **options: object) -> object:
            self.asked += 1
            if self.asked < 3:
                raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
            return self.consumer.get_watermark_offsets(*args, **options)

    with closing(KafkaLogWriter(topic)) as writer, closing(topic.log()) as log:
        writer.append([b"{}"])
        partition = log.partitions["0"]
        partition.__dict__["_consumer"] = Choosing(partition._consumer)
        assert partition.read(0, 1).lines == [b"{}"]


def test_brokers_that_cannot_be_reached_are_a_clear_error(broker: Broker) -> None:
    with pytest.raises(LogUnavailable, match="Check that its brokers run and can be reached"):
        KafkaLogWriter(Topic(broker.address, "nowhere"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("kafka://host:9092", "is not the URL of a log"),
        ("kafka://host:9092/a/b", "is not the URL of a log"),
        ("kafka://[::1/topic", "is no URL"),
        ("kafka:///topic", "is not the URL of a log"),
        ("redis://host/topic", "is not the URL of a log"),
        ("kinesis://eu-central-1/", "is not the URL of a log"),
        ("kinesis://eu-central-1/stream?region=x", "only endpoint may be given"),
        ("kafka://host:9092/topic?ssl.key.password=x", "no password: it would be shown"),
        ("kafka://host:9092/topic?acks=1", "'acks' is none that can stand here"),
    ],
)
def test_a_url_that_names_no_log_is_refused(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        place_of(url)


def test_a_url_may_name_several_brokers_and_how_they_are_reached_by_tls() -> None:
    topic = place_of("kafka://a:9092,b:9092/beacons?security.protocol=ssl&ssl.ca.location=/ca.pem")
    assert isinstance(topic, Topic)
    assert topic.client["bootstrap.servers"] == "a:9092,b:9092"
    assert topic.client["security.protocol"] == "ssl"
    assert topic.client["ssl.ca.location"] == "/ca.pem"
