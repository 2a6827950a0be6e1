"""Documents as additive rows: what identifies a row, and what is summed; every store holds these relations."""

from collections.abc import Mapping
from typing import NamedTuple

from bellrock.schema.dimensions import CONSTANT_NAMES, FIXED_NAMES
from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.measures import (
    ADDITIVE_NAMES,
    CLUSTER,
    CLUSTER_ALL_ONLY,
    CLUSTER_TIMER,
    DELIVERY,
    GRID_NAMES,
    ISSUE,
)

KEY = ("site", "minute", *DIMENSIONS)
"""The key of a minute document; optional dimensions are null where the site has not chosen them."""

CLUSTER_DIMENSIONS = FIXED_NAMES + CONSTANT_NAMES
"""Those that are constant in a session; the optional ones are null where the site has not chosen them."""

CLUSTER_KEY = ("site", "minute", *CLUSTER_DIMENSIONS, "population")
"""The key of a cluster document, whose additive values cover ended sessions only."""


class Relation(NamedTuple):
    """Rows with the same key belong to one document, whose value is the sum of each additive column."""

    key: tuple[str, ...]
    additive: tuple[str, ...]


RELATIONS: Mapping[str, Relation] = {
    "minutes": Relation(KEY, ADDITIVE_NAMES),
    "timers": Relation((*KEY, "timer", "cell"), ("count", "sum")),
    "clusters": Relation(
        CLUSTER_KEY, tuple(m.name for m in CLUSTER) + tuple(m.name for m in CLUSTER_ALL_ONLY)
    ),
    "cluster_timers": Relation(
        (*CLUSTER_KEY, "timer"),
        tuple(m.name for m in CLUSTER_TIMER if m.name != "grid") + GRID_NAMES,
    ),
    "issues": Relation(("site", "minute", "issue"), tuple(m.name for m in ISSUE)),
    "delivery": Relation(
        ("site", "minute", "browser", "transport"), tuple(m.name for m in DELIVERY)
    ),
}
