"""The dimensions of a page impression, as texts; absent is the empty text."""

import polars as pl

from bellrock.schema.agent import DESKTOP_SYSTEMS, TOUCH_SYSTEMS
from bellrock.schema.beacon import COUNTS_BITS
from bellrock.schema.dimensions import NAMES

COUNTS = (pl.col("types") & COUNTS_BITS) != 0
"""Whether an impression counts."""


def _text(name: str) -> pl.Expr:
    return pl.col(name).fill_null("")


def _flag(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("")


_TABLET = (pl.col("mobile") == False) | pl.col("tablet")  # noqa: E712  # three-valued: null is no hint

_DEVICE = (
    pl.when(pl.col("mobile"))
    .then(pl.lit("mobile"))
    .when(pl.col("os").is_in(DESKTOP_SYSTEMS))
    .then(pl.lit("desktop"))
    .when(pl.col("os").is_in(TOUCH_SYSTEMS) & _TABLET)
    .then(pl.lit("tablet"))
    .when(pl.col("os").is_in(TOUCH_SYSTEMS))
    .then(pl.lit("mobile"))
    .otherwise(pl.lit("other"))
)
_BOT = (
    pl.when(pl.col("crawler"))
    .then(pl.lit("declared"))
    .when(pl.col("webdriver"))
    .then(pl.lit("webdriver"))
    .otherwise(pl.lit(""))
)
_EXPRESSIONS = {
    "test": _text("test"),
    "group": _text("group"),
    "browser": _text("browser"),
    "device": _DEVICE,
    "bot": _BOT,
    "country": _text("country"),
    "os": _text("os"),
    "label": _text("label"),
    "release": _text("release"),
    "navigation": _text("navigation"),
    "firstLoad": _flag("first_load"),
    "served": _flag("served"),
    "cacheHit": _flag("cache_hit"),
}


def dimensions_of(impressions: pl.DataFrame) -> pl.DataFrame:
    """The columns `dimensions.NAMES` of rows of `IMPRESSION`."""
    return impressions.select([_EXPRESSIONS[name].alias(name) for name in NAMES])
