"""Kills at random moments, under load: of the collector, of the engine, of both at once, and while they start.

Enters: a folder, a seed, how many kills. What always holds, and is looked after every few kills on what the dead
have left: see `checks`. An error tells the seed and the last kills, and its folder stays.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

from bellrock.sites import load_sites
from end_to_end.checks import Checks
from end_to_end.installation import settings, wait_until_folded
from end_to_end.oddities import requests
from end_to_end.processes import SPEED, FastTime, Victim, victims, warm_up
from end_to_end.visitors import Visitors
from stored import Holding

FEWEST = 2
"""Kills of a run: at its end both are killed."""

_CHECK_EVERY = 25
_RATE = 150  # beacons in a second, on average
_BOTH, _AGAIN = 0.2, 0.3  # of the kills hit both, or again who was hit last, while it starts
_PAUSE = 0.6  # seconds at most from when a victim serves until it is killed
_PAUSE_AGAIN = 0.5  # the same from its start
_KEEPS_HOUSE_WITHIN = 1.0  # seconds


class Kill(NamedTuple):
    """A SIGKILL that hit a living process."""

    victim: str
    while_starting: bool
    after: float
    """Seconds since the torture began."""


class Torture:
    """An installation to be killed; a context manager that leaves nobody alive."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Nothing is started yet."""
        self.seed, self.folder = seed, folder
        self.config = settings(folder, 0.02)
        self.kills: list[Kill] = []
        self._chance = Random(seed)
        warm_up()
        self._began = time.time()
        planned = requests(seed, tuple(load_sites(self.config.sites_file)), _RATE / SPEED)
        self.visitors = Visitors(self.config.collect_address, planned, self._began)
        self._victims = victims(self.config, FastTime(self._began))
        self.checks = Checks(self.config, self.visitors)

    def __enter__(self) -> Self:
        """Start nobody; that is for `run`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End whoever is left, which does not count as a kill."""
        for victim in self._victims:
            victim.end()

    async def run(self, kills: int) -> Holding:
        """Kill that often, and check every few kills; what the store holds when every line is folded."""
        assert kills >= FEWEST, f"the fewest kills are {FEWEST}"
        try:
            while left := kills - len(self.kills):
                await self._kill_under_load(left if left < _CHECK_EVERY + FEWEST else _CHECK_EVERY)
                self._require_no_errors()
                self.checks.check()
                print(self.story(kills), flush=True)
            return self._finish()
        except BaseException as error:
            last = "\n".join(map(str, self.kills[-_CHECK_EVERY:]))
            error.add_note(f"{last}\n{self.story(kills)}\nThe files are in {self.folder}.")
            raise

    def story(self, kills: int) -> str:
        """What has happened, in a line."""
        hit = Counter(kill.victim for kill in self.kills)
        starting = Counter(kill.victim for kill in self.kills if kill.while_starting)
        told = ", ".join(f"{hit[name]} {name} ({starting[name]} starting)" for name in sorted(hit))
        return (
            f"seed {self.seed}: {len(self.kills)} of {kills} kills in"
            f" {time.time() - self._began:.0f} s: {told};"
            f" {self.visitors.acknowledged.total()} beacons acknowledged, {self.checks.log.position}"
            f" logged, {self.checks.folded} folded"
        )

    async def _kill_under_load(self, kills: int) -> None:
        """Start both, kill by chance, kill both at the end."""
        for victim in self._victims:
            victim.start()
        stop = asyncio.Event()
        sending = asyncio.create_task(self.visitors.send(stop))
        try:
            doomed: tuple[Victim, ...] = self._victims
            while kills > FEWEST:
                again = self._chance.random() < _AGAIN
                doomed = (doomed if again else self._draw())[: kills - FEWEST]
                await (self._kill_soon(doomed) if again else self._kill_at_work(doomed))
                for victim in doomed:
                    victim.start()
                kills -= len(doomed)
            await self._kill_at_work(self._victims)
        finally:
            stop.set()
            await sending

    def _draw(self) -> tuple[Victim, ...]:
        both = self._chance.random() < _BOTH
        return self._victims if both else (self._chance.choice(self._victims),)

    async def _kill_soon(self, doomed: tuple[Victim, ...]) -> None:
        await asyncio.sleep(self._chance.uniform(0, _PAUSE_AGAIN))
        self._kill(doomed)

    async def _kill_at_work(self, doomed: tuple[Victim, ...]) -> None:
        for victim in doomed:
            await victim.serving()
        await asyncio.sleep(self._chance.uniform(0, _PAUSE))
        self._kill(doomed)

    def _kill(self, doomed: tuple[Victim, ...]) -> None:
        after = time.time() - self._began
        kills = [Kill(victim.name, not victim.serves(), after) for victim in doomed]
        for victim in doomed:
            victim.kill()
        for victim in doomed:
            victim.bury()
        self.kills += kills

    def _finish(self) -> Holding:
        """Let the engine fold what is left, stop both cleanly, and check."""
        for victim in self._victims:
            victim.start()
        wait_until_folded(self.config, self.checks.log.position)
        time.sleep(_KEEPS_HOUSE_WITHIN)
        for victim in self._victims:
            victim.stop()
        self._require_no_errors()
        return self.checks.check_all()

    def _require_no_errors(self) -> None:
        for victim in self._victims:
            assert not victim.errors(), "\n".join(victim.errors())
