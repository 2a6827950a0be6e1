"""A topic of Kafka as a source, by Flink's official connector, and how many partitions it has.

The brokers are asked by the client that is in the connector's jar: so one set of settings holds for both.
"""

from collections.abc import Mapping

from py4j.protocol import Py4JError  # type: ignore[import-not-found]  # comes with Flink alone
from pyflink.common.serialization import ByteArraySchema
from pyflink.datastream.connectors import Source
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetResetStrategy,
    KafkaOffsetsInitializer,
    KafkaSource,
)
from pyflink.java_gateway import get_gateway

from bellrock.errors import ConfigurationError

_ASK_SECONDS = 30


def source(servers: str, topic: str, group: str, settings: Mapping[str, str]) -> Source:
    """The source of a topic, from the offsets of a state on, or from the beginning."""
    return (
        KafkaSource.builder()
        .set_bootstrap_servers(servers)
        .set_topics(topic)
        .set_group_id(group)
        .set_properties(dict(settings))
        .set_starting_offsets(
            KafkaOffsetsInitializer.committed_offsets(KafkaOffsetResetStrategy.EARLIEST)
        )
        .set_value_only_deserializer(ByteArraySchema())
        .build()
    )


def partitions(servers: str, topic: str, settings: Mapping[str, str]) -> int:
    """How many partitions a topic has; raises ConfigurationError where the brokers do not say."""
    machine = get_gateway().jvm
    told = machine.java.util.Properties()
    for name, value in {**settings, "bootstrap.servers": servers}.items():
        told.put(name, value)
    clients = machine.org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin
    try:
        asking = clients.AdminClient.create(told)
        try:
            found = asking.describeTopics(machine.java.util.Collections.singletonList(topic))
            seconds = machine.java.util.concurrent.TimeUnit.SECONDS
            topics = found.allTopicNames().get(_ASK_SECONDS, seconds)
            return int(topics.get(topic).partitions().size())
        finally:
            asking.close(machine.java.time.Duration.ZERO)
    except Py4JError as error:
        java = getattr(error, "java_exception", None)
        reason = error if java is None else java.toString()
        raise ConfigurationError(
            f"kafka://{servers}/{topic}",
            f"its partitions are not known ({reason})",
            "Check that the topic is there, and its brokers can be reached.",
        ) from error
