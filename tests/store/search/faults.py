"""Faults on the way to a cluster, put in where the client sends: the requests that are not meant are real."""

import json
from collections.abc import Callable
from typing import Any

from opensearchpy import ConnectionError as Unreachable
from opensearchpy import ConnectionTimeout, OpenSearch, TransportError

from bellrock.store.search import SearchStore

Bulk = Callable[[bytes], Any]
"""Sends a bulk request."""

Fault = Callable[[Bulk, bytes], Any]


def refused(status: int) -> Fault:
    """An error of the cluster's; the request does not arrive."""

    def fault(send: Bulk, body: bytes) -> Any:
        raise TransportError(status, "rejected_execution_exception", {})

    return fault


def unreachable(send: Bulk, body: bytes) -> Any:
    """Nobody is there."""
    raise Unreachable("N/A", "connection refused", OSError())


def lost(send: Bulk, body: bytes) -> Any:
    """The request arrives and is carried out, and the answer never comes."""
    assert not send(body)["errors"]
    raise ConnectionTimeout("TIMEOUT", "read timed out", OSError())


def half_refused(status: int) -> Fault:
    """Every other document is written; the others are answered with an error."""

    def fault(send: Bulk, body: bytes) -> Any:
        lines = body.splitlines(keepends=True)
        pairs = [b"".join(lines[n : n + 2]) for n in range(0, len(lines), 2)]
        done = iter(send(b"".join(pairs[::2]))["items"])
        error = {"type": "rejected_execution_exception", "reason": "too busy"}
        refusal = {"index": {"status": status, "error": error}}
        return {
            "errors": True,
            "items": [refusal if n % 2 else next(done) for n in range(len(pairs))],
        }

    return fault


def meet(client: OpenSearch, *faults: Fault) -> list[list[str]]:
    """Let the first bulk requests meet a fault each; returns the ids in all of them, as they come."""
    left, said = list(faults), list[list[str]]()
    real: Any = client.bulk

    def bulk(*, body: bytes, **options: Any) -> Any:
        def send(body: bytes) -> Any:
            return real(body=body, **options)

        said.append([json.loads(line)["index"]["_id"] for line in body.splitlines()[::2]])
        return left.pop(0)(send, body) if left else send(body)

    met: Any = client
    met.bulk = bulk
    return said


def requests_of(store: SearchStore) -> list[tuple[str, str]]:
    """The requests that a store sends from now on: method and path."""
    transport, found = store._client.transport, list[tuple[str, str]]()
    real: Any = transport.perform_request

    def perform(method: str, url: str, **options: Any) -> Any:
        found.append((method, url))
        return real(method, url, **options)

    transport.perform_request = perform
    return found
