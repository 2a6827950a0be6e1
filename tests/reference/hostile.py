"""Hostile lines: what a stranger, a bug or a cut connection puts into a log.

In: a well-formed line as a dict, a random source. Out: bytes that differ from it in one or two
ways, anything from a value of the wrong type to a line that is no JSON at all.
"""

import copy
import json
from random import Random
from typing import Any

# As JSON text, because some of these cannot be said with Python values.
WRONG_VALUES = (
    "null", '""', "true", "false", "0", "-0", "-1", "1", "1.0", "1e0", "1.5", "63.0", "64",
    "1e400", "-1e400", "9223372036854775808", "1e-400", "123456789012345678901234567890",
    '"1"', '"true"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '" "', '"\u00e9"', '"\uff11"',
    "[]", "{}", '[{"name":"speed"}]', '{"":null}', '"x"', '"\\n"', "600000", "600000.0000001",
    "100", "100.00000001", "0.0005", "10000000", "10000000.01", "2.675",
)  # fmt: skip
LONG_TEXTS = (32, 33, 64, 65, 128, 129, 512, 513, 2048, 2049)
RAW_LINES: tuple[bytes, ...] = (
    b"", b" ", b"\t\r", b"\r", b"\x0b", b"\xc2\xa0", b"null", b"true", b"5", b'"text"', b"[]",
    b"{}", b"{", b"}", b"[[[", b"NaN", b"\xef\xbb\xbf", b"\xef\xbb\xbf{}", b"\x00", b"\xff\xfe",
    b"{'at':1}", b'{"at":1,}', b'{"at":01}', b'{"at":+1}', b'{"at":.5}', b'{"at":1.}', b"<html>",
    b'{"at":"',
    b'{"at":NaN}', b'{"at":Infinity}', b'{"at":null,"raw":"x"}', b'{"at":true,"raw":"x"}',
    b'{"at":"1795412520000","raw":"x"}', b'{"at":-1,"raw":"x"}', b'{"at":-0,"raw":"x"}',
    b'{"at":253402300800000,"raw":"x"}', b'{"at":1e400,"raw":"x"}', b'{"at":0.5}', b'{"at":0}{}',
)  # fmt: skip
FIELDS: tuple[tuple[str, ...], ...] = (
    ("v",), ("site",), ("session",), ("impression",), ("seq",), ("type",),
    ("page",), ("page", "url"), ("page", "referrer"), ("page", "label"), ("page", "navigation"),
    ("page", "release"), ("test",), ("test", "name"), ("test", "group"), ("test", "rb"),
    ("delivery",), ("delivery", "served"), ("delivery", "firstLoad"), ("delivery", "cacheHit"),
    ("delivery", "enabled"), ("delivery", "swSupported"), ("timers",), ("timers", "lcp"),
    ("timers", "cls"), ("timers", "hero"), ("timers", "nowhere"), ("event",), ("event", "name"),
    ("event", "value"), ("event", "props"), ("event", "props", "colour"), ("event", "props", ""),
    ("order",), ("order", "id"), ("order", "value"), ("order", "currency"), ("order", "items"),
    ("visitor",), ("visitor", "newToday"), ("visitor", "newThisMonth"), ("browser",),
    ("browser", "mobile"), ("browser", "webdriver"), ("browser", "platform"), ("browser", "width"),
    ("transport",), ("sentAt",), ("unknown",),
)  # fmt: skip
MARK = "\u2316"


def wrong_value(random: Random) -> str:
    """A value, as JSON text, that is right in few places."""
    if random.random() < 0.15:
        return json.dumps(random.choice("x\U0001f6d2\u00e9") * random.choice(LONG_TEXTS))
    return random.choice(WRONG_VALUES)


def spoil_field(line: dict[str, Any], random: Random) -> bytes:
    """Put a wrong value into one field of the beacon."""
    spoilt = copy.deepcopy(line)
    path = random.choice(FIELDS)
    place = spoilt["beacon"]
    for name in path[:-1]:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[path[-1]] = MARK
    return _text(spoilt, wrong_value(random), random)


def spoil_envelope(line: dict[str, Any], random: Random) -> bytes:
    """Spoil what the collector wrote around the beacon, or leave the beacon out."""
    spoilt = copy.deepcopy(line)
    field = random.choice(("raw", "raw", "beacon", "gpc", "country", "at", "ua"))
    if field == "at":
        spoilt["at"] = random.choice([str(line["at"]), line["at"] + 0.5, True, None, [line["at"]]])
        return _text(spoilt, "0", random)
    if field == "country":
        spoilt["country"] = random.choice(["de", "DEU", "D", "", "\uff24\uff25", None])
        return _text(spoilt, "0", random)
    if field == "beacon" and random.random() < 0.3:
        del spoilt["beacon"]
        return _text(spoilt, "0", random)
    spoilt[field] = MARK
    if field == "ua":
        return _text(spoilt, wrong_value(random), random)
    return _text(spoilt, random.choice(("null", '""', '"x"', "5", "{}", "true")), random)


def repeat_key(line: dict[str, Any], random: Random) -> bytes:
    """Say a key twice, the first time with a wrong value: the last one holds."""
    name = random.choice(("at", "beacon", "ua", "country"))
    text = json.dumps(line)
    if name in ("at", "beacon") or name in line:
        return f'{{"{name}":{wrong_value(random)},{text[1:]}'.encode()
    inner = random.choice(("v", "site", "seq", "type"))
    beacon = json.dumps(line["beacon"])
    return text.replace(beacon, f'{{"{inner}":{wrong_value(random)},{beacon[1:]}').encode()


def nest(line: dict[str, Any], random: Random) -> bytes:
    """Nest an unknown field: level 64 is the last that is JSON."""
    levels = random.choice((60, 61, 62, 63, 100, 2000, 100_000))
    opening, closing = random.choice((("[", "]"), ('{"x":', "}")))
    inside = "0" if opening != "[" else ""
    deep = opening * levels + inside + closing * levels
    spoilt = copy.deepcopy(line)
    spoilt["beacon"]["unknown"] = MARK
    return _text(spoilt, deep, random)


def damage(line: dict[str, Any], random: Random) -> bytes:
    """Damage the bytes: cut them, or put bad UTF-8, NUL, NaN or a BOM into them."""
    text = json.dumps(line).encode()
    place = random.randrange(len(text))
    kind = random.randrange(6)
    if kind == 0:
        return text[:place]
    if kind == 1:
        return b"\xef\xbb\xbf" + text
    if kind == 2:
        return text.replace(b'"v": 1', b'"v": 1, "z": NaN')
    if kind == 3:
        return b" \t" + text + b" \r"
    bad = random.choice((b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\x7f", b'"'))
    return text[:place] + bad + text[place:]


def spoil(line: dict[str, Any], random: Random) -> bytes:
    """One hostile line; often still a usable one."""
    kind = random.random()
    if kind < 0.6:
        return spoil_field(line, random)
    if kind < 0.7:
        return spoil_envelope(line, random)
    if kind < 0.78:
        return repeat_key(line, random)
    if kind < 0.84:
        return nest(line, random)
    if kind < 0.92:
        return damage(line, random)
    return random.choice(RAW_LINES)


def _text(line: dict[str, Any], value: str, random: Random) -> bytes:
    """The line's JSON with the marked value put in, sometimes with every text left unescaped."""
    escaped = random.random() < 0.5
    text = json.dumps(line, ensure_ascii=escaped)
    marked = json.dumps(MARK, ensure_ascii=escaped)
    return text.replace(marked, value).encode()
