"""DynamoDB Local, in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.process import HERE, JARS, free_ports, java, running


@contextmanager
def dynamodb(folder: Path) -> Iterator[str]:
    """Start it; yields its URL. Every pair of access key id and region has tables of its own."""
    (port,) = free_ports(1)
    native = f"-Djava.library.path={JARS / 'dynamodb'}"
    command = java("dynamodb", str(HERE / "DynamoNode.java"), "-Xmx256m", native)
    with running([*command, str(port)], folder, ready="READY"):
        yield f"http://127.0.0.1:{port}"
