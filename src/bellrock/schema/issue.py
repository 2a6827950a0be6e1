"""Everything that can be wrong with a log line. Bad data is data: an issue travels with its line."""

from enum import StrEnum


class Issue(StrEnum):
    """The kinds, fatal ones first, in the order in which the first that holds is taken."""

    MALFORMED = "malformed"
    VERSION = "version"
    SCHEMA = "schema"
    SITE_UNKNOWN = "site.unknown"
    FIELD = "field"
    TIMER_RANGE = "timer.range"
    TIMER_UNDECLARED = "timer.undeclared"
    TEST_UNDECLARED = "test.undeclared"
    ORDER_CURRENCY = "order.currency"
    DUPLICATE_BEACON = "duplicate.beacon"
    DUPLICATE_ORDER = "duplicate.order"
    ORPHAN = "orphan"


DESCRIPTIONS = {
    Issue.MALFORMED: "not a JSON object, or kept by the collector as raw text",
    Issue.VERSION: "`v` is not 1",
    Issue.SCHEMA: "a required field is missing or has the wrong form",
    Issue.SITE_UNKNOWN: "no such site",
    Issue.FIELD: "an optional field has the wrong type, form or length and is left out",
    Issue.TIMER_RANGE: "a timer is negative, not finite or too large and is left out",
    Issue.TIMER_UNDECLARED: "a custom timer that the site does not declare is left out",
    Issue.TEST_UNDECLARED: "a test or group that the site does not declare: both become (other)",
    Issue.ORDER_CURRENCY: "an order in a currency that is not the site's counts without its value",
    Issue.DUPLICATE_BEACON: "the beacon was folded before; the line is ignored",
    Issue.DUPLICATE_ORDER: "another page impression owns the order; the order is ignored",
    Issue.ORPHAN: "a beacon of a page impression that never counted",
}

NO_SITE = "?"
"""The site of an issue whose line names no declared site."""
