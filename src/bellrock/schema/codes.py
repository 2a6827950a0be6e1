"""Codes of values that have a code by themselves: countries and flags."""

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


FLAGS = ("", "false", "true")
"""Flags by code, as dimensions have them."""
