"""A site: the tenant, and all that its configuration declares.

Enters: values that `bellrock.sites` has checked. Leaves: frozen records. Every key of every document
is bounded by what stands here: what a site does not declare becomes `(other)`.
"""

from typing import Literal

import msgspec

OTHER = "(other)"

GpcPolicy = Literal["drop", "anonymous", "ignore"]


class Test(msgspec.Struct, frozen=True):
    """An A/B test: `groups` maps each group to its planned share (they sum to 1)."""

    name: str
    control: str
    groups: dict[str, float]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One site. `revenue_cap` is in minor units of `currency`; `order_key` is the HMAC key of order ids.

    `budget` is in beacons a second, None for the budget that all sites have.
    """

    key: str
    currency: str
    order_key: bytes
    revenue_cap: int = 1_000_000
    dimensions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    timers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    gpc: GpcPolicy = "anonymous"
    budget: float | None = None
    tests: tuple[Test, ...] = ()

    @property
    def minor_per_major(self) -> int:
        """How many minor units one unit of the site's currency has (EUR: 100, JPY: 1)."""
        return int(10 ** currency_digits(self.currency))


def currency_digits(currency: str) -> int:
    """Digits after the point of an ISO 4217 currency."""
    return _DIGITS.get(currency, 2)


# ISO 4217, table A.1, the currencies whose minor unit is not a hundredth.
_DIGITS = (
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
    | dict.fromkeys("CLF UYW".split(), 4)
)
