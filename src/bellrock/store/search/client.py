"""The client of a cluster, and its errors as errors that say what to do.

Enters: the URL of a setting. Leaves: a client that any number of threads may use. What always holds: a request
that the cluster could not take now is sent again, ever more slowly, until its time is over: then it is
`StoreUnavailable`. Every request may be sent twice.
"""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from opensearchpy import OpenSearch, TransportError
from opensearchpy import exceptions as errors

from bellrock.errors import ConfigurationError, StoreUnavailable
from bellrock.secrets import Login, parse_endpoint
from bellrock.store.search.connection import Connection

SCHEMES = {"opensearch": False, "opensearchs": True, "elasticsearch": False, "elasticsearchs": True}
"""Of the URLs, and whether they mean TLS."""

BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may pass."""

WHOLE = {"allow_partial_search_results": "false", "ignore_unavailable": "true"}
"""Parameters of a search: an answer without some of the shards would be a wrong one."""

Json = dict[str, Any]

_PLACE = "the setting store"
_FORM = "Write it like opensearch://HOST:PORT, or opensearchs://USER:PASSWORD@HOST:PORT for TLS."
_CONNECTIONS = 16

Answer = TypeVar("Answer")


class Cluster(NamedTuple):
    """Where a cluster is; `prefix` begins the names of all its indices that are ours."""

    host: str
    port: int
    tls: bool
    prefix: str
    login: Login | None


class Patience(NamedTuple):
    """How long a call tries, and how long it pauses between two tries, in seconds."""

    deadline: float = 60.0
    first_pause: float = 0.1
    longest_pause: float = 5.0


def parse_cluster(url: str, place: str = _PLACE) -> Cluster:
    """SCHEME://[USER:PASSWORD@]HOST[:PORT][/PREFIX][?tls=1]; raises ConfigurationError."""
    endpoint = parse_endpoint(url, place)
    try:
        parts = urlsplit(endpoint.url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(place, f"is no URL ({error})", _FORM) from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ConfigurationError(place, f"{endpoint.url!r} is no URL of a search store", _FORM)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options.keys() - {"tls"} or options.get("tls", "1") not in {"0", "1"}:
        raise ConfigurationError(place, f"{parts.query!r} is not tls=1", _FORM)
    tls = SCHEMES[parts.scheme] or options.get("tls") == "1"
    prefix = parts.path.strip("/") or "bellrock"
    if not prefix.isascii() or not prefix.replace("-", "").isalnum() or prefix != prefix.lower():
        raise ConfigurationError(
            place, f"{prefix!r} is no prefix of indices", "Use a-z, 0-9 and -."
        )
    return Cluster(parts.hostname, port or 9200, tls, prefix, endpoint.login)


def connect(cluster: Cluster, *, request_seconds: float = 30.0) -> OpenSearch:
    """A client; each request has `request_seconds`. Nothing is asked of the cluster yet."""
    return OpenSearch(
        hosts=[{"host": cluster.host, "port": cluster.port}],
        use_ssl=cluster.tls,
        connection_class=Connection,
        login=cluster.login,
        timeout=request_seconds,
        max_retries=0,  # `persist` knows better when
        pool_maxsize=_CONNECTIONS,
    )


def persist(request: Callable[[], Answer], patience: Patience) -> Answer:
    """The answer of a request that may be sent any number of times."""
    waits = Waits(patience)
    while True:
        try:
            return request()
        except TransportError as error:
            waits.after(explained(error))


def scroll(client: OpenSearch, index: str, query: Json, patience: Patience) -> list[Json]:
    """Every document that a query finds; from the beginning where a page fails, so none comes twice."""
    return persist(partial(_scroll, client, index, query), patience)


def _scroll(client: OpenSearch, index: str, query: Json) -> list[Json]:
    body = {"size": 1000, "query": query, "sort": ["_doc"]}
    found: list[Json] = []
    page = client.search(index=index, body=body, params=WHOLE | {"scroll": "1m"})
    while hits := page["hits"]["hits"]:
        found += (hit["_source"] for hit in hits)
        page = client.scroll(body={"scroll": "1m", "scroll_id": page["_scroll_id"]})
    if name := page.get("_scroll_id"):  # none where there is no index
        with suppress(TransportError):  # it ends by itself in a minute
            client.clear_scroll(body={"scroll_id": [name]})
    return found


def explained(error: TransportError) -> StoreUnavailable:
    """The error where trying again may help; any other is raised, with what to do where that is known."""
    reason = f"{error.status_code}: {error.error}"
    if isinstance(error, errors.AuthenticationException):
        mend = "Give the store's URL a user and a password that hold."
        raise ConfigurationError("the search store", "knows no such user", mend) from error
    blocked = "cluster_block_exception" in str(error.error)
    if isinstance(error, errors.AuthorizationException) and not blocked:
        mend = "Give it the rights that docs/spec/search.md lists."
        raise ConfigurationError("the search store", "the user may not do this", mend) from error
    if isinstance(error, errors.ConnectionError):  # timeouts among them
        reason = str(error.info)
    elif error.status_code not in BUSY and not blocked:
        raise error
    return StoreUnavailable(f"the search store: {reason}. Look at the cluster's health.")


class Waits:
    """Pauses that grow, with jitter, until a deadline."""

    def __init__(self, patience: Patience) -> None:
        """The time runs from now."""
        self._end = time.monotonic() + patience.deadline
        self._pause, self._longest = patience.first_pause, patience.longest_pause

    def after(self, failure: StoreUnavailable) -> None:
        """Wait before the next try; raises the failure where there is no time for one."""
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311  # jitter is no secret
        if time.monotonic() + pause >= self._end:
            raise failure
        time.sleep(pause)
        self._pause = min(self._pause * 2, self._longest)
