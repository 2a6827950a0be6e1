"""One Kafka broker that is its own controller (KRaft), with transactions."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from servers.process import ServerFailed, free_ports, java, running

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{broker},SASL_PLAINTEXT://127.0.0.1:{guarded},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker},SASL_PLAINTEXT://127.0.0.1:{guarded}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=2097152
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
# Recorded lines have times of long ago, or of the future.
log.retention.ms=-1
log.message.timestamp.after.max.ms=9223372036854775807
"""
USER, PASSWORD = "bellrock", 'neither "plain" nor simple'
_CLUSTER = "bellrockbellrockbellrQ"  # 16 bytes in base64
_HEAP = ("-Xms128m", "-Xmx384m")


class Broker(NamedTuple):
    """A broker that was never started; `address` is where clients bootstrap.

    At `guarded` it takes those that sign in alone: `USER` with `PASSWORD`, by PLAIN or SCRAM-SHA-512.
    """

    folder: Path
    address: str
    guarded: str

    def running(self, stop_within: float = 10.0) -> AbstractContextManager[None]:
        """While it runs, again and again on what it has; it is killed where it may take 0 seconds to stop."""
        command = [*java("kafka", "kafka.Kafka", *_HEAP), str(self.folder / "server.properties")]
        return running(command, self.folder, ready="Kafka Server started", stop_within=stop_within)


@contextmanager
def kafka(folder: Path) -> Iterator[str]:
    """Start it; yields where clients bootstrap. Topics are made by whoever needs them."""
    broker = new_broker(folder)
    with broker.running():
        yield broker.address


def new_broker(folder: Path) -> Broker:
    """Prepare a folder for a broker."""
    broker, guarded, controller = free_ports(3)
    properties = folder / "server.properties"
    properties.write_text(
        _PROPERTIES.format(
            broker=broker,
            guarded=guarded,
            controller=controller,
            folder=folder,
            user=USER,
            password=PASSWORD.replace('"', r'\\"'),  # a quote of JAAS, in a property
        )
    )
    scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    tool = java("kafka", "kafka.tools.StorageTool", *_HEAP)
    formatted = subprocess.run(
        [*tool, "format", "-t", _CLUSTER, "-c", str(properties), "--add-scram", scram],
        capture_output=True,
        text=True,
        check=False,
    )
    if formatted.returncode:
        raise ServerFailed(f"Kafka's folder cannot be made:\n{formatted.stdout}{formatted.stderr}")
    return Broker(folder, f"127.0.0.1:{broker}", f"127.0.0.1:{guarded}")
