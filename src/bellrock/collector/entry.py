"""A log line but for its time: an element and what its headers said enter, JSON text leaves.

Nothing that identifies a person is added: no address, no cookie, no header but these.
"""

import codecs
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from bellrock.collector.elements import Element
from bellrock.collector.limits import RAW_BYTES, USER_AGENT_CHARACTERS

_country = re.compile("[A-Z]{2}")
_utf8 = codecs.getincrementaldecoder("utf-8")


class Sender(NamedTuple):
    """What the headers of a request say about its sender."""

    user_agent: str
    country: str
    gpc: bool
    objects: bool  # by Global Privacy Control or by Do Not Track


def read_sender(headers: Mapping[bytes, bytes], country_header: bytes | None) -> Sender:
    """Read the headers; `country_header` is the trusted one, in lower case, if there is one."""
    country = headers.get(country_header, b"") if country_header else b""
    place = country.decode("ascii", "replace").strip().upper()
    gpc = headers.get(b"sec-gpc") == b"1"
    return Sender(
        user_agent=headers.get(b"user-agent", b"").decode("utf-8", "replace"),
        country=place if _country.fullmatch(place) else "",
        gpc=gpc,
        objects=gpc or headers.get(b"dnt") == b"1",
    )


def entry(element: Element, sender: Sender) -> bytes:
    """Return the log line of an element as `bellrock.log.stamp` wants it, without brace and time.

    `,"ua":"x","country":"DE","gpc":false,"beacon":{}}` or `,"ua":"x","raw":"x"}`; an unknown user
    agent or country is left out.
    """
    parts = []
    if sender.user_agent:
        parts.append(b',"ua":' + msgspec.json.encode(sender.user_agent[:USER_AGENT_CHARACTERS]))
    if not element.is_beacon:
        parts.append(b',"raw":' + msgspec.json.encode(shorten(element.text)) + b"}")
        return b"".join(parts)
    if sender.country:
        parts.append(b',"country":"' + sender.country.encode() + b'"')
    parts.append(b',"gpc":true,"beacon":' if sender.gpc else b',"gpc":false,"beacon":')
    parts.append(element.text)
    parts.append(b"}")
    return b"".join(parts)


def shorten(text: bytes) -> str:
    """Return the first 4 KiB as text: whole characters, what is not UTF-8 as U+FFFD."""
    characters = _utf8("replace").decode(text[:RAW_BYTES], final=len(text) <= RAW_BYTES)
    return characters.encode()[:RAW_BYTES].decode("utf-8", "ignore")
