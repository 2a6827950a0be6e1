"""The log that a job reads: its source, and in which of its partitions each shard lies."""

from pyflink.datastream.connectors import Source

from bellrock.errors import ConfigurationError
from bellrock.log.kinesis import Stream
from bellrock.runners.flink import kafka, kinesis
from bellrock.runners.flink.lanes import stream_partitions, topic_partitions
from bellrock.runners.flink.settings import JobSettings


def source(settings: JobSettings) -> Source:
    """The log as a source; raises ConfigurationError where it is none."""
    scheme, place, name = _parts(settings)
    if scheme == "kafka":
        return kafka.source(place, name, settings.job, settings.consumer)
    return kinesis.source(place, name, settings.kinesis)


def partition_by_shard(settings: JobSettings) -> list[int]:
    """The partition of each shard; the log is asked. Raises ConfigurationError, LogUnavailable."""
    scheme, place, name = _parts(settings)
    if scheme == "kafka":
        return topic_partitions(kafka.partitions(place, name, settings.consumer))
    region = place.partition("/")[0]
    return stream_partitions(Stream(region, name, settings.kinesis.get("aws.endpoint")))


def _parts(settings: JobSettings) -> tuple[str, str, str]:
    scheme, _, rest = settings.log.partition("://")
    place, _, name = rest.rpartition("/")
    if scheme not in {"kafka", "kinesis"} or not place or not name:
        raise ConfigurationError(
            "the setting log",
            f"{settings.log!r} is no log",
            "Write it like kafka://127.0.0.1:9092/log",
        )
    return scheme, place, name
