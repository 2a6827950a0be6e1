"""DynamoDB Local, in memory, and the tables of a job."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bellrock.claims.dynamodb import create_claims_table
from bellrock.marks.dynamodb import create_marks_table
from bellrock.runners.flink.horizon import create_progress_table
from servers.process import HERE, JARS, free_ports, java, running

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@contextmanager
def dynamodb(folder: Path) -> Iterator[str]:
    """Start it; yields its URL. Every pair of access key id and region has tables of its own."""
    (port,) = free_ports(1)
    native = f"-Djava.library.path={JARS / 'dynamodb'}"
    command = java("dynamodb", str(HERE / "DynamoNode.java"), "-Xmx256m", native)
    with running([*command, str(port)], folder, ready="READY"):
        yield f"http://127.0.0.1:{port}"


def make_tables(client: "DynamoDBClient", name: str) -> None:
    """The three tables of a job, of its name."""
    create_claims_table(client, f"{name}-claims")
    create_marks_table(client, f"{name}-marks")
    create_progress_table(client, f"{name}-progress")
