"""What is wrong with log lines, for people who write a sender: lines enter, findings leave.

The issues are those that the engine finds, by the same normaliser; here they get words. Those that depend
on what came before, such as duplicates, cannot be found in a line alone. Nothing is kept from one call to
the next.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from bellrock.normalise import exact
from bellrock.schema import wire
from bellrock.schema.issue import DESCRIPTIONS, Issue
from bellrock.schema.site import Site

_ADVICE = {
    Issue.MALFORMED: "Send one JSON object, or an array of them, in UTF-8: no NaN, no comma at the end.",
    Issue.VERSION: "Set v to the number 1.",
    Issue.SCHEMA: "Send site, session, impression, seq and type, each in its form.",
    Issue.SITE_UNKNOWN: "Write the site's key as the sites file has it, or declare it: bellrock site add KEY.",
    Issue.FIELD: "Look at type, form and length of what is optional; leave out what you do not know.",
    Issue.TIMER_RANGE: "Send milliseconds from 0 to 600000, and cls from 0 to 100.",
    Issue.TIMER_UNDECLARED: "Name the timer in the site's timers, or do not send it.",
    Issue.TEST_UNDECLARED: "Declare test and group as [[site.test]], or send them as they are declared.",
    Issue.ORDER_CURRENCY: "Send the value in the currency that the site declares.",
}
_FORMS = {"site": wire.SITE, "session": wire.IDENTIFIER, "impression": wire.IDENTIFIER}
_FATAL = frozenset({Issue.MALFORMED, Issue.VERSION, Issue.SCHEMA, Issue.SITE_UNKNOWN})
_OF_A_FIELD = frozenset({Issue.VERSION, Issue.SCHEMA, Issue.FIELD})


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One issue: its code, whether the beacon is lost by it, what it means, what to do, and where it is."""

    code: Issue
    fatal: bool
    meaning: str
    advice: str
    detail: str = ""


class BeaconCheck:
    """Finds issues by what `sites` declares; it can be pickled, and shows no key of a site."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        """Follow what the mapping has at the time of a call."""
        self._sites = sites

    def __call__(self, lines: Sequence[bytes]) -> list[list[Finding]]:
        """The findings of each line."""
        # Not before it is asked: a collector that nobody asks does without numpy and the lists of user agents.
        from bellrock.names import Names
        from bellrock.normalise.block import Normaliser

        sites = {key: self._sites[key] for key in set(map(_site_of, lines)) & set(self._sites)}
        found: list[list[Finding]] = [[] for _ in lines]
        for issue in Normaliser(sites, Names())(lines).issues:
            found[issue.line].append(_finding(issue.issue, lines[issue.line]))
        return found


def _finding(issue: Issue, line: bytes) -> Finding:
    detail = _detail(line) if issue in _OF_A_FIELD else ""
    return Finding(issue, issue in _FATAL, DESCRIPTIONS[issue], _ADVICE[issue], detail)


def _detail(line: bytes) -> str:
    """Where the first field is that is not as it should be, if the decoder can tell."""
    try:
        beacon = msgspec.json.decode(line, type=wire.Line).beacon
    except msgspec.DecodeError as error:
        # A field that is not known is no mistake.
        return "" if "unknown field" in str(error) else str(error).replace("$.beacon", "$")
    for name, form in _FORMS.items():
        if not re.match(form, getattr(beacon, name)):
            return f"{name} does not match {form}"
    return ""


def _site_of(line: bytes) -> str:
    document = exact.parse(line)
    beacon = document.get("beacon") if isinstance(document, dict) else None
    site = beacon.get("site") if isinstance(beacon, dict) else None
    return site if isinstance(site, str) else ""
