"""Log lines -> `wire.Line`: the fast path, and the slow one for what it refuses.

Enters: lines in their order. Leaves: of those that are not blank the time, and of those that are beacons
every usable field; issues. What always holds: both paths read a line alike, so only speed depends on which
one it took.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bellrock.normalise import exact
from bellrock.schema import wire
from bellrock.schema.impression import ID
from bellrock.schema.issue import NO_SITE, Issue

_decode = msgspec.json.Decoder(wire.Line).decode
_BLANK = b" \t\r\n"
_CASE = 0xDF  # without this bit "{" is "["

_SHORTEST, _LONGEST = 16, ID.itemsize
_IN_IDENTIFIER = np.zeros(256, dtype=np.bool_)
_IN_IDENTIFIER[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] = True
_SITE = re.compile(wire.SITE)


class LineIssue(NamedTuple):
    """An issue of line `line` of the block; `site` is what the line names, `NO_SITE` where it names none."""

    line: int
    site: str
    issue: Issue


class Decoded(NamedTuple):
    """Lines that are not blank: `at` in ms since 1970, `UNTIMED` where there is none, shape (lines,).

    Of those that are beacons: `beacons`, the number of each in `line`, its ids in `sessions` and
    `impressions`, all of shape (beacons,).
    """

    at: NDArray[np.int64]
    beacons: list[wire.Line]
    line: NDArray[np.int64]
    sessions: NDArray[np.bytes_]
    impressions: NDArray[np.bytes_]
    issues: list[LineIssue]


def decode_lines(lines: Sequence[bytes]) -> Decoded:
    """Decode a block of lines, each without its newline."""
    lines = [line for line in lines if line.strip(_BLANK)]
    doubtful = _doubtful(lines)
    beacons, numbers, issues = [], [], []
    at = np.full(len(lines), wire.UNTIMED, dtype=np.int64)
    for number, raw in enumerate(lines):
        try:
            if number not in doubtful:
                beacons.append(_decode(raw))
                numbers.append(number)
                continue
        except msgspec.DecodeError:
            pass
        try:
            line, found = exact.read_line(raw)
        except exact.Refused as refused:
            at[number] = wire.UNTIMED if refused.at is None else refused.at
            issues.append(LineIssue(number, refused.site or NO_SITE, refused.issue))
        else:
            beacons.append(line)
            numbers.append(number)
            issues += [LineIssue(number, line.beacon.site, issue) for issue in found]
    of = np.array(numbers, dtype=np.int64)
    at[of] = [line.at for line in beacons]
    # The forms of many ids at once are looked at much faster than in the decoder.
    sessions, formed = _identifiers([line.beacon.session for line in beacons])
    impressions, also_formed = _identifiers([line.beacon.impression for line in beacons])
    formed &= also_formed
    sites = [line.beacon.site for line in beacons]
    if misnamed := {site for site in set(sites) if not _SITE.match(site)}:
        formed &= [site not in misnamed for site in sites]
    decoded = Decoded(at, beacons, of, sessions, impressions, issues)
    return refuse(decoded, formed, Issue.SCHEMA)


def route_of(line: bytes) -> tuple[int | None, str | None]:
    """The time and the session that a line names: how far it moves time, and what it is sharded by.

    Either is None where the line names none that is usable, whatever else is wrong with it.
    """
    decoded = decode_lines([line])
    if decoded.beacons:
        return decoded.beacons[0].at, decoded.beacons[0].beacon.session
    document = exact.parse(line)
    beacon = document.get("beacon") if isinstance(document, dict) else None
    session = beacon.get("session") if isinstance(beacon, dict) else None
    usable = isinstance(session, str) and re.match(wire.IDENTIFIER, session)
    at = int(decoded.at[0]) if len(decoded.at) else wire.UNTIMED
    return None if at == wire.UNTIMED else at, session if usable else None


def _doubtful(lines: Sequence[bytes]) -> AbstractSet[int]:
    """Lines in which the typed decoder could overlook something.

    It skips unknown fields without looking at their UTF-8 or counting their depth.
    """
    block = b"\n".join(lines)
    opening = np.flatnonzero((np.frombuffer(block, np.uint8) & _CASE) == ord("["))
    ends = np.cumsum([len(line) + 1 for line in lines])
    openings = np.diff(np.searchsorted(opening, ends), prepend=0)
    doubtful = set(np.flatnonzero(openings > exact.MAX_DEPTH).tolist())
    if not _is_utf8(block):
        doubtful |= {number for number, line in enumerate(lines) if not _is_utf8(line)}
    return doubtful


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def refuse(decoded: Decoded, fine: NDArray[np.bool_], issue: Issue) -> Decoded:
    """Take out the beacons that are not `fine`, shape (beacons,), for a fatal issue; they have no other."""
    if fine.all():
        return decoded
    refused = {
        number: line.beacon.site
        for number, line, kept in zip(
            decoded.line.tolist(), decoded.beacons, fine.tolist(), strict=True
        )
        if not kept
    }
    return Decoded(
        decoded.at,
        [line for line, kept in zip(decoded.beacons, fine.tolist(), strict=True) if kept],
        decoded.line[fine],
        decoded.sessions[fine],
        decoded.impressions[fine],
        [found for found in decoded.issues if found.line not in refused]
        + [LineIssue(number, site, issue) for number, site in refused.items()],
    )


def _identifiers(texts: Sequence[str]) -> tuple[NDArray[np.bytes_], NDArray[np.bool_]]:
    """Texts as ids, and which of them have the form of one."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    try:
        ids = np.array(texts, dtype=ID)
    except UnicodeEncodeError:
        ids = np.array([text if text.isascii() else "" for text in texts], dtype=ID)
    fitting = _IN_IDENTIFIER[ids.view(np.uint8).reshape(len(texts), _LONGEST)].sum(axis=1)
    return ids, (fitting == lengths) & (lengths >= _SHORTEST) & (lengths <= _LONGEST)
