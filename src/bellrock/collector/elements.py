"""The JSON elements of a body: bytes enter, the texts of its beacons leave, byte for byte.

JSON is RFC 8259 in UTF-8 without a byte order mark. msgspec splits and checks what browsers really
send; what it refuses is looked at again, because it also refuses escapes of lone surrogates, which
are JSON. Nothing here recurses deeper than `DEPTH` levels on what a stranger sent.
"""

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NoReturn

import msgspec

from bellrock.collector.limits import DEPTH, ELEMENTS, TooLarge

_SPACE = b" \t\n\r"
_ENDS_OF_LINE = bytes.maketrans(b"\n\r", b"  ")
# The closing quote is optional so that a quote always matches: the search stays linear.
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"?'
_strings = re.compile(_STRING, re.DOTALL)
_structure = re.compile(_STRING + rb"|[\[{]+|[\]}]+|,", re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LEVELS = [0] * 256
_LEVELS[ord("[")] = _LEVELS[ord("{")] = 1
_LEVELS[ord("]")] = _LEVELS[ord("}")] = -1


class _Named(msgspec.Struct, gc=False):
    site: str = ""


_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)
_named = msgspec.json.Decoder(_Named)


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element of a body: a beacon's JSON text without line ends, or any other text.

    `site` is the one that a beacon names, of two the last; empty where it names none that could be read.
    """

    text: bytes
    is_beacon: bool
    site: str = ""


class _NotJson(Exception):
    """A text is not JSON."""


def elements(body: bytes) -> list[Element]:
    """Split a body into its elements: those of its array, or itself.

    A body that is not JSON is one element that is no beacon. Raises TooLarge for an array of more
    than 100 elements.
    """
    try:
        if not body.isascii():
            body.decode()
        stripped = body.strip(_SPACE)
        if stripped[:1] != b"[":
            return [_element(stripped)]
        return [_element(text) for text in _texts(stripped)]
    except (UnicodeDecodeError, _NotJson):
        return [Element(body, is_beacon=False)]


def _element(text: bytes) -> Element:
    if _is_deep(text):
        return Element(text, is_beacon=False)
    site = _checked(text)
    is_beacon = text[:1] == b"{"
    if is_beacon and (b"\n" in text or b"\r" in text):
        # Outside of strings, where JSON has none, an end of line is a space: a log line must have none.
        text = text.translate(_ENDS_OF_LINE)
    return Element(text, is_beacon, site)


def _texts(array: bytes) -> list[bytes]:
    try:
        texts = [bytes(text) for text in _array.decode(array)]
    except (msgspec.DecodeError, RecursionError):
        texts = _cut(array)
    if len(texts) > ELEMENTS:
        raise TooLarge
    return texts


def _cut(array: bytes) -> list[bytes]:
    """Cut an array at its own commas; whether the pieces are JSON is for the caller to check."""
    if not array.endswith(b"]"):
        raise _NotJson
    cuts = list(_commas(array))
    starts, ends = [1, *(cut + 1 for cut in cuts)], [*cuts, len(array) - 1]
    return [array[start:end].strip(_SPACE) for start, end in zip(starts, ends, strict=True)]


def _commas(array: bytes) -> Iterator[int]:
    level = commas = 0
    for match in _structure.finditer(array):
        token = match[0]
        level += _LEVELS[token[0]] * len(token)
        if token == b"," and level == 1:
            commas += 1
            if commas >= ELEMENTS:
                raise TooLarge
            yield match.start()


def _checked(text: bytes) -> str:
    """The site that a text names; raises _NotJson. To look for it costs no more than to check the text."""
    try:
        return _named.decode(text).site
    except msgspec.DecodeError:
        try:
            _value.decode(text)
        except msgspec.DecodeError:
            _check_again(text)
        return ""


def _is_deep(text: bytes) -> bool:
    # Few beacons have an array, and to see that there is none is quicker than to count.
    if text.count(b"{") + (text.count(b"[") if b"[" in text else 0) <= DEPTH:
        return False
    brackets = _strings.sub(b"", text).translate(None, _NO_BRACKETS)
    return any(map(DEPTH.__lt__, accumulate(map(_LEVELS.__getitem__, brackets))))


def _refuse(_constant: str) -> NoReturn:
    raise _NotJson


def _ignore(_number: str) -> int:
    return 0


# NaN is not JSON, and numbers of any length are.
_patient = json.JSONDecoder(parse_constant=_refuse, parse_int=_ignore, parse_float=_ignore)


def _check_again(text: bytes) -> None:
    try:
        _patient.decode(text.decode())
    except json.JSONDecodeError:
        raise _NotJson from None
