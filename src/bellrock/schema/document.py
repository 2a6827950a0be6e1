"""Documents as additive rows: what identifies a row, and what is summed; every store holds these relations."""

from collections.abc import Mapping
from typing import NamedTuple

from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.measures import ADDITIVE_NAMES, ISSUE

KEY = ("site", "minute", *DIMENSIONS)
"""The key of a minute document; optional dimensions are null where the site has not chosen them."""


class Relation(NamedTuple):
    """Rows with the same key belong to one document, whose value is the sum of each additive column."""

    key: tuple[str, ...]
    additive: tuple[str, ...]


RELATIONS: Mapping[str, Relation] = {
    "minutes": Relation(KEY, ADDITIVE_NAMES),
    "timers": Relation((*KEY, "timer", "cell"), ("count", "sum")),
    "issues": Relation(("site", "minute", "issue"), tuple(m.name for m in ISSUE)),
}
