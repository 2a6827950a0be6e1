"""The steps of normalising, in order, for one line: a stateless function of the line and the sites.

    decode_line -> find_site -> declare_test -> declare_timers -> value_order -> resolve_agent -> row

Enters: `wire.Line`. Leaves: a row of `schema.beacon.BEACON` and an order, with the issues that each
step attaches. What a site does not declare becomes `(other)` or is left out, so that no stranger can
make a document.
"""

import math
from typing import NamedTuple

from bellrock.normalise.agent import NO_AGENT, resolve_agent
from bellrock.schema import wire
from bellrock.schema.beacon import ABSENT, NEVER, TYPE_BITS, USABLE_ORDER_BIT
from bellrock.schema.issue import Issue
from bellrock.schema.site import OTHER, Site
from bellrock.schema.timers import VITALS


class Order(NamedTuple):
    """A usable order: its plain id and its value in the minor units of the site's currency."""

    id: str
    value: int


class Declared:
    """What one site declares, as look-ups."""

    def __init__(self, site: Site) -> None:
        """Prepare the look-ups of a site."""
        self.site = site
        self.labels = frozenset(site.labels)
        self.releases = frozenset(site.releases)
        self.groups = frozenset((test.name, group) for test in site.tests for group in test.groups)
        self.slots = {
            timer.name: (slot, timer.limit, timer.micro) for slot, timer in enumerate(VITALS)
        } | {
            name: (slot, VITALS[0].limit, VITALS[0].micro)
            for slot, name in enumerate(site.timers, start=len(VITALS))
        }


def round_half_away(value: float) -> int:
    """A number of at least 0, rounded half away from zero; exact, unlike floor(value + 0.5)."""
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)


def declare_test(
    test: wire.Test | None, declared: Declared, issues: set[Issue]
) -> tuple[str | None, str | None]:
    """Name and group; both `(other)` where the site declares no such test or group."""
    if test is None:
        return None, None
    if (test.name, test.group) in declared.groups:
        return test.name, test.group
    issues.add(Issue.TEST_UNDECLARED)
    return OTHER, OTHER


def declare_timers(
    timers: dict[str, object] | None, declared: Declared, issues: set[Issue]
) -> list[tuple[int, int]]:
    """(slot, micro-units) of every usable timer."""
    usable = []
    for name, value in (timers or {}).items():
        if value is None or value == "":
            continue
        if name not in declared.slots:
            issues.add(Issue.TIMER_UNDECLARED)
        elif not isinstance(value, int | float) or isinstance(value, bool):
            issues.add(Issue.FIELD)
        else:
            slot, limit, micro = declared.slots[name]
            if 0 <= value <= limit:
                usable.append((slot, round_half_away(value * micro)))
            else:
                issues.add(Issue.TIMER_RANGE)
    return usable


def value_order(order: wire.Order | None, declared: Declared, issues: set[Issue]) -> Order | None:
    """The order with its value in the site's minor units: 0 where value or currency is of no use."""
    if order is None:
        return None
    if order.id is None or order.value is None or order.currency is None:
        issues.add(Issue.FIELD)
    foreign = order.currency is not None and order.currency != declared.site.currency
    if foreign:
        issues.add(Issue.ORDER_CURRENCY)
    if order.id is None:
        return None
    if foreign or order.value is None or order.currency is None:
        return Order(order.id, 0)
    return Order(order.id, round_half_away(order.value * declared.site.minor_per_major))


def label_of(name: str | None, declared: frozenset[str]) -> str | None:
    """A label or release: `(other)` where it is not declared."""
    return name if name is None or name in declared else OTHER


def beacon_row(
    line: wire.Line, declared: Declared, test: tuple[str | None, str | None], *, has_order: bool
) -> tuple[object, ...]:
    """The columns of `BEACON` but `timers`, in order."""
    beacon = line.beacon
    seq = beacon.seq
    page, visitor, delivery = beacon.page, beacon.visitor, beacon.delivery
    mobile = beacon.browser.mobile if beacon.browser else None
    agent = resolve_agent(line.ua) if line.ua else NO_AGENT
    is_event = beacon.type == "event"
    return (
        beacon.site,
        beacon.session,
        beacon.impression,
        1 << seq,
        TYPE_BITS[beacon.type] | (USABLE_ORDER_BIT if has_order else 0),
        is_event,
        is_event and beacon.event is not None and beacon.event.name == "error",
        # the seq of each group of fields ...
        seq if page else ABSENT,
        seq if test[0] is not None else ABSENT,
        seq if line.ua else ABSENT,
        seq if line.country else ABSENT,
        seq if visitor else ABSENT,
        seq if mobile is not None else ABSENT,
        seq if delivery else NEVER,
        # ... and the groups
        label_of(page.label, declared.labels) if page else None,
        page.navigation if page else None,
        label_of(page.release, declared.releases) if page else None,
        test[0],
        test[1],
        agent.browser,
        agent.os,
        agent.tablet,
        agent.crawler,
        line.country,
        visitor.new_today if visitor else None,
        visitor.new_this_month if visitor else None,
        mobile,
        delivery.first_load if delivery else None,
        delivery.served if delivery else None,
        delivery.cache_hit if delivery else None,
        bool(beacon.browser and beacon.browser.webdriver),
    )
