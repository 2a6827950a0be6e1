"""Log lines -> `wire.Line`: the fast path, and the slow one for what it refuses.

Enters: lines in their order. Leaves: of those that are not blank the time, and of those that are beacons
every usable field; issues. What always holds: both paths read a line alike, so only speed depends on which
one it took.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import length_hint
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
_SHORTEST, _LONGEST = 16, ID.itemsize
_IN_IDENTIFIER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_identifier = re.compile(wire.IDENTIFIER)


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
    beacons: list[wire.Line] = []
    refused: dict[int, int] = {}  # the time of each by its number
    issues: list[LineIssue] = []
    rest = iter(lines)
    while (raw := _decode_some(rest, lines, beacons)) is not None:
        if not raw.strip(_BLANK):
            continue
        number = len(beacons) + len(refused)
        try:
            line, found = exact.read_line(raw)
        except exact.Refused as fatal:
            issues.append(LineIssue(number, fatal.site or NO_SITE, fatal.issue))
            refused[number] = wire.UNTIMED if fatal.at is None else fatal.at
        else:
            issues += [LineIssue(number, line.beacon.site, issue) for issue in found]
            beacons.append(line)
    times = np.empty(len(beacons) + len(refused), np.int64)
    numbers = np.delete(np.arange(len(times)), list(refused))
    times[numbers] = [line.at for line in beacons]
    times[list(refused)] = list(refused.values())
    sessions, formed = _identifiers([line.beacon.session for line in beacons])
    impressions, also_formed = _identifiers([line.beacon.impression for line in beacons])
    decoded = Decoded(times, beacons, numbers, sessions, impressions, issues)
    return refuse(decoded, formed & also_formed, Issue.SCHEMA)


def _decode_some(
    rest: Iterator[bytes], lines: Sequence[bytes], beacons: list[wire.Line]
) -> bytes | None:
    """Add what the rest of the lines says to `beacons`, until the decoder refuses a line, which is returned."""
    try:
        beacons.extend(map(_decode, rest))  # what was there before an error stays
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lines[-1 - length_hint(rest)]
    return None


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
    usable = isinstance(session, str) and _identifier.match(session)
    at = int(decoded.at[0]) if len(decoded.at) else wire.UNTIMED
    return None if at == wire.UNTIMED else at, session if usable else None


def first_time(lines: Iterable[bytes]) -> int | None:
    """The time of the first line that has one."""
    return next((at for at, _ in map(route_of, lines) if at is not None), None)


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
    letters = "".join(texts).encode(errors="replace")
    if not letters.translate(None, delete=_IN_IDENTIFIER):
        # Letters that are all fine are seen at once, much faster than in the decoder.
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        formed = (lengths >= _SHORTEST) & (lengths <= _LONGEST)
        if formed.any() and (lengths == lengths[0]).all():
            # As those of one tracker are: they lie side by side.
            return np.frombuffer(letters, f"S{lengths[0]}").astype(ID), formed
    else:
        formed = np.array([bool(_identifier.match(text)) for text in texts])
        texts = [text if fine else "" for text, fine in zip(texts, formed.tolist(), strict=True)]
    return np.array(texts, dtype=ID), formed
