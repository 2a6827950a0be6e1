"""The log that a job reads: its source, and in which of its partitions each shard lies."""

from pyflink.datastream.connectors import Source

from bellrock.errors import ConfigurationError
from bellrock.log.kinesis import Stream
from bellrock.log.open import parse_kafka
from bellrock.runners.flink import kafka, kinesis
from bellrock.runners.flink.lanes import stream_partitions, topic_partitions
from bellrock.runners.flink.settings import JobSettings
from bellrock.runners.flink.signin import consumer_settings
from bellrock.secrets import redacted


def source(settings: JobSettings) -> Source:
    """The log as a source; raises ConfigurationError where it is none, or its password is not there."""
    if settings.log.startswith("kafka:"):
        log = parse_kafka(settings.log)
        told = consumer_settings(log, settings.consumer)
        return kafka.source(log.servers, log.name, settings.job, told)
    region, name = _stream(settings)
    return kinesis.source(region, name, settings.kinesis)


def partition_by_shard(settings: JobSettings) -> list[int]:
    """The partition of each shard; the log is asked. Raises ConfigurationError, LogUnavailable."""
    if settings.log.startswith("kafka:"):
        log = parse_kafka(settings.log)
        told = consumer_settings(log, settings.consumer)
        return topic_partitions(kafka.partitions(log.servers, log.name, told))
    place, name = _stream(settings)
    region = place.partition("/")[0]
    return stream_partitions(Stream(region, name, settings.kinesis.get("aws.endpoint")))


def _stream(settings: JobSettings) -> tuple[str, str]:
    scheme, _, rest = settings.log.partition("://")
    place, _, name = rest.rpartition("/")
    if scheme != "kinesis" or not place or not name:
        raise ConfigurationError(
            "the setting log",
            f"{redacted(settings.log)!r} is no log",
            "Write it like kafka://127.0.0.1:9092/log",
        )
    return place, name
