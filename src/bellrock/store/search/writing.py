"""Documents into the cluster: many at once, each with its version.

Enters: encoded documents. Leaves: nothing but stored documents. What always holds: of two writes of a document
the one with the greater version stays, whatever order they come in. What the cluster refuses for now is sent
again; what was stored already is stored again, and is the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from opensearchpy import OpenSearch, TransportError

from bellrock.bounded import bounded
from bellrock.errors import ConfigurationError, StoreUnavailable
from bellrock.store.search.client import BUSY, Patience, Waits, explained
from bellrock.store.search.documents import Document
from bellrock.store.search.indices import Indices
from bellrock.store.search.periods import IndexName

REQUEST_BYTES = 4 << 20
"""Of one bulk request, unless a single document is greater."""

_ANSWERED = {"filter_path": "errors,items.*.status,items.*.error"}
"""What is read of an answer: the whole says of each document where its copies are."""

_OLDER = 409
_NO_INDEX = 404


class _Item(NamedTuple):
    """A document as two lines of a bulk request."""

    target: str
    lines: bytes


class Writer:
    """Writes; for any thread."""

    def __init__(self, client: OpenSearch, indices: Indices, patience: Patience) -> None:
        """Nothing is written yet."""
        self._client, self._indices, self._patience = client, indices, patience

    def write(self, documents: Iterable[Document], version: int) -> None:
        """Write all of them; raises StoreUnavailable where that is not possible in time."""
        items = list(documents)
        waits = Waits(self._patience)
        while items:
            prepared = self._prepared(items, version)
            left: set[int] = set()
            failure = None
            for batch in bounded([len(item.lines) for item in prepared], REQUEST_BYTES):
                undone, failed = self._send(prepared[batch])
                left.update(batch.start + n for n in undone)
                failure = failed or failure
            items = [items[n] for n in sorted(left)]
            if failure:
                waits.after(failure)

    def _prepared(self, documents: Sequence[Document], version: int) -> list[_Item]:
        """Lines of documents whose indices are there."""
        timers: dict[IndexName, set[str]] = {}
        places = self._indices.of((document.site, document.minute) for document in documents)
        for place, document in zip(places, documents, strict=True):
            timers.setdefault(place, set()).update(document.timers)
        self._indices.ensure(timers)
        texts = {place: place.text(self._indices.prefix) for place in timers}
        return [
            _item(texts[place], document, version)
            for place, document in zip(places, documents, strict=True)
        ]

    def _send(self, items: Sequence[_Item]) -> tuple[list[int], StoreUnavailable | None]:
        """Send one request: which items are still to be written, and why."""
        body = b"".join(item.lines for item in items)
        try:
            answer = self._client.bulk(body=body, params=_ANSWERED)
        except TransportError as error:
            return list(range(len(items))), explained(error)
        undone, failure = [], None
        if answer["errors"]:
            for n, outcome in enumerate(answer["items"]):
                [result] = outcome.values()
                if failed := self._failure(items[n], result):
                    undone.append(n)
                    failure = failed
        return undone, failure

    def _failure(self, item: _Item, result: dict[str, Any]) -> StoreUnavailable | None:
        """Why an item is not written, though it may be later; raises where it never will be."""
        status = result["status"]
        if status < 300 or status == _OLDER:
            return None
        reason = result["error"]
        told = f"{reason['type']}: {reason.get('reason', '')}".rstrip(".")
        if status == _NO_INDEX:
            self._indices.forget(item.target)
        elif status not in BUSY and reason["type"] != "cluster_block_exception":
            self._indices.forget(item.target)  # it may be another than the one that was made
            mend = "The index has another mapping than docs/spec/search.md says: fold again into new ones."
            raise ConfigurationError(item.target, f"refuses a document ({told})", mend)
        return StoreUnavailable(f"{item.target}: {told}. Look at the cluster's health.")


def _item(index: str, document: Document, version: int) -> _Item:
    action = {"_index": index, "_id": document.id, "version": version}
    head = msgspec.json.encode({"index": {**action, "version_type": "external_gte"}})
    # The version again, as a field: by the one beside the document nobody can look for it.
    said = b'{"version":%d,' % version if document.body != b"{}" else b"{"
    return _Item(index, b"%b\n%b%b\n" % (head, said, document.body[1:]))
