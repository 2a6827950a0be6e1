"""What people who object leave behind: a beacon's text enters, what the site may keep of it leaves.

A person objects by Global Privacy Control or Do Not Track. What is kept stays as it was sent, byte
for byte; only whole members are taken out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bellrock.collector.config import Policy

_space = re.compile(r"[ \t]*")
# Numbers are not needed here, and may be longer than Python converts.
_reader = json.JSONDecoder(parse_int=lambda _: 0, parse_float=lambda _: 0)


class _Member(NamedTuple):
    name: str
    value: Any
    text: str  # as it was sent: name, colon, value
    value_text: str


def respect_objection(beacon: bytes, policies: Mapping[str, Policy]) -> bytes | None:
    """Return what may be kept of a beacon whose sender objects; None if nothing.

    `drop` keeps nothing, `anonymous` all but `visitor` and `test.rb`, `ignore` everything; so does
    a site without a policy. The beacon is a valid JSON object without line ends.
    """
    members = list(_members(beacon.decode()))
    site = {member.name: member.value for member in members}.get("site")
    policy = policies.get(site, "ignore") if isinstance(site, str) else "ignore"
    if policy == "drop":
        return None
    if policy == "anonymous":
        kept = (_without_split(member) for member in members if member.name != "visitor")
        return f"{{{','.join(kept)}}}".encode()
    return beacon


def _without_split(member: _Member) -> str:
    """Return a member's text; that of `test` without `rb`, which tells visitors apart."""
    if member.name != "test" or not isinstance(member.value, dict):
        return member.text
    kept = [inner.text for inner in _members(member.value_text) if inner.name != "rb"]
    return f'"test":{{{",".join(kept)}}}'


def _members(text: str) -> Iterator[_Member]:
    position = _skip_space(text, 1)
    while text[position] != "}":
        start = position
        name, position = _reader.raw_decode(text, start)
        value_start = _skip_space(text, _skip_space(text, position) + 1)
        value, position = _reader.raw_decode(text, value_start)
        yield _Member(name, value, text[start:position], text[value_start:position])
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)


def _skip_space(text: str, position: int) -> int:
    match = _space.match(text, position)
    return match.end() if match else position
