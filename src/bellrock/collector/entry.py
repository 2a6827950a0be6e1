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

_SENDERS = 1024  # they say much alike
_AGENT_BYTES = 4 * USER_AGENT_CHARACTERS  # no character has more
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
    agent = headers.get(b"user-agent", b"")[:_AGENT_BYTES]
    # Before it is remembered: a header may be long.
    place = country.upper() if _country.fullmatch(country) else ""
    return _sender(agent, place, gpc=gpc, objects=gpc or headers.get(b"dnt") == b"1")


@lru_cache(_SENDERS)
def _sender(agent: bytes, country: str, *, gpc: bool, objects: bool) -> Sender:
    return Sender(agent.decode("utf-8", "replace")[:USER_AGENT_CHARACTERS], country, gpc, objects)


def entry(element: Element, sender: Sender) -> bytes:
    """Return the log line of an element as `bellrock.log.stamp` wants it, without brace and time.

    `,"ua":"x","country":"DE","gpc":false,"beacon":{}}` or `,"ua":"x","raw":"x"}`; an unknown user
    agent or country is left out.
    """
    agent, said = _openings(sender)
    if element.is_beacon:
        return b"".join((agent, said, element.text, b"}"))
    return agent + b',"raw":' + msgspec.json.encode(shorten(element.text)) + b"}"


@lru_cache(_SENDERS)
def _openings(sender: Sender) -> tuple[bytes, bytes]:
    """What stands before every element of a sender, and before a beacon alone."""
    agent, country = map(msgspec.json.encode, (sender.user_agent, sender.country))
    return (
        b',"ua":' + agent if sender.user_agent else b"",
        (b',"country":' + country if sender.country else b"")
        + (b',"gpc":true,"beacon":' if sender.gpc else b',"gpc":false,"beacon":'),
    )


def shorten(text: bytes) -> str:
    """Return the first 4 KiB as text: whole characters, what is not UTF-8 as U+FFFD."""
    characters = _utf8("replace").decode(text[:RAW_BYTES], final=len(text) <= RAW_BYTES)
    return characters.encode()[:RAW_BYTES].decode("utf-8", "ignore")
