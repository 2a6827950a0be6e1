"""The indices in the cluster: made when they are needed, planned as sites grow, deleted when they are old.

What always holds: an index is made with the alias of its site and with fields for the timers that it gets; one
of an older bellrock gets the fields that are new. What is known of the cluster is looked up again every five
minutes.
"""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from opensearchpy import ConflictError, OpenSearch, RequestError

from bellrock.schema.timers import VITAL_NAMES
from bellrock.store.search.client import Patience, persist, scroll
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
    Form,
    index_template,
    is_current,
    mapping,
    schedules_index,
)

_KNOWN_FOR = 300.0  # seconds
_NAMES = 20  # in one request, whose first line has 4 KiB at most
_LOOK_BACK_DAYS = 7
_DAY = 1440


class Indices:
    """All indices of a prefix; for any thread."""

    def __init__(self, client: OpenSearch, prefix: str, patience: Patience) -> None:
        """Nothing is asked yet."""
        self._client, self.prefix, self._patience = client, prefix, patience
        self._lock = threading.Lock()
        self._schedules: dict[str, Schedule] = {}
        self._looked_at: float | None = None
        self._ready: dict[str, set[str]] = {}
        self._template_is_there = False

    def of(self, documents: Iterable[tuple[str, int]]) -> list[IndexName]:
        """The index of each of some sites and minutes."""
        with self._lock:
            self._look_for_schedules()
            return [
                index_of(self._schedules.get(site, BEGINNING), site, minute)
                for site, minute in documents
            ]

    def ensure(self, wanted: Mapping[IndexName, Collection[str]]) -> None:
        """Make indices, and fields for their timers, where they are missing."""
        by_text = {index.text(self.prefix): index for index in wanted}
        with self._lock:
            self._look_for([text for text in by_text if text not in self._ready])
            for text, index in by_text.items():
                missing = set(wanted[index]).difference(self._ready.get(text, ()))
                if text not in self._ready:
                    self._create(index, missing)
                elif missing:
                    self._add(text, self._ready[text] | missing)

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

    def _look_for(self, texts: Sequence[str]) -> None:
        """Know of indices that are there, and as they must be, what timers they have."""
        for first in range(0, len(texts), _NAMES):
            found = self._ask(
                self._client.indices.get_mapping,
                index=",".join(texts[first : first + _NAMES]),
                params={"ignore_unavailable": "true", "filter_path": "*.mappings._meta"},
            )
            for text, said in found.items():
                form = msgspec.convert(said["mappings"]["_meta"], Form)
                if is_current(form):
                    self._ready[text] = set(form.timers)

    def _create(self, index: IndexName, timers: Collection[str]) -> None:
        if not self._template_is_there:
            template = index_template(self.prefix)
            self._ask(self._client.indices.put_index_template, name=self.prefix, body=template)
            self._template_is_there = True
        alias: dict[str, Any] = {"aliases": {alias_of(self.prefix, index.site): {}}}
        text = index.text(self.prefix)
        if self._create_unless_there(text, alias):
            self._ready[text] = set(VITAL_NAMES)
            if not self._ready[text].issuperset(timers):
                self._add(text, timers)
            return
        # It is of another form. Where this is refused, so are documents, which says more.
        with suppress(RequestError):
            self._add(text, timers)
        self._ready[text] = {*VITAL_NAMES, *timers}

    def _add(self, text: str, timers: Collection[str]) -> None:
        self._ask(self._client.indices.put_mapping, index=text, body=mapping(timers))
        self._ready[text] = {*VITAL_NAMES, *timers}

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

    def _look_for_schedules(self) -> None:
        """Know all schedules: few sites have grown."""
        now = time.monotonic()
        if self._looked_at is None or now > self._looked_at + _KNOWN_FOR:
            found = scroll(self._client, self._schedules_index, {"match_all": {}}, self._patience)
            self._schedules = {body["site"]: _changes(body) for body in found}
            self._looked_at = now

    def _stored(self, site: str) -> tuple[Schedule, dict[str, Any]]:
        """The schedule in the cluster, and the parameters of a write that must not pass another's."""
        found = self._ask(self._client.get, index=self._schedules_index, id=site, ignore=404)
        if not found.get("found"):
            return BEGINNING, {"op_type": "create", "refresh": "true"}
        changes = _changes(found["_source"])
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


def _changes(body: Mapping[str, Any]) -> Schedule:
    return msgspec.convert(body["changes"], tuple[Change, ...])
