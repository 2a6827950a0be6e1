"""What must be in the log of one body, from the rules of docs/spec/beacon.md alone: no code of the collector.

It reads with Python's own `gzip` and `json`. What these cannot tell, such as what is nested deeper than they
recurse, is not judged: then only what holds for every body is checked.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum, auto
from typing import Any, NamedTuple, NoReturn

_DEPTH, _ELEMENTS, _RAW, _UNPACKED, _AGENT = 62, 100, 4096, 256 * 1024, 512
_WHOLE = _RAW - 4  # a shorter text was not cut: cutting leaves no more than a character out
_COUNTRY = re.compile("[A-Z][A-Z]")
_SPACE = b" \t\r\n"
_AS_SPACE = bytes.maketrans(b"\r\n", b"  ")


class Kind(Enum):
    """What an element is."""

    BEACON = auto()
    VALUE = auto()  # JSON, but no object, or nested too deep
    TEXT = auto()  # no JSON


class Element(NamedTuple):
    """One element; `value` is what its JSON says, or its text."""

    kind: Kind
    value: Any


class Expected(NamedTuple):
    """The elements of a body, None for too many or too large; and the text where they stand."""

    elements: list[Element] | None
    source: bytes


def expect(body: bytes, encoding: bytes) -> Expected | None:
    """What a body must become; None where this cannot tell."""
    source = body
    if encoding.strip().lower() in {b"gzip", b"x-gzip"}:
        with suppress(OSError, EOFError, zlib.error):  # what is not really packed is kept as it is
            source = gzip.decompress(body)
        if source != body and body.endswith(b"\0"):
            return None  # `gzip` passes over zeros at the end, the collector does not
    return Expected(None, source) if len(source) > _UNPACKED else _split(source)


def verify(entry: bytes, element: Element, source: bytes, headers: Mapping[bytes, bytes]) -> None:
    """Hold a line against the element that it must be."""
    assert b"\n" not in entry
    line = _read((b'{"at":1' + entry).decode())
    assert line.pop("at") == _Number("1")
    agent = headers.get(b"user-agent", b"").decode("utf-8", "replace")[:_AGENT]
    assert line.pop("ua", "") == agent
    if element.kind is Kind.BEACON:
        country = headers.get(b"cf-ipcountry", b"").decode("ascii", "replace").strip().upper()
        assert line.pop("country", None) == (country if _COUNTRY.fullmatch(country) else None)
        assert line.pop("gpc") == (headers.get(b"sec-gpc") == b"1")
        assert line.pop("beacon") == element.value
        assert entry.partition(b',"beacon":')[2][:-1] in source.translate(_AS_SPACE)
    else:
        _verify_raw(line.pop("raw"), element, source)
    assert not line


def _verify_raw(raw: str, element: Element, source: bytes) -> None:
    size = len(raw.encode())
    assert size <= _RAW
    if element.kind is Kind.TEXT:
        assert element.value.startswith(raw)
        assert raw == element.value or size > _WHOLE
    else:
        assert raw.encode() in source
        assert size > _WHOLE or _read(raw) == element.value


def _split(source: bytes) -> Expected | None:
    maybe_deep = source.count(b"{") + source.count(b"[") > _DEPTH
    try:
        value = _read(source.strip(_SPACE).decode())
    except RecursionError:
        return None
    except ValueError:
        # What is too deep, or has too many elements, is not read on: whether it is JSON is not asked.
        if maybe_deep or source.count(b",") >= _ELEMENTS:
            return None
        return Expected([Element(Kind.TEXT, source.decode("utf-8", "replace"))], source)
    values = value if isinstance(value, list) else [value]
    if len(values) > _ELEMENTS:
        return Expected(None, source)
    elements = [Element(_kind(each, maybe_deep=maybe_deep), each) for each in values]
    if maybe_deep and source.count(b'":') != sum(map(_members, values)):
        return (
            None  # of two members with one name only the last was read, and the other may be deep
        )
    return Expected(elements, source)


def _kind(value: Any, *, maybe_deep: bool) -> Kind:
    is_beacon = isinstance(value, dict) and not (maybe_deep and _depth(value) > _DEPTH)
    return Kind.BEACON if is_beacon else Kind.VALUE


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _depth(value: Any) -> int:
    """How many levels of objects and arrays a value has, itself included."""
    level = isinstance(value, dict | list)
    return level + max(map(_depth, _inner(value)), default=0)


def _members(value: Any) -> int:
    """How many members all of its objects have."""
    own = len(value) if isinstance(value, dict) else 0
    return own + sum(map(_members, _inner(value)))


def _read(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


class _Number(str):
    """A number as it was written, which is not the text that looks like it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Number) and str.__eq__(self, other)

    __hash__ = str.__hash__
