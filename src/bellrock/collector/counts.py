"""What a collector counts, and how the counts of several add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Counts:
    """What has happened since the start."""

    accepted: int = 0  # elements that the log has
    dropped: int = 0  # beacons not kept because their sender objects
    rejected: Counter[int] = field(default_factory=Counter)  # requests, by status
    limited: Counter[str] = field(default_factory=Counter)  # of those, by whose budget

    def __add__(self, other: "Counts") -> "Counts":
        """What has happened in both."""
        names = [each.name for each in fields(self)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


def pack(counts: Counts) -> dict[str, Any]:
    """Counts as plain values."""
    return vars(counts)


def unpack(packed: Mapping[str, Any]) -> Counts:
    """Counts of plain values; one that is missing is nothing."""
    nothing = vars(Counts())
    return Counts(**{name: type(nothing[name])(value) for name, value in packed.items()})
