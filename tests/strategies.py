"""Hypothesis strategies for logs: few sites, sessions and impressions, so that they meet all the time.

Leaves: log lines as bytes, in the order of a log. Ids, labels and orders are drawn from small pools on
purpose; times are minutes and the edges between them.
"""

import json
from typing import Any

from hypothesis import strategies as st

from bellrock.sites import Sites, parse_sites

SITES: Sites = parse_sites(
    """
[[site]]
key = "shop"
currency = "EUR"
order_key = "1111111111111111111111111111111111111111111111111111111111111111"
dimensions = ["label", "firstLoad", "country"]
labels = ["home", "product"]
timers = ["hero"]
[[site.test]]
name = "speed"
control = "A"
groups = { A = 0.5, B = 0.5 }

[[site]]
key = "kiosk"
currency = "JPY"
order_key = "2222222222222222222222222222222222222222222222222222222222222222"
""",
    "strategies",
)

MINUTE = 60_000
START = 1_795_412_520_000
SESSIONS = tuple(f"session-{n:08d}" for n in range(3))
IMPRESSIONS = tuple(f"impression_{n:06d}" for n in range(3))
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
)
BROKEN = (b"{", b"", b"null", b'{"at":5}', b'{"at":"x","beacon":{}}')

_TYPES = ("navigation", "load", "vitals", "event", "order")
_SLEEPS = (
    0,
    0,
    1,
    999,
    20_000,
    59_999,
    60_000,
    29 * MINUTE,
    30 * MINUTE,
    31 * MINUTE,
    5 * 3600_000,
)


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


GROUPS = _optional(
    page=_optional(label=st.sampled_from(["home", "product", "elsewhere"])),
    test=st.fixed_dictionaries(
        {"name": st.just("speed"), "group": st.sampled_from(["A", "B", "C"])}
    ),
    delivery=_optional(firstLoad=st.booleans(), served=st.booleans()),
    timers=_optional(
        lcp=st.sampled_from([0, 812.3, 100, 2500, 700_000]), hero=st.sampled_from([1.5, 3])
    ),
    event=st.just({"name": "error"}),
    order=st.fixed_dictionaries(
        {
            "id": st.sampled_from(["o-1", "o-2"]),
            "value": st.sampled_from([0, 5, 19.99]),
            "currency": st.sampled_from(["EUR", "JPY"]),
        }
    ),
    visitor=_optional(newToday=st.booleans()),
    browser=_optional(mobile=st.booleans(), webdriver=st.booleans()),
    transport=st.sampled_from(["fetchLater", "beacon", "xhr"]),
)


def encode(at: int, beacon: dict[str, Any], **envelope: Any) -> bytes:
    """The log line of a beacon."""
    return json.dumps({"at": at, **envelope, "beacon": beacon}).encode()


def beacon(seq: int = 0, kind: str = "navigation", **fields: Any) -> dict[str, Any]:
    """A beacon of the first impression of the first session, unless `fields` says otherwise."""
    return {
        "v": 1,
        "site": "shop",
        "session": SESSIONS[0],
        "impression": IMPRESSIONS[0],
        "seq": seq,
        "type": kind,
    } | fields


_BEACONS = st.builds(
    lambda site, session, impression, seq, kind, groups: beacon(
        seq, kind, site=site, session=session, impression=impression, **groups
    ),
    st.sampled_from(["shop", "shop", "kiosk", "nowhere"]),
    st.sampled_from(SESSIONS),
    st.sampled_from(IMPRESSIONS),
    st.integers(0, 3),
    st.sampled_from(_TYPES),
    GROUPS,
)
_ENVELOPES = _optional(ua=st.sampled_from(AGENTS), country=st.sampled_from(["DE", "FR"]))


@st.composite
def logs(draw: st.DrawFn, max_size: int = 24) -> list[bytes]:
    """A log whose time goes forward, but for a line now and then; some lines are broken."""
    at, lines = START, []
    for _ in range(draw(st.integers(1, max_size))):
        at += draw(st.sampled_from(_SLEEPS))
        if draw(st.integers(0, 11)) == 0:
            lines.append(draw(st.sampled_from(BROKEN)))
            continue
        late = draw(st.sampled_from([0] * 9 + [30_000, 90_000]))
        lines.append(encode(at - late, draw(_BEACONS), **draw(_ENVELOPES)))
    return lines


@st.composite
def logs_without_ties(draw: st.DrawFn) -> list[list[bytes]]:
    """A log by minutes in which no two lines claim the same: no seq twice, each impression its order."""
    minutes: list[list[bytes]] = []
    seqs = iter(range(64))
    for _ in range(draw(st.integers(1, 3))):
        start = START + len(minutes) * MINUTE
        lines = []
        for _ in range(draw(st.integers(1, 7))):
            fields = draw(_BEACONS) | {"seq": next(seqs)}
            if "order" in fields:
                names = (fields["site"], fields["session"], fields["impression"])
                fields["order"] = fields["order"] | {"id": "/".join(names)}
            at = start + draw(st.sampled_from([0, 1, 30_000, 59_999]))
            lines.append(encode(at, fields, **draw(_ENVELOPES)))
        minutes.append(lines)
    return minutes


def cuts(lines: list[bytes]) -> st.SearchStrategy[list[list[bytes]]]:
    """Ways to cut lines into batches, empty ones too."""
    places = st.lists(st.integers(0, len(lines)), max_size=5).map(sorted)
    return places.map(
        lambda at: [lines[a:b] for a, b in zip([0, *at], [*at, len(lines)], strict=True)]
    )
