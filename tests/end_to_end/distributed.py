"""A job on Flink between a topic of Kafka, tables of DynamoDB and indices of OpenSearch, all of its own.

Enters: where the servers are. Leaves: what the search store holds, as canonical text. The job itself may
reach the servers by other addresses than the comparison does.
"""

from pathlib import Path

from bellrock.canonical import canonical_text
from bellrock.dynamodb.client import connect
from bellrock.log.kafka import Topic
from bellrock.operators.summaries import Deltas
from bellrock.runners.flink.cluster import Cluster
from bellrock.runners.flink.package import write_code
from bellrock.runners.flink.rest import Flink
from bellrock.runners.flink.submit import submit
from bellrock.schema.document import RELATIONS
from bellrock.sites import Sites
from bellrock.store.search import open_search_store
from end_to_end.installation import SITES
from servers.dynamodb import make_tables

PARTITIONS = 4
APART_MINUTES = 40  # the judge lets no lane run so far ahead of another


class Distributed:
    """A job in a folder; `told` are further settings of it."""

    def __init__(
        self,
        folder: Path,
        topic: Topic,
        *,
        dynamodb: str,
        opensearch: str,
        told: str = "",
        through: tuple[str, str] | None = None,
    ) -> None:
        """Make the tables. `through` are the addresses of both servers by which the job reaches them."""
        self.name, self.checkpoints = topic.name, f"file://{folder}/checkpoints"
        self._folder, self._savepoints = folder, f"file://{folder}/savepoints"
        client = connect(endpoint=dynamodb)
        make_tables(client, topic.name)
        client.close()
        self.store = open_search_store(self._store_url(opensearch))
        (folder / "sites.toml").write_text(SITES)
        tables, indices = through or (dynamodb, opensearch)
        self._settings = f"""\
log = "{topic.url}"
sites = "{folder}/sites.toml"
store = "{self._store_url(indices)}"
claims = "{topic.name}-claims"
marks = "{topic.name}-marks"
progress = "{topic.name}-progress"
checkpoints = "{self.checkpoints}"
job = "{topic.name}"
dynamodb = "{tables}"
{told}
"""
        self._code = folder / "bellrock.zip"
        write_code(self._code)

    def submit(self, cluster: Cluster, workers: int, restore: str | None = None) -> str:
        """Begin, or go on from a savepoint or checkpoint; the job's id."""
        settings = self._folder / f"job-{workers}.toml"
        settings.write_text(f"parallelism = {workers}\n{self._settings}")
        job = ["-pym", "bellrock.runners.flink.job", str(settings)]
        submit(cluster.home, cluster.url, self._code, job, restore=restore)
        return Flink(cluster.url).running(self.name)

    def stop(self, cluster: Cluster) -> str:
        """Stop with a savepoint; where that is."""
        flink = Flink(cluster.url)
        return flink.stop(flink.running(self.name), self._savepoints)

    def documents(self, sites: Sites) -> bytes:
        """What is in the store now."""
        self.store.refresh()
        whole = {name: self.store.whole(name) for name in RELATIONS}
        return canonical_text(Deltas(**whole), sites)

    def close(self) -> None:
        self.store.close()

    def _store_url(self, url: str) -> str:
        return f"{url.replace('http://', 'opensearch://')}/{self.name}"


def differing(found: bytes, expected: bytes) -> list[bytes]:
    """The documents of one text that the other has not, or has otherwise."""
    return sorted(set(found.splitlines()) ^ set(expected.splitlines()))
