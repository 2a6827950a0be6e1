"""One OpenSearch node, without users and rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.process import HERE, free_ports, java, running

OPTIMISED = ("-XX:TieredStopAtLevel=4", "-Xmx2g")
"""Options of a node that is measured: it compiles as servers do, and has room."""


@contextmanager
def opensearch(folder: Path, *options: str) -> Iterator[str]:
    """Start it, with further options of Java; yields its URL."""
    http, transport = free_ports(2)
    command = java("opensearch", str(HERE / "SearchNode.java"), "-Xms512m", "-Xmx512m", *options)
    arguments = [str(folder / "node"), str(http), str(transport)]
    with running([*command, *arguments], folder, ready="READY"):
        yield f"http://127.0.0.1:{http}"
