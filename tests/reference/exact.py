"""Exact forms of JSON values.

In: the bytes of one log line. Out: a dict, or None where the line is no JSON object.
Always: every number is a float (an IEEE double), so that `True` is never taken for a number and
1, 1.0 and 1e0 are the same value.
"""

import json
import math
from fractions import Fraction

DEEPEST = 64
BLANK = b" \t\r\n"


def is_blank(line: bytes) -> bool:
    """Whether the line holds nothing but JSON's white space, and so is no line."""
    return line.strip(BLANK) == b""


def parse(line: bytes) -> dict[str, object] | None:
    """The JSON object in a log line; None for everything that is not one."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if levels(text) > DEEPEST:
        return None
    try:
        value = json.loads(text, parse_int=float, parse_float=float, parse_constant=_refuse)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refuse(name: str) -> float:
    """`NaN` and `Infinity` are not JSON."""
    message = f"{name} is not JSON"
    raise ValueError(message)


def levels(text: str) -> int:
    """How many arrays and objects are open at the deepest point."""
    deepest = depth = 0
    in_string = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif in_string and character == "\\":
            escaped = True
        elif character == '"':
            in_string = not in_string
        elif not in_string and character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif not in_string and character in "}]":
            depth -= 1
    return deepest


def is_absent(value: object) -> bool:
    """`null` is absent everywhere, and so is an empty text."""
    return value is None or value == ""


def is_text(value: object, longest: int) -> bool:
    """A text of at most `longest` code points without a lone surrogate."""
    if not isinstance(value, str) or len(value) > longest:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def is_finite(value: object) -> bool:
    """A number that is not infinite."""
    return isinstance(value, float) and math.isfinite(value)


def is_integer(value: object, lowest: float = -math.inf, highest: float = math.inf) -> bool:
    """A finite number without a fraction, from `lowest` to `highest`, both included."""
    if not isinstance(value, float) or not math.isfinite(value):
        return False
    return value == math.floor(value) and lowest <= value <= highest


def round_half_away(value: float) -> int:
    """The nearest integer to a double of at least 0, halves upwards, without a second rounding."""
    return math.floor(Fraction(value) + Fraction(1, 2))
