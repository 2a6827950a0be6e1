"""The indices in the cluster: made when they are needed, planned as sites grow, deleted when they are old.

What always holds: an index is made with the alias of its site and with fields for the timers that it gets; one
of an older bellrock gets the fields that are new. What is known of the cluster is looked up again every five
minutes.
"""

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from opensearchpy import ConflictError, OpenSearch, RequestError

from bellrock.store.search.client import Patience, persist
from bellrock.store.search.periods import (
    BEGINNING,
    Change,
    IndexName,
    Schedule,
    alias_of,
    expired,
    grown,
    index_of,
    indices_of,
    parse_index,
)
from bellrock.store.search.templates import (
    index_template,
    mapping,
    schedules_index,
    timer_mapping,
)

_KNOWN_FOR = 300.0  # seconds
_LOOK_BACK_DAYS = 7
_DAY = 1440


class Indices:
    """All indices of a prefix; for any thread."""

    def __init__(self, client: OpenSearch, prefix: str, patience: Patience) -> None:
        """Nothing is asked yet."""
        self._client, self.prefix, self._patience = client, prefix, patience
        self._lock = threading.Lock()
        self._schedules: dict[str, tuple[float, Schedule]] = {}
        self._ready: dict[str, set[str]] = {}

    def of(self, site: str, minute: int) -> IndexName:
        """The index of a minute of a site."""
        return index_of(self._schedule(site), site, minute)

    def ensure(self, index: IndexName, timers: Iterable[str]) -> None:
        """Make an index, and fields for timers, where they are missing."""
        text = index.text(self.prefix)
        with self._lock:
            if text not in self._ready:
                self._create(index)
                self._ready[text] = set()
            if new := set(timers) - self._ready[text]:
                body = {"properties": timer_mapping(tuple(sorted(new)))}
                self._ask(self._client.indices.put_mapping, index=text, body=body)
                self._ready[text] |= new

    def forget(self, text: str) -> None:
        """Look again whether an index is there."""
        with self._lock:
            self._ready.pop(text, None)

    def of_site(self, site: str) -> list[IndexName]:
        """Those of a site that are there."""
        found = self._ask(
            self._client.indices.get_settings,
            index=indices_of(self.prefix, site),
            params={"allow_no_indices": "true"},
            name="index.creation_date",
        )
        return sorted(parse_index(self.prefix, text) for text in found)

    def expire(self, site: str, before: int) -> list[IndexName]:
        """Delete the indices of a site that have nothing of the minute `before` or later; those deleted."""
        old = expired(self.of_site(site), before)
        for index in old:
            text = index.text(self.prefix)
            self._ask(
                self._client.indices.delete, index=text, params={"ignore_unavailable": "true"}
            )
            self.forget(text)
        return old

    def plan(self, site: str, now: int) -> Schedule:
        """Let the site's size decide on its periods from a later day on; `now` is a minute."""
        newest, daily = self._size(site, now)
        schedule, fence = self._stored(site)
        planned = grown(schedule, daily, max(now, newest))
        if planned != schedule:
            self._create_unless_there(self._schedules_index, schedules_index())
            body = {"site": site, "changes": msgspec.to_builtins(planned)}
            try:
                self._ask(
                    self._client.index,
                    index=self._schedules_index,
                    id=site,
                    body=body,
                    params=fence,
                )
            except ConflictError:  # somebody else has planned at the same time
                planned, _ = self._stored(site)
        return planned

    def _create(self, index: IndexName) -> None:
        template = index_template(self.prefix)
        self._ask(self._client.indices.put_index_template, name=self.prefix, body=template)
        alias: dict[str, Any] = {"aliases": {alias_of(self.prefix, index.site): {}}}
        text = index.text(self.prefix)
        if self._create_unless_there(text, alias):
            return
        # Where this is refused, so are documents, which says more.
        with suppress(RequestError):
            self._ask(self._client.indices.put_mapping, index=text, body=mapping())

    def _create_unless_there(self, text: str, body: dict[str, Any]) -> bool:
        """Whether it is made by this."""
        try:
            self._ask(self._client.indices.create, index=text, body=body)
        except RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
            return False
        return True

    @property
    def _schedules_index(self) -> str:
        return f"{self.prefix}@schedules"

    def _schedule(self, site: str) -> Schedule:
        with self._lock:
            known = self._schedules.get(site)
            if known is None or time.monotonic() > known[0] + _KNOWN_FOR:
                known = self._schedules[site] = (time.monotonic(), self._stored(site)[0])
            return known[1]

    def _stored(self, site: str) -> tuple[Schedule, dict[str, Any]]:
        """The schedule in the cluster, and the parameters of a write that must not pass another's."""
        found = self._ask(self._client.get, index=self._schedules_index, id=site, ignore=404)
        if not found.get("found"):
            return BEGINNING, {"op_type": "create", "refresh": "true"}
        changes = msgspec.convert(found["_source"]["changes"], tuple[Change, ...])
        fence = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        return changes, {**fence, "refresh": "true"}

    def _size(self, site: str, now: int) -> tuple[int, float]:
        """The newest minute of a site, and how many documents it has a day, lately."""
        span = {"range": {"minute": {"gte": now - _LOOK_BACK_DAYS * _DAY, "lt": now}}}
        body = {
            "size": 0,
            "aggs": {"newest": {"max": {"field": "minute"}}, "lately": {"filter": span}},
        }
        found = self._ask(self._client.search, index=indices_of(self.prefix, site), body=body)
        counted = found.get("aggregations", {})
        newest = counted.get("newest", {}).get("value") or 0
        return int(newest), counted.get("lately", {}).get("doc_count", 0) / _LOOK_BACK_DAYS

    def _ask(self, call: Any, **options: Any) -> Any:
        return persist(partial(call, **options), self._patience)
