"""A stream of Kinesis as a source, by Flink's official connector, whose jar must be on the class path.

Python's Flink has no class for it, so the Java one is built and wrapped. A record's time is its arrival.
"""

from collections.abc import Mapping

from pyflink.common.serialization import ByteArraySchema
from pyflink.datastream.connectors import Source
from pyflink.java_gateway import get_gateway

from bellrock.errors import ConfigurationError

_CONNECTOR = "org.apache.flink.connector.kinesis.source.KinesisStreamsSource"


def source(place: str, stream: str, settings: Mapping[str, str]) -> Source:
    """The source of REGION/ACCOUNT and a stream; raises ConfigurationError where the jar is missing."""
    region, _, account = place.partition("/")
    machine = get_gateway().jvm
    configuration = machine.org.apache.flink.configuration.Configuration()
    for name, value in {
        "aws.region": region,
        "source.init.position": "TRIM_HORIZON",
        **settings,
    }.items():
        configuration.setString(name, value)
    connector = machine.org.apache.flink.connector.kinesis.source.KinesisStreamsSource
    if not callable(getattr(connector, "builder", None)):
        raise ConfigurationError(
            "the setting log", f"no jar has {_CONNECTOR}", "Add the connector: docs/guide/flink.md."
        )
    return Source(
        connector.builder()
        .setStreamArn(f"arn:aws:kinesis:{region}:{account}:stream/{stream}")
        .setDeserializationSchema(ByteArraySchema()._j_deserialization_schema)  # noqa: SLF001  # as pyflink does
        .setSourceConfig(configuration)
        .build()
    )
