"""The log that a job reads: its source, its records gathered, and in which partition each shard lies.

What gathers is of Java, `flink/` in the repository; its jar ships with the package, and jobs bring it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

from pyflink.common import Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors import Source
from pyflink.java_gateway import get_gateway

from bellrock.errors import ConfigurationError
from bellrock.log.kinesis import Stream
from bellrock.log.open import parse_kafka
from bellrock.runners.flink import kafka, kinesis
from bellrock.runners.flink.lanes import stream_partitions, topic_partitions
from bellrock.runners.flink.package import GATHER
from bellrock.runners.flink.settings import JobSettings
from bellrock.runners.flink.signin import consumer_settings
from bellrock.secrets import redacted

_ENOUGH_BYTES = 64 << 20
"""That do not wait any longer: some 96,000 lines."""

_PART_BYTES = 256 << 10
"""Of a part: greater ones Java's heap would keep by themselves."""


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


@contextmanager
def gathering(environment: StreamExecutionEnvironment) -> Iterator[None]:
    """Give a job the jar that `gathered` needs, until the end of the block, in which it is submitted."""
    with as_file(files("bellrock").joinpath(GATHER)) as jar:
        environment.add_jars(jar.as_uri())
        yield


def gathered(records: DataStream, seconds: float) -> DataStream:
    """The records that come within some time, in parts that follow each other (`gather`)."""
    operator = get_gateway().jvm.bellrock.Gather(int(1000 * seconds), _ENOUGH_BYTES, _PART_BYTES)
    kind = Types.PRIMITIVE_ARRAY(Types.BYTE()).get_java_type_info()
    # Flink's Python has no call of its own for an operator of Java's.
    stream = records._j_data_stream.transform("gather", kind, operator)  # noqa: SLF001
    return DataStream(stream)


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
