"""Records of what a log holds and what came of it, one by one: for a lake, as JSON (`docs/spec/streams.md`).

Field by field they are named as documents name them. What is absent is left out: an empty text, a flag that
nobody has set. Times are ms since 1970, timers micro-units, revenue minor units.
"""

import msgspec

SESSION, IMPRESSION, ORPHAN = "session", "impression", "orphan"
"""Kinds of what ends."""

_NAMES = {"first_load": "firstLoad", "cache_hit": "cacheHit"}


class _Visit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_NAMES):
    """What sessions and impressions have in common: all dimensions, whether their site has chosen them or not.

    at: the boundary at which the session ended. It stands first, as in a line of a log.
    """

    at: int
    kind: str
    site: str
    session: str
    test: str = ""
    group: str = ""
    browser: str
    os: str
    device: str
    bot: str = ""
    country: str = ""
    label: str = ""
    release: str = ""
    navigation: str = ""
    first_load: bool | None = None
    served: bool | None = None
    cache_hit: bool | None = None


class SessionRecord(_Visit, frozen=True, kw_only=True, omit_defaults=True, rename=_NAMES):
    """A session that has ended, with the dimensions of its first counted impression.

    first, last: of its beacons; `seconds` between them.
    impressions: how many it has that count.
    """

    first: int
    last: int
    seconds: int
    impressions: int
    bounce: bool
    orders: int
    revenue: int


class ImpressionRecord(_Visit, frozen=True, kw_only=True, omit_defaults=True, rename=_NAMES):
    """An impression of a session that has ended, one that counts.

    session_first: the first beacon of its session, which with site and id tells it from all others.
    types: of its beacons.
    """

    session_first: int
    impression: str
    first: int
    last: int
    types: list[str]
    beacons: int
    events: int
    errors: int
    orders: int
    revenue: int
    new_today: bool | None = None
    new_this_month: bool | None = None
    timers: dict[str, int]


class OrphanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An impression that never counted: its lines have the issue `orphan`.

    at, session_first: as of an impression.
    seqs: of its lines.
    """

    at: int
    kind: str
    site: str
    session: str
    session_first: int
    impression: str
    first: int
    last: int
    seqs: list[int]


EndedRecord = SessionRecord | ImpressionRecord | OrphanRecord


class LineRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line that was folded.

    at: its time, raised where it was late.
    site: a declared one, else `?`.
    issues: all that it has but `orphan`, which is known when its session ends.
    browser, os, device, bot: what the line by itself says; absent where an issue is fatal.
    line: as it is in the log, where every reader takes it for a JSON object; else its `bytes`, in base64.
    """

    at: int
    site: str
    issues: list[str]
    browser: str = ""
    os: str = ""
    device: str = ""
    bot: str = ""
    line: msgspec.Raw = msgspec.Raw()
    bytes: bytes = b""
