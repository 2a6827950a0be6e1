"""A log line but for its time: an element and what its headers said enter, JSON text leaves.

Nothing that identifies a person is added: no address, no cookie, no header but these.
"""

import codecs
import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from bellrock.collector.elements import Element
from bellrock.collector.limits import RAW_BYTES, USER_AGENT_CHARACTERS

_AGENTS = 1024  # user agents repeat
_country = re.compile("[A-Za-z]{2}")
_utf8 = codecs.getincrementaldecoder("utf-8")


class Sender(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a request's sender."""

    user_agent: str
    country: str
    gpc: bool
    objects: bool  # by Global Privacy Control or by Do Not Track


def read_sender(headers: Mapping[bytes, bytes], country: str = "") -> Sender:
    """Read the headers; `country` is what is known of where they come from."""
    gpc = headers.get(b"sec-gpc") == b"1"
    agent = headers.get(b"user-agent", b"").decode("utf-8", "replace")
    place = country.upper() if _country.fullmatch(country) else ""
    return Sender(agent, place, gpc, gpc or headers.get(b"dnt") == b"1")


def entry(element: Element, sender: Sender) -> bytes:
    """Return the log line of an element as `bellrock.log.stamp` wants it, without brace and time.

    `,"ua":"x","country":"DE","gpc":false,"beacon":{}}` or `,"ua":"x","raw":"x"}`; an unknown user
    agent or country is left out.
    """
    parts = [_agent(sender.user_agent[:USER_AGENT_CHARACTERS])]
    if not element.is_beacon:
        parts.append(b',"raw":' + msgspec.json.encode(shorten(element.text)) + b"}")
        return b"".join(parts)
    if sender.country:
        parts.append(b',"country":"' + sender.country.encode() + b'"')
    parts.append(b',"gpc":true,"beacon":' if sender.gpc else b',"gpc":false,"beacon":')
    parts.append(element.text)
    parts.append(b"}")
    return b"".join(parts)


@lru_cache(_AGENTS)
def _agent(text: str) -> bytes:
    return b',"ua":' + msgspec.json.encode(text) if text else b""


def shorten(text: bytes) -> str:
    """Return the first 4 KiB as text: whole characters, what is not UTF-8 as U+FFFD."""
    characters = _utf8("replace").decode(text[:RAW_BYTES], final=len(text) <= RAW_BYTES)
    return characters.encode()[:RAW_BYTES].decode("utf-8", "ignore")
