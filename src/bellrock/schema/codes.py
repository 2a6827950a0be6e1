"""Codes of values that have a code by themselves: countries and flags."""

from bellrock.schema.impression import ABSENT, FALSE, TRUE

_LETTERS = 26
_A = ord("A")


def country_code(country: str | None) -> int:
    """The code of two letters A to Z; 0 where there is none."""
    if not country:
        return 0
    return 1 + (ord(country[0]) - _A) * _LETTERS + ord(country[1]) - _A


COUNTRIES = (
    "",
    *(chr(_A + n // _LETTERS) + chr(_A + n % _LETTERS) for n in range(_LETTERS * _LETTERS)),
)
"""Countries by code."""


def flag_code(flag: bool | None) -> int:  # noqa: FBT001  # the flag is the value
    """The code of a flag."""
    return ABSENT if flag is None else TRUE if flag else FALSE


FLAGS = ("", "false", "true")
"""Flags by code, as dimensions have them."""
