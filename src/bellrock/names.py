"""Texts as small codes: what repeats in many rows is kept once.

Enters: values that the configuration bounds (sites, labels, releases; tests with their group; a site's own
timers) and user agents, which nothing bounds. Leaves: codes, and the values again. Code 0 is the absent one.
Codes hold as long as the state they belong to; only user agents that no row has any more are forgotten
(`Agents.keep`).
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bellrock.schema.agent import BROWSERS, SYSTEMS
from bellrock.schema.timers import MAX_CUSTOM, VITAL_NAMES

Value = TypeVar("Value")


class Agent(NamedTuple):
    """What a user agent says. `tablet`: for want of a hint. `crawler`: it is on the crawler list."""

    browser: str
    os: str
    tablet: bool
    crawler: bool


class Codes(Generic[Value]):
    """Codes of values, given out in the order of their first use."""

    def __init__(self, absent: Value) -> None:
        """Know the absent one, whose code is 0."""
        self._values = [absent]
        self._codes = {absent: 0}

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self._values)

    def code(self, value: Value) -> int:
        """The code of a value, a new one where it has none."""
        code = self._codes.get(value)
        if code is None:
            code = self._codes[value] = len(self._values)
            self._values.append(value)
        return code

    @property
    def find(self) -> Callable[[Value], int | None]:
        """The code of a value, None where it has none."""
        return self._codes.get

    def value(self, code: int) -> Value:
        """The value of a code."""
        return self._values[code]

    def since(self, count: int) -> list[Value]:
        """The values with codes from `count` on."""
        return self._values[count:]


_TABLE = np.dtype([("browser", "u1"), ("os", "u1"), ("tablet", "?"), ("crawler", "?")])


class Agents:
    """Codes of user agents; `table` holds what each says, by code (fields browser, os, tablet, crawler)."""

    def __init__(self) -> None:
        """Know the absent one, which says nothing."""
        self._codes = Codes("")
        self._table = np.zeros(64, dtype=_TABLE)

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self._codes)

    @property
    def table(self) -> NDArray[np.void]:
        """What each user agent says, shape (codes,): browser and os as indices in `schema.agent`."""
        return self._table[: len(self)]

    def find(self, text: str) -> int | None:
        """The code of a user agent, None where it is new and must be added."""
        return self._codes.find(text)

    def codes(self, texts: Sequence[str], resolve: Callable[[str], Agent]) -> NDArray[np.uint32]:
        """The code of each user agent; `resolve` is asked what a new one says."""
        found = list(map(self._codes.find, texts))
        if None in found:
            found = [
                self.add(text, resolve(text)) if code is None else code
                for text, code in zip(texts, found, strict=True)
            ]
        return np.array(found, dtype=np.uint32)

    def add(self, text: str, agent: Agent) -> int:
        """The code of a new user agent."""
        code = self._codes.code(text)
        if code == len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[code] = (
            BROWSERS.index(agent.browser), SYSTEMS.index(agent.os), agent.tablet, agent.crawler
        )  # fmt: skip
        return code

    def text(self, code: int) -> str:
        """The user agent of a code."""
        return self._codes.value(code)

    def since(self, count: int) -> list[tuple[str, Agent]]:
        """The user agents with codes from `count` on, and what they say."""
        return [
            (text, Agent(BROWSERS[browser], SYSTEMS[system], tablet, crawler))
            for text, (browser, system, tablet, crawler) in zip(
                self._codes.since(count), self.table[count:].tolist(), strict=True
            )
        ]

    def keep(self, used: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Forget all but the codes `used`; the new code of each old one, shape (codes,)."""
        kept = np.union1d(used, [0]).astype(np.uint32)
        moved = np.zeros(len(self), dtype=np.uint32)
        moved[kept] = np.arange(len(kept))
        codes = Codes("")
        for code in kept[1:].tolist():
            codes.code(self._codes.value(code))
        self._table = np.concatenate([self._table[kept], np.zeros(64, dtype=_TABLE)])
        self._codes = codes
        return moved


class Names:
    """All codes of a state."""

    def __init__(self) -> None:
        """Know nothing but the absent ones."""
        self.texts = Codes("")
        """Sites, labels and releases."""
        self.tests = Codes(("", ""))
        """Tests with their group."""
        self.agents = Agents()
        self.timers: dict[int, list[str]] = {}
        """The own timers of a site, by its code: each at its slot, after those of the vitals."""

    def timer(self, site: int, slot: int) -> str:
        """The name of the timer that a site's rows have at a slot."""
        vitals = len(VITAL_NAMES)
        return VITAL_NAMES[slot] if slot < vitals else self.timers[site][slot - vitals]

    def declare_timers(self, site: int, declared: Sequence[str]) -> list[int]:
        """Give the own timers that a site declares their slots; those that are known keep theirs.

        One that is declared no more keeps its slot until another needs it. Returns the slots (from 0) that
        change hands: what rows have there is another timer's.
        """
        slots = self.timers.setdefault(site, list(declared))
        taken = []
        for name in declared:
            if name not in slots and len(slots) < MAX_CUSTOM:
                slots.append(name)
            elif name not in slots:
                taken.append(next(n for n, other in enumerate(slots) if other not in declared))
                slots[taken[-1]] = name
        return taken
