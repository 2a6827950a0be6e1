"""One log line, its issues, and its beacon.

In: the parsed line, the sites by key. Out: a `Line`: its `at` as sent, its issues, and the beacon
if no issue is fatal. Always: stateless; at most one fatal issue, and then no other; a field issue
nulls one field and keeps the rest.
"""

import re
from dataclasses import dataclass

from reference.beacon import Beacon, read_beacon
from reference.exact import is_absent, is_integer

YEAR_10000 = 253_402_300_800_000
UNKNOWN_SITE = "?"

SITE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
TYPES = ("navigation", "load", "vitals", "event", "order")

Sites = dict[str, dict[str, object]]


@dataclass
class Line:
    """A line after normalising.

    `at` is None where the line has none of its own; `beacon` is None where an issue is fatal.
    """

    at: int | None
    site: str
    issues: set[str]
    beacon: Beacon | None


def normalise(line: dict[str, object] | None, sites: Sites) -> Line:
    """Judge a parsed line (None: it was no JSON object)."""
    if line is None or not is_integer(line.get("at"), 0, YEAR_10000 - 1):
        return Line(None, UNKNOWN_SITE, {"malformed"}, None)
    at = int(line["at"])  # type: ignore[call-overload]
    beacon = line.get("beacon")
    site = _declared_site(beacon, sites)
    fatal = _fatal_issue(line, sites)
    if fatal is not None:
        return Line(at, site, {fatal}, None)
    issues: set[str] = set()
    assert isinstance(beacon, dict)
    return Line(at, site, issues, read_beacon(line, beacon, sites[site], issues))


def _declared_site(beacon: object, sites: Sites) -> str:
    if isinstance(beacon, dict):
        site = beacon.get("site")
        if isinstance(site, str) and site in sites:
            return site
    return UNKNOWN_SITE


def _fatal_issue(line: dict[str, object], sites: Sites) -> str | None:
    beacon = line.get("beacon")
    if not is_absent(line.get("raw")) or not isinstance(beacon, dict):
        return "malformed"
    if not is_integer(beacon.get("v"), 1, 1):
        return "version"
    if not _matches(SITE, beacon.get("site")):
        return "schema"
    if not _matches(IDENTIFIER, beacon.get("session")):
        return "schema"
    if not _matches(IDENTIFIER, beacon.get("impression")):
        return "schema"
    if not is_integer(beacon.get("seq"), 0, 63):
        return "schema"
    if beacon.get("type") not in TYPES:
        return "schema"
    if beacon["site"] not in sites:
        return "site.unknown"
    return None


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
