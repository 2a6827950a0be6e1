"""Keys of documents, as codes, in words: the key columns of additive rows."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.names import Names
from bellrock.operators.clusters import ALL, LABEL, LABEL_REPEAT, REPEAT, SERVED
from bellrock.operators.delivery import Delivered
from bellrock.operators.documents import CHOSEN
from bellrock.rows import Rows
from bellrock.schema.agent import BOTS, BROWSERS, DEVICES, SYSTEMS
from bellrock.schema.codes import COUNTRIES, FLAGS
from bellrock.schema.dimensions import CONSTANT_NAMES, OPTIONAL_NAMES
from bellrock.schema.timers import VITAL_NAMES
from bellrock.schema.wire import NAVIGATIONS, TRANSPORTS


def _words(texts: Sequence[str]) -> pl.Series:
    """Texts by code; the last place is that of nothing at all."""
    return pl.Series([*texts, None], dtype=pl.String)


_BROWSERS, _SYSTEMS, _DEVICES, _BOTS = map(_words, (BROWSERS, SYSTEMS, DEVICES, BOTS))
_COUNTRIES, _FLAGS, _NAVIGATIONS = map(_words, (COUNTRIES, FLAGS, ("", *NAVIGATIONS)))
_TRANSPORTS = _words(("", *TRANSPORTS))
_POPULATIONS = {
    ALL: "all",
    REPEAT: "repeat",
    SERVED: "served",
    LABEL: "label:",
    LABEL_REPEAT: "label:",
}


class Describer:
    """Puts the codes of a state into words."""

    def __init__(self, names: Names) -> None:
        """Describe rows with these names."""
        self._names = names
        self._known = (0, 0)

    def minutes(self, keys: Rows, optional: Sequence[str] = OPTIONAL_NAMES) -> pl.DataFrame:
        """The columns of `schema.document.KEY`, of optional dimensions those that are named."""
        self._learn()
        chosen = keys["chosen"]
        words = {
            "country": (_COUNTRIES, keys["country"]),
            "os": (_SYSTEMS, keys["os"]),
            "label": (self._texts, keys["label"]),
            "release": (self._texts, keys["release"]),
            "navigation": (_NAVIGATIONS, keys["navigation"]),
            "firstLoad": (_FLAGS, keys["first_load"]),
            "served": (_FLAGS, keys["served"]),
            "cacheHit": (_FLAGS, keys["cache_hit"]),
        }
        columns = [_chosen(name, *words[name], (chosen & CHOSEN[name]) != 0) for name in optional]
        return pl.DataFrame([*self._fixed(keys), *columns])

    def clusters(self, keys: Rows) -> pl.DataFrame:
        """The columns of `schema.document.CLUSTER_KEY`."""
        populations = _named(keys["population"], keys["label"], self._population)
        return self.minutes(keys, CONSTANT_NAMES).hstack([populations.alias("population")])

    def delivery(self, rows: Delivered) -> pl.DataFrame:
        """The columns of the key of `RELATIONS["delivery"]`."""
        self._learn()
        return pl.DataFrame(
            [
                _by_code("site", self._texts, rows.site),
                pl.Series("minute", rows.minute),
                _by_code("browser", _BROWSERS, rows.browser),
                _by_code("transport", _TRANSPORTS, rows.transport),
            ]
        )

    def timers(self, sites: NDArray[np.uint32], slots: NDArray[np.int64]) -> pl.Series:
        """The names of timers by the code of their site and their slot."""
        # A vital has one name, whatever the site.
        own = np.where(slots < len(VITAL_NAMES), 0, sites)
        return _named(own, slots, self._names.timer).alias("timer")

    def _population(self, population: int, label: int) -> str:
        name = _POPULATIONS[population]
        if population in {LABEL, LABEL_REPEAT}:
            name += self._names.texts.value(label)
        return f"{name}:repeat" if population == LABEL_REPEAT else name

    def _fixed(self, keys: Rows) -> list[pl.Series]:
        words = {
            "site": (self._texts, keys["site"]),
            "test": (self._tests, keys["test"]),
            "group": (self._groups, keys["test"]),
            "browser": (_BROWSERS, keys["browser"]),
            "device": (_DEVICES, keys["device"]),
            "bot": (_BOTS, keys["bot"]),
        }
        columns = [_by_code(name, *found) for name, found in words.items()]
        columns.insert(1, pl.Series("minute", keys["minute"].astype(np.int64)))
        return columns

    def _learn(self) -> None:
        """Have every text by its code; there are new ones now and then."""
        known = (len(self._names.texts), len(self._names.tests))
        if known != self._known:
            self._known = known
            tests = self._names.tests.since(0)
            self._texts = _words(self._names.texts.since(0))
            self._tests = _words([test for test, _ in tests])
            self._groups = _words([group for _, group in tests])


def _named(
    one: NDArray[np.integer], other: NDArray[np.integer], name: Callable[[int, int], str]
) -> pl.Series:
    """Names of pairs of codes, each made once."""
    width = int(other.max(initial=0)) + 1
    pairs = one.astype(np.int64) * width + other
    # A table instead of sorting: codes are dense.
    places = np.zeros(int(pairs.max(initial=0)) + 1, np.uint32)
    places[pairs] = 1
    found = np.flatnonzero(places)
    places[found] = np.arange(len(found))
    names = [name(*divmod(pair, width)) for pair in found.tolist()]
    return pl.Series(names, dtype=pl.String)[places[pairs]]


def _chosen(
    name: str, texts: pl.Series, codes: NDArray[np.unsignedinteger], chosen: NDArray[np.bool_]
) -> pl.Series:
    return _by_code(name, texts, np.where(chosen, codes, len(texts) - 1))


def _by_code(name: str, texts: pl.Series, codes: NDArray[np.integer]) -> pl.Series:
    # An index: `gather` plans a query for each column, which takes ten times as long.
    return texts[codes.astype(np.uint32)].alias(name)
