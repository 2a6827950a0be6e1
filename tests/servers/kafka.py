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
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
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
# Recorded lines have times of long ago, or of the future.
log.retention.ms=-1
log.message.timestamp.after.max.ms=9223372036854775807
"""
_CLUSTER = "bellrockbellrockbellrQ"  # 16 bytes in base64
_HEAP = ("-Xms128m", "-Xmx384m")


class Broker(NamedTuple):
    """A broker that was never started; `address` is where clients bootstrap."""

    folder: Path
    address: str

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
    broker, controller = free_ports(2)
    properties = folder / "server.properties"
    properties.write_text(_PROPERTIES.format(broker=broker, controller=controller, folder=folder))
    tool = java("kafka", "kafka.tools.StorageTool", *_HEAP)
    formatted = subprocess.run(
        [*tool, "format", "-t", _CLUSTER, "-c", str(properties)],
        capture_output=True,
        text=True,
        check=False,
    )
    if formatted.returncode:
        raise ServerFailed(f"Kafka's folder cannot be made:\n{formatted.stdout}{formatted.stderr}")
    return Broker(folder, f"127.0.0.1:{broker}")
