"""Budgets: how many beacons a second a site, or a part of the internet, may send.

Enters: who sends, and how much. Leaves: nothing, or `OverBudget`, which says when to come again. What
always holds: a key costs one number and the same time however many there are, and there are never more
than `MOST` of them.

A bucket is the time at which it will be full again, which is all there is to know of a token bucket
(GCRA, ITU-T I.371). It takes what comes while it has anything, and goes below nothing by that much, so
that no batch is too large for a small budget.

No library does it at this price. token-bucket never forgets a key; limits has windows in place of
buckets and a thread that expires them; aiolimiter is one bucket, and waits; throttled-py does all of this,
and takes 50 times as long, which is more than all the rest that a beacon costs here.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from bellrock.collector.addresses import not_of_the_internet, prefix
from bellrock.collector.config import CollectorConfig

MOST = 65_536  # keys; of 7 bytes each, with their numbers they take about 10 MB
BURST_SECONDS = 10.0  # of the rate, that may come at once
CHECKS_A_SECOND = 8.0  # of all callers: a check costs as much as hundreds of beacons

Of = Literal["address", "site", "check"]


class OverBudget(Exception):
    """A request is over a budget; none of it is kept. `seconds` is when it may come again."""

    def __init__(self, of: Of, seconds: float) -> None:
        """Say whose budget it is."""
        super().__init__(of)
        self.of, self.seconds = of, max(1, math.ceil(seconds))


class Buckets:
    """Token buckets by key. Those that were not used for longest are forgotten first, and are full again."""

    def __init__(self, most: int = MOST) -> None:
        """Know at most so many."""
        self._most = most
        self._full_at: OrderedDict[bytes | str, float] = OrderedDict()

    def __len__(self) -> int:
        """How many are known."""
        return len(self._full_at)

    def take(self, key: bytes | str, amount: int, rate: float, now: float) -> float:
        """Take tokens from a bucket that is filled with `rate` of them a second, unless it has none.

        The result is below 0 if they were taken, else the seconds after which there are any.
        """
        full_at = self._full_at.get(key, now)
        wait = full_at - now - BURST_SECONDS
        if wait < 0:
            self._full_at[key] = max(full_at, now) + amount / rate
            self._full_at.move_to_end(key)
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return wait


class Budgets:
    """The budgets of a collector: of sites, of address prefixes, and of checks."""

    def __init__(
        self,
        per_address: float | None = None,
        per_site: float | None = None,
        declared: Mapping[str, object] | None = None,
        own: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """In beacons a second, None for no bound; `own` has the budgets of sites that differ.

        What names no site of `declared` has one budget, that of a site, for all of it together.
        """
        self._per_address, self._per_site = per_address, per_site
        self._declared, self._own = declared or {}, own or {}
        self._clock = clock
        self._addresses, self._sites, self._checks = Buckets(), Buckets(), Buckets(1)

    def admit(self, address: bytes) -> None:
        """Charge an address one beacon, before anything is done for it; raises OverBudget."""
        if self._per_address and address:
            wait = self._addresses.take(prefix(address), 1, self._per_address, self._clock())
            # An unlisted proxy must not make one visitor of all; it is seen by its private address.
            if wait >= 0 and address not in not_of_the_internet():
                raise OverBudget("address", wait)

    def charge(self, address: bytes, sites: Sequence[str]) -> None:
        """Charge for the beacons of a request that was admitted, by their sites; raises OverBudget."""
        now = self._clock()
        for site in set(sites) if len(sites) > 1 else sites:
            key = site if site in self._declared else ""
            rate = self._own.get(key, self._per_site)
            if rate and (wait := self._sites.take(key, sites.count(site), rate, now)) >= 0:
                raise OverBudget("site", wait)
        if len(sites) > 1 and self._per_address and address:
            self._addresses.take(prefix(address), len(sites) - 1, self._per_address, now)

    def charge_check(self) -> None:
        """Charge one check of beacons; raises OverBudget."""
        if (wait := self._checks.take("", 1, CHECKS_A_SECOND, self._clock())) >= 0:
            raise OverBudget("check", wait)


def budgets_of(config: CollectorConfig) -> Budgets:
    """The budgets that a configuration gives; those of sites follow its dictionaries."""
    return Budgets(config.address_budget, config.site_budget, config.policies, config.site_budgets)
