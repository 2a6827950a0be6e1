"""What the cluster is told of our indices: settings and the strict mapping, made of the schema."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.document import RELATIONS
from bellrock.schema.measures import CLUSTER_TIMER, GRID_NAMES
from bellrock.schema.timers import VITAL_NAMES
from bellrock.store.search.documents import KINDS

Json = dict[str, Any]

SETTINGS: Json = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "codec": "best_compression",
    "mapping.total_fields.limit": 2000,
}
"""Of every index of documents. One shard: periods bound what is in it.

No `refresh_interval`: where none is given, it is a second, and an index that nobody looks at is left alone.
"""

_KEYWORD: Json = {"type": "keyword"}
_NUMBER: Json = {"type": "long"}
# Sums read columns; nothing looks for a document by the value of a measure.
_SUMMED: Json = {"type": "long", "index": False}
_TIMER_FIELDS = (
    "count",
    "sum",
    "cells",
    *(m.name for m in CLUSTER_TIMER if m.name != "grid"),
    *GRID_NAMES,
)


class Form(msgspec.Struct, frozen=True):
    """What an index says of its mapping, in `_meta`: of which form it is, and which timers it has."""

    form: str
    timers: tuple[str, ...]


def timer_mapping(timers: Iterable[str]) -> Json:
    """The fields of timers."""
    fields = dict.fromkeys(_TIMER_FIELDS, _SUMMED)
    return {"timers": {"properties": {name: {"properties": fields} for name in timers}}}


def mapping(timers: Iterable[str] = ()) -> Json:
    """Of an index of documents with some timers of its site; what it does not name is refused."""
    every = (*VITAL_NAMES, *sorted(set(timers).difference(VITAL_NAMES)))
    return {
        "dynamic": "strict",
        "_meta": msgspec.to_builtins(Form(_form(), every)),
        "properties": _fields() | timer_mapping(every),
    }


def is_current(form: Form) -> bool:
    """Whether an index has all fields but those of further timers."""
    return form.form == _form()


@cache
def _form() -> str:
    """Of the fields that every index has."""
    text = msgspec.json.encode([_fields(), timer_mapping(VITAL_NAMES)], order="sorted")
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _fields() -> Json:
    measures = [name for head, _ in KINDS.values() for name in RELATIONS[head].additive]
    names = ("kind", "level", "site", *DIMENSIONS, "population", "issue", "transport")
    return {
        **dict.fromkeys(names, _KEYWORD),
        "minute": _NUMBER,
        "version": _NUMBER,
        "time": {"type": "date", "format": "epoch_millis"},
        **dict.fromkeys(measures, _SUMMED),
    }


def index_template(prefix: str) -> Json:
    """The template of all indices of documents."""
    return {
        "index_patterns": [f"{prefix}.*@*"],
        "priority": 200,
        "template": {"settings": {"index": SETTINGS}, "mappings": mapping()},
    }


def schedules_index() -> Json:
    """The index of the sites' schedules."""
    fields: Json = {"site": _KEYWORD, "changes": {"type": "object", "enabled": False}}
    return {
        "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
        "mappings": {"dynamic": "strict", "properties": fields},
    }
