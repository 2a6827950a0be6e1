"""What the cluster is told of our indices: settings and the strict mapping, made of the schema."""

from typing import Any

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


def timer_mapping(timers: tuple[str, ...]) -> Json:
    """The fields of timers."""
    fields = dict.fromkeys(_TIMER_FIELDS, _SUMMED)
    return {"timers": {"properties": {name: {"properties": fields} for name in timers}}}


def mapping() -> Json:
    """Of an index of documents; what it does not name is refused."""
    measures = [name for head, _ in KINDS.values() for name in RELATIONS[head].additive]
    names = ("kind", "level", "site", *DIMENSIONS, "population", "issue", "transport")
    return {
        "dynamic": "strict",
        "properties": {
            **dict.fromkeys(names, _KEYWORD),
            "minute": _NUMBER,
            "version": _NUMBER,
            "time": {"type": "date", "format": "epoch_millis"},
            **dict.fromkeys(measures, _SUMMED),
            **timer_mapping(VITAL_NAMES),
        },
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
