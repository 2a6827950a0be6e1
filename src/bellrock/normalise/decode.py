"""One log line -> `wire.Line` and its issues: the fast path, and the slow one for what it refuses."""

import re

import msgspec

from bellrock.normalise import exact
from bellrock.schema import wire
from bellrock.schema.issue import Issue

_decode = msgspec.json.Decoder(wire.Line).decode
_BLANK = b" \t\r\n"


def decode_line(line: bytes) -> tuple[wire.Line, set[Issue]]:
    """Usable fields and issues of one line; raises `exact.Refused` with the fatal issue.

    The typed decoder skips unknown fields without looking at their UTF-8 or counting their depth, so
    lines in which that could matter go the slow path too.
    """
    try:
        if line.count(b"{") + line.count(b"[") <= exact.MAX_DEPTH:
            line.decode()
            return _decode(line), set()
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    return exact.read_line(line)


def session_of(line: bytes) -> str | None:
    """The session that a line names, None where it names none that is usable: what it is sharded by."""
    try:
        return decode_line(line)[0].beacon.session
    except exact.Refused:
        document = exact.parse(line)
        beacon = document.get("beacon") if isinstance(document, dict) else None
        session = beacon.get("session") if isinstance(beacon, dict) else None
        usable = isinstance(session, str) and re.match(wire.IDENTIFIER, session)
        return session if usable else None


def is_blank(line: bytes) -> bool:
    """Blank lines are no lines."""
    return not line.strip(_BLANK)
