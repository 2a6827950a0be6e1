"""Usable orders of a block, and what is wrong with the others."""

import re
from typing import NamedTuple

from bellrock.normalise.columns import Columns
from bellrock.normalise.rounding import round_half_away
from bellrock.schema import wire
from bellrock.schema.impression import USABLE_ORDER_BIT
from bellrock.schema.issue import Issue

_CURRENCY = re.compile(wire.CURRENCY)


class Order(NamedTuple):
    """A usable order: its plain id and its value in the minor units of the site's currency."""

    id: str
    value: int


def read_orders(columns: Columns) -> dict[int, Order]:
    """The usable orders by row; the rows are told, because such an order makes an impression count."""
    sent = [(row, one.order) for row, one in enumerate(columns.beacons) if one.order is not None]
    orders = {}
    for row, order in sent:
        usable = _usable(columns, row, order)
        if usable is not None:
            orders[row] = usable
    columns.rows["types"][list(orders)] |= USABLE_ORDER_BIT
    return orders


def _usable(columns: Columns, row: int, order: wire.Order) -> Order | None:
    """The order, worth 0 where value or currency is of no use; None where it has no id."""
    site = columns.declared.sites[columns.sites[row]]
    currency = order.currency if _CURRENCY.match(order.currency or "") else None
    if order.id is None or order.value is None or currency is None:
        columns.note(row, Issue.FIELD)
    foreign = currency is not None and currency != site.currency
    if foreign:
        columns.note(row, Issue.ORDER_CURRENCY)
    if order.id is None:
        return None
    if foreign or order.value is None or currency is None:
        return Order(order.id, 0)
    return Order(order.id, int(round_half_away(order.value * site.minor_per_major)))
