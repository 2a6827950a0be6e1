"""The search store: what the runner on Flink writes, and what the dashboard reads (`StoreReader`)."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import polars as pl
from opensearchpy import OpenSearch

from bellrock.operators.summaries import Deltas
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import Selection
from bellrock.store.question import Question
from bellrock.store.search.client import Patience, connect, parse_cluster, persist
from bellrock.store.search.documents import KIND_OF, KINDS, decode, encode
from bellrock.store.search.indices import Indices
from bellrock.store.search.periods import alias_of
from bellrock.store.search.reading import Activity, Reader, empty
from bellrock.store.search.writing import Writer

READING = Patience(deadline=15.0)
"""Of those who look at the dashboard."""

_REFRESHED_FOR = 30.0  # seconds


def open_search_store(url: str) -> "SearchStore":
    """The store at a URL (`client.parse_cluster`); raises ConfigurationError. Nothing is asked of it yet."""
    cluster = parse_cluster(url)
    return SearchStore(connect(cluster), cluster.prefix)


class SearchStore:
    """Writer and reader of the indices of a prefix, in OpenSearch or Elasticsearch.

    Every method may be called from any thread, and raises StoreUnavailable where the cluster does not answer
    in time. What was written is read after a second.
    """

    def __init__(
        self,
        client: OpenSearch,
        prefix: str = "bellrock",
        *,
        patience: Patience = Patience(),  # noqa: B008  # frozen
        reading: Patience = READING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`patience` is that of writing; `clock` says how many seconds have passed since 1970."""
        self._client, self._prefix, self._patience = client, prefix, patience
        self._refreshed: float | None = None
        self.indices = Indices(client, prefix, patience)
        self._writer = Writer(client, self.indices, patience)
        self._reader = Reader(client, prefix, reading, clock)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def alias(self, site: str) -> str:
        """The alias of a site's indices, for people."""
        return alias_of(self._prefix, site)

    # --- writing ---

    def write(self, documents: Mapping[str, Deltas], version: int) -> None:
        """Write whole documents by level (minute, hour, day): in one request, where one can hold them.

        A row is the whole of its key, and the rows of a document's timers are all that it has. One that is
        stored with a greater version stays. Write a minute's hour and day within five minutes: so long after an
        hour its minutes are read. Raises StoreUnavailable where not all could be written in time: write them
        again.
        """
        found = chain.from_iterable(encode(changed, level) for level, changed in documents.items())
        self._writer.write(found, version)

    def written(self, after: int, before: int) -> Deltas:
        """The documents of minutes that are stored with a version between two, of all sites.

        Those that were written before the first call are all there, of later ones those that are half a minute
        old: to refresh every index is dear.
        """
        if self._refreshed is None or time.monotonic() > self._refreshed + _REFRESHED_FOR:
            self.refresh()
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        for body in self._reader.written(after, before):
            found[body["kind"]].append(body)
        return Deltas(**{name: decode(name, found[KIND_OF[name]]) for name in RELATIONS})

    def refresh(self) -> None:
        """Let what was written be read at once."""
        began = time.monotonic()
        refresh = partial(self._client.indices.refresh, index=f"{self._prefix}.*@*")
        persist(refresh, self._patience)
        self._refreshed = began

    # --- reading ---

    def measures(self, selection: Selection, by: Sequence[str]) -> pl.DataFrame:
        """See `StoreReader.measures`."""
        return self._sums(Question("minutes", selection, tuple(by)))

    def timers(
        self, selection: Selection, by: Sequence[str], timers: Sequence[str]
    ) -> pl.DataFrame:
        """See `StoreReader.timers`."""
        question = Question("timers", selection, tuple(by))
        key = [*by, "timer"]
        if not timers:
            return empty("timers", [*key, "cell"])
        fields = [f"timers.{timer}.sum" for timer in timers]
        sums = self._reader.sums(question, fields)
        found = []
        for timer, field in zip(timers, fields, strict=True):
            own = sums.select(*by, pl.lit(timer).alias("timer"), pl.col(field).alias("sum"))
            cells = self._reader.cells(question, timer).with_columns(pl.lit(timer).alias("timer"))
            found.append(cells.sort(*by, "cell").join(own, on=key, how="left"))
        first = pl.int_range(pl.len()).over(key) == 0
        total = pl.when(first).then(pl.col("sum").fill_null(0)).otherwise(0)
        return pl.concat(found).select(*key, "cell", "count", total.alias("sum"))

    def clusters(
        self, selection: Selection, by: Sequence[str], populations: Sequence[str]
    ) -> pl.DataFrame:
        """See `StoreReader.clusters`."""
        among = (("population", tuple(populations)),)
        return self._sums(Question("clusters", selection, (*by, "population"), among))

    def cluster_timers(
        self,
        selection: Selection,
        by: Sequence[str],
        populations: Sequence[str],
        timers: Sequence[str],
    ) -> pl.DataFrame:
        """See `StoreReader.cluster_timers`."""
        among = (("population", tuple(populations)),)
        question = Question("cluster_timers", selection, (*by, "population"), among)
        additive = RELATIONS["cluster_timers"].additive
        key = [*question.by, "timer"]
        found = [empty("cluster_timers", key)]
        for timer in timers:
            sums = self._reader.sums(question, [f"timers.{timer}.{name}" for name in additive])
            sums.columns = [*question.by, *additive]
            found.append(sums.select(*question.by, pl.lit(timer).alias("timer"), *additive))
        return pl.concat(found)

    def issues(self, selection: Selection) -> pl.DataFrame:
        """See `StoreReader.issues`."""
        return self._sums(Question("issues", selection, ("minute", "issue")))

    def delivery(self, selection: Selection) -> pl.DataFrame:
        """See `StoreReader.delivery`."""
        return self._sums(Question("delivery", selection, ("browser", "transport")))

    def newest(self, site: str) -> int | None:
        """See `StoreReader.newest`."""
        return self._reader.newest(site)

    def activity(self, since: int, sites: Sequence[str] | None = None) -> Activity:
        """What can be seen, of some sites or all, of documents from the minute `since` on."""
        return self._reader.activity(since, sites)

    def whole(self, relation: str) -> pl.DataFrame:
        """Every row of minutes: what a canonical text is made of."""
        return decode(relation, self._reader.documents(relation))

    def _sums(self, question: Question) -> pl.DataFrame:
        return self._reader.sums(question, RELATIONS[question.relation].additive)
