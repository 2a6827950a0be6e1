"""The time that a slow shop takes, drawn from a seed, so that two runs of it are equally slow."""

from random import Random

import msgspec


class Slowness(msgspec.Struct, frozen=True):
    """Ranges in ms from which the server's time for a page and for a picture are drawn."""

    page_ms: tuple[int, int] = (250, 600)
    hero_ms: tuple[int, int] = (180, 420)
    asset_ms: tuple[int, int] = (20, 60)


class Delays:
    """Draws delays, in seconds, one after the other."""

    def __init__(self, slowness: Slowness, seed: int = 1) -> None:
        """Start the sequence that `seed` names."""
        self._slowness = slowness
        self._rng = Random(seed)  # noqa: S311  # delays are no secrets

    def page(self) -> float:
        """For rendering a page."""
        return self._draw(self._slowness.page_ms)

    def hero(self) -> float:
        """For the large picture of a page."""
        return self._draw(self._slowness.hero_ms)

    def asset(self) -> float:
        """For anything else."""
        return self._draw(self._slowness.asset_ms)

    def _draw(self, bounds: tuple[int, int]) -> float:
        return self._rng.uniform(*bounds) / 1000
