"""Rows of the fold: a page impression and a session as they are kept while the session is open.

Rows are of fixed size and hold no text but ids: every other text is a code of `bellrock.names`, 0 where
it is absent. A beacon is an impression made of one line, so merging beacons with each other and with
what is known already is one operation. Fields stand in the order of their size, so that nothing is padded.
"""

import numpy as np

from bellrock.schema.timers import SLOTS

ID = np.dtype("S64")
"""A session or impression id: up to 64 ASCII characters, padded with NUL; bytewise order is the ids' order."""

FLAG = "u1"
ABSENT, FALSE, TRUE = 0, 1, 2
"""Values of a `FLAG`."""

NO_SEQ = 255
"""Where no line has the group that the lowest seq decides."""

NO_TIMER = -1

TYPE_BITS = {"navigation": 1, "load": 2, "vitals": 4, "event": 8, "order": 16}
USABLE_ORDER_BIT = 32
COUNTS_BITS = TYPE_BITS["navigation"] | TYPE_BITS["load"] | USABLE_ORDER_BIT
"""An impression counts once one of these is set in `types`."""

GROUPS: dict[str, tuple[str, ...]] = {
    # the field with the seq of the line it came from: the fields that are taken whole
    "page_seq": ("label", "navigation", "release"),
    "test_seq": ("test",),
    "agent_seq": ("agent",),
    "country_seq": ("country",),
    "visitor_seq": ("new_today", "new_this_month"),
    "mobile_seq": ("mobile",),
    "delivery_seq": ("first_load", "served", "cache_hit"),
}
"""Groups of fields; all but `delivery_seq` come from the line with the lowest seq that has them."""

IMPRESSION = np.dtype(
    [
        ("session", "u8"),  # key of the session (operators.keys)
        ("seen", "u8"),  # bit 1 << seq of every line folded
        ("first", "i8"),  # ms since 1970
        ("last", "i8"),
        ("revenue", "i8"),  # minor units of the accepted orders
        ("id", ID),
        ("timers", "i4", (SLOTS,)),  # micro-units, NO_TIMER where absent
        ("site", "u4"),
        ("agent", "u4"),  # the user agent
        ("test", "u4"),  # the pair (test, group)
        ("label", "u4"),
        ("release", "u4"),
        ("country", "u2"),  # schema.codes.country_code
        ("navigation", "u1"),  # 1 + index in wire.NAVIGATIONS
        ("first_load", FLAG),
        ("served", FLAG),
        ("cache_hit", FLAG),
        ("mobile", FLAG),
        ("new_today", FLAG),
        ("new_this_month", FLAG),
        ("webdriver", "?"),
        ("page_seq", "u1"),  # NO_SEQ where no line has the group
        ("test_seq", "u1"),
        ("agent_seq", "u1"),
        ("country_seq", "u1"),
        ("visitor_seq", "u1"),
        ("mobile_seq", "u1"),
        ("delivery_seq", "u1"),  # the highest seq wins: 1 + seq, 0 where no line has it
        ("types", "u1"),  # TYPE_BITS and USABLE_ORDER_BIT
        ("beacons", "u1"),  # distinct lines: there are 64 seqs
        ("events", "u1"),
        ("errors", "u1"),
        ("orders", "u1"),  # accepted ones
        ("bot", "u1"),  # index in agent.BOTS, decided when the row was folded last
        ("chosen", "u1"),  # the site's optional dimensions then: bit by index in OPTIONAL_NAMES
    ]
)

KEY = np.dtype(
    [
        ("minute", "u4"),  # since 1970
        ("site", "u4"),
        ("test", "u4"),
        ("label", "u4"),
        ("release", "u4"),
        ("country", "u2"),
        ("browser", "u1"),  # index in agent.BROWSERS
        ("os", "u1"),
        ("device", "u1"),
        ("bot", "u1"),
        ("navigation", "u1"),
        ("first_load", FLAG),
        ("served", FLAG),
        ("cache_hit", FLAG),
        ("chosen", "u1"),
        ("population", "u1"),  # of cluster documents: see operators.clusters
    ]
)
"""The key of a document as codes, 32 bytes; optional dimensions that the site has not chosen are 0."""

SESSION = np.dtype(
    [
        ("first", "i8"),
        ("last", "i8"),
        ("revenue", "i8"),
        ("head", "u8"),  # key of the first counted impression; 0 where none counts yet
        ("head_first", "i8"),  # its first beacon, NO_HEAD where none counts yet
        ("document", KEY),  # the minute document that the session belongs to
        ("id", ID),
        ("site", "u4"),
        ("due", "u4"),  # the minute at whose boundary it ends unless a beacon comes
        ("impressions", "u4"),  # counted ones
        ("orders", "u4"),
    ]
)

NO_HEAD = 1 << 62
