"""Metrics by name: what people ask for, made of additive measures.

Three kinds: a measure itself, a ratio of two (`schema.measures`), and a figure of a timer's
histogram, `T.p75`. Each knows how to become a column of a frame that holds the measures (and, for a
figure, the figures of `figures`). A metric with nothing to stand on is null.
"""

from collections.abc import Iterable

import msgspec
import polars as pl

from bellrock.schema import measures, timers
from bellrock.schema.measures import Measure, Ratio
from bellrock.schema.site import Site
from bellrock.schema.timers import Timer

QUANTILES = {"p50": 0.50, "p75": 0.75, "p90": 0.90, "p95": 0.95, "p99": 0.99}

_CURRENCY = "currency"
_UNITS = {"minor": _CURRENCY, "major": _CURRENCY}
_FIGURES = {
    name: f"{share:.0%} of the values of {{0}} are at or below this"
    for name, share in QUANTILES.items()
} | {
    "mean": "mean of the values of {0}",
    "count": "page impressions with {0}",
}
_SHARES = {
    "good": "share of the values of {0} at or below {1.good:g}",
    "needs_improvement": "share of the values of {0} above {1.good:g}, up to {1.poor:g}",
    "poor": "share of the values of {0} above {1.poor:g}",
}


class Figure(msgspec.Struct, frozen=True):
    """One figure of a timer's histogram: a quantile, mean, count or a share."""

    timer: Timer
    figure: str


class Metric(msgspec.Struct, frozen=True):
    """A metric. The unit `currency` stands for major units of the site's currency."""

    name: str
    unit: str
    description: str
    source: Measure | Ratio | Figure

    def column(self, site: Site) -> pl.Expr:
        """The metric's column under its own name, from columns of measures and figures."""
        source = self.source
        if isinstance(source, Figure):
            return pl.col(self.name)
        value = pl.col(source.name) if isinstance(source, Measure) else _ratio(source)
        money = self.unit == _CURRENCY
        return (value / site.minor_per_major if money else value).alias(self.name)


def timers_of(site: Site) -> dict[str, Timer]:
    """The timers of a site by name: the vitals, then its own."""
    own = (timers.custom_timer(name) for name in site.timers)
    return {timer.name: timer for timer in (*timers.VITALS, *own)}


def metrics_of(site: Site) -> dict[str, Metric]:
    """Every metric of a site by name."""
    return catalogue(timers_of(site).values())


def catalogue(of: Iterable[Timer]) -> dict[str, Metric]:
    """Every metric by name: measures, ratios, and the figures of the given timers."""
    found = [
        Metric(source.name, _UNITS.get(source.unit, source.unit), source.description, source)
        for source in (*measures.ADDITIVE, *measures.RATIOS)
    ]
    found += [metric for timer in of for metric in _figures(timer)]
    return {metric.name: metric for metric in found}


def _figures(timer: Timer) -> Iterable[Metric]:
    rated = timer.good is not None and timer.poor is not None
    for figure, text in (_FIGURES | _SHARES if rated else _FIGURES).items():
        unit = {"count": "impressions"}.get(figure, "share" if figure in _SHARES else timer.unit)
        name = f"{timer.name}.{figure}"
        yield Metric(name, unit, text.format(timer.description, timer), Figure(timer, figure))


def _ratio(ratio: Ratio) -> pl.Expr:
    numerator = pl.col(ratio.numerator)
    if ratio.subtrahend is not None:
        numerator = numerator - pl.col(ratio.subtrahend)
    denominator = pl.col(ratio.denominator)
    return pl.when(denominator != 0).then(numerator / denominator)
