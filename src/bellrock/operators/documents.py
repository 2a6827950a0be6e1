"""The key of the minute document that an impression belongs to, as codes.

Enters: rows of `IMPRESSION`. Leaves: rows of `KEY`, in which dimensions that the site has not chosen are 0.
"""

import numpy as np
from numpy.typing import NDArray

from bellrock.names import Agents
from bellrock.rows import Mask, Rows
from bellrock.schema.agent import BOTS, DESKTOP_SYSTEMS, DEVICES, SYSTEMS, TOUCH_SYSTEMS
from bellrock.schema.dimensions import OPTIONAL_NAMES
from bellrock.schema.impression import ABSENT, COUNTS_BITS, FALSE, KEY, TRUE

MINUTE = 60_000

CHOSEN = {name: np.uint8(1 << bit) for bit, name in enumerate(OPTIONAL_NAMES)}
"""The bit in `chosen` of each optional dimension."""

_FIELDS = {
    "country": "country",
    "label": "label",
    "release": "release",
    "navigation": "navigation",
    "firstLoad": "first_load",
    "served": "served",
    "cacheHit": "cache_hit",
}
"""Optional dimensions that are fields of an impression as they stand."""


def counts(rows: Rows) -> Mask:
    """Whether each impression counts."""
    return np.asarray((rows["types"] & COUNTS_BITS) != 0)


def document_keys(rows: Rows, agents: Agents) -> Rows:
    """The keys of the impressions' documents, shape (rows,)."""
    keys = np.zeros(len(rows), KEY)
    says = agents.table[rows["agent"]]
    chosen = rows["chosen"]
    keys["minute"] = rows["first"] // MINUTE
    for name in ("site", "test", "bot", "chosen"):
        keys[name] = rows[name]
    keys["browser"] = says["browser"]
    keys["device"] = _DEVICE[says["os"], rows["mobile"], says["tablet"].astype(np.uint8)]
    keys["os"] = np.where(chosen & CHOSEN["os"], says["os"], 0)
    for name, field in _FIELDS.items():
        keys[field] = np.where(chosen & CHOSEN[name], rows[field], 0)
    return keys


def bots_of(rows: Rows, agents: Agents) -> NDArray[np.uint8]:
    """What each impression itself says of being a bot's: declared, webdriver or nothing, as codes."""
    declared, webdriver = BOTS.index("declared"), BOTS.index("webdriver")
    crawler = agents.table["crawler"][rows["agent"]]
    return np.where(crawler, declared, np.where(rows["webdriver"], webdriver, 0)).astype(np.uint8)


def _device(system: str, mobile: int, *, tablet: bool) -> str:
    if mobile == TRUE:
        return "mobile"
    if system in DESKTOP_SYSTEMS:
        return "desktop"
    if system in TOUCH_SYSTEMS:
        return "tablet" if mobile == FALSE or tablet else "mobile"
    return "other"


_DEVICE = np.array(
    [
        [
            [DEVICES.index(_device(system, mobile, tablet=tablet)) for tablet in (False, True)]
            for mobile in (ABSENT, FALSE, TRUE)
        ]
        for system in SYSTEMS
    ],
    dtype=np.uint8,
)
"""Device by system, hint and tablet."""
