"""Keyed state, as the functions see it: Flink's `ValueState`, `ListState` and `MapState` fit as they are.

Whatever is written belongs to the key in hand, and is in the next checkpoint together
with everything that the function has emitted until then.
"""

from collections.abc import Iterable
from typing import Protocol


class Value(Protocol):
    """One value."""

    def value(self) -> bytes | None:
        """What was written, None before the first time."""

    def update(self, value: bytes) -> None:
        """Write."""


class Values(Protocol):
    """Values in the order in which they came; to add one costs the same however many there are."""

    def get(self) -> Iterable[bytes]:
        """All of them."""

    def add(self, value: bytes) -> None:
        """Add one at the end."""

    def update(self, values: list[bytes]) -> None:
        """Write all of them anew."""


class Table(Protocol):
    """Values by key, a text."""

    def get(self, key: str) -> bytes | None:
        """What is there."""

    def put(self, key: str, value: bytes) -> None:
        """Write."""

    def remove(self, key: str) -> None:
        """Remove."""

    def keys(self) -> Iterable[str]:
        """Every key, in any order."""
