"""Crashes at points: by chance and many in one run, or one at every point there is.

A crash is a copy of the directory at the point; what the old processes do from then on is nothing to anybody.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from simulation.world import Expected, Told, World, check
from sizes import small_sizes

MOST_LINES, SMALL_STATE = 25, 12_000
_WAL = "store.duckdb.wal"


class _Crash(BaseException):
    """The end of all processes at a point."""


class Fate:
    """Crashes at one point in `every` on average, and keeps the picture."""

    def __init__(self, chance: Random, every: int) -> None:
        """Nothing has happened yet."""
        self._chance, self._every = chance, every
        self.points = self.crashes = 0
        self.labels: set[str] = set()
        self._from = self._to = Path()
        self._dead = False

    def begin(self, directory: Path, copy: Path) -> None:
        """From now on a crash copies one directory to the other."""
        self._from, self._to, self._dead = directory, copy, False

    def reached(self, label: str) -> None:
        """A point; see `simulation.points`."""
        if self._dead:
            return
        self.points += 1
        if self._chance.randrange(self._every) == 0:
            self._dead = True
            self.crashes += 1
            self.labels.add(label)
            shutil.copytree(self._from, self._to)
            raise _Crash


def crash_by_chance(folder: Path, expected: Expected, seed: int, every: int) -> Fate:
    """Run to the end through crashes, each picture checked, and check the end."""
    chance = Random(seed)
    fate, told = Fate(chance, every), Told()
    world = folder / "0"
    world.mkdir()
    with _reproducible(seed):
        while not _run(world, folder / str(fate.crashes + 1), expected, told, fate):
            shutil.rmtree(world)
            world = folder / str(fate.crashes)
            _check_copy(world, told, expected)
    check(world, told, expected)
    return fate


def _run(world: Path, copy: Path, expected: Expected, told: Told, fate: Fate) -> bool:
    """Whether all is appended and folded; if not, there was a crash."""
    fate.begin(world, copy)
    try:
        with World(world, expected, told, fate.reached) as running:
            while not running.over:
                fate._chance.choice(running.moves(fate._chance))()
            fate._dead = True  # closing is no part of it
    except _Crash:
        return False
    return True


class Picture(NamedTuple):
    """What a crash at a point leaves."""

    label: str
    directory: Path
    told: Told


class Album:
    """A picture at every point, but where nothing is another than at the point before."""

    def __init__(self, directory: Path, folder: Path, told: Told, chance: Random) -> None:
        """Take pictures of a directory into a folder."""
        self._directory, self._folder, self._told, self._chance = directory, folder, told, chance
        self.points = 0
        self.pictures: list[Picture] = []
        self._seen: set[bytes] = set()
        self._log_bytes_before = 0

    def reached(self, label: str) -> None:
        """A point; see `simulation.points`."""
        self.points += 1
        if label == "duckdb commit done":
            self._tear()
        self._take(label)
        self._log_bytes_before = self._written()

    def _tear(self) -> None:
        """Within a commit its end of the write-ahead log is there to any length."""
        before, after = self._log_bytes_before, self._written()
        for length in {self._chance.randrange(before, after) for _ in range(2) if before < after}:
            picture = self._take("duckdb commit under way")
            if picture:
                with (picture.directory / _WAL).open("rb+") as log:
                    log.truncate(length)

    def _take(self, label: str) -> Picture | None:
        content = hashlib.sha256(repr(self._told).encode())
        for file in sorted(self._directory.rglob("*")):
            if file.is_file():
                content.update(b"%b %b" % (str(file).encode(), file.read_bytes()))
        if content.digest() in self._seen and label != "duckdb commit under way":
            return None
        if label != "duckdb commit under way":
            self._seen.add(content.digest())
        copy = self._folder / str(len(self.pictures))
        shutil.copytree(self._directory, copy)
        self.pictures.append(Picture(label, copy, replace(self._told)))
        return self.pictures[-1]

    def _written(self) -> int:
        wal = self._directory / _WAL
        return wal.stat().st_size if wal.exists() else 0


def photograph(folder: Path, expected: Expected, seed: int) -> Album:
    """Run to the end without a crash and take a picture at every point."""
    chance, told, world = Random(seed), Told(), folder / "world"
    world.mkdir()
    album = Album(world, folder / "pictures", told, chance)
    with _reproducible(seed), World(world, expected, told, album.reached) as running:
        while not running.over:
            chance.choice(running.moves(chance))()
    return album


def resume(picture: Picture, expected: Expected, seed: int) -> None:
    """Check what a crash left, go on from there to the end, and check the end."""
    chance, told = Random(seed), replace(picture.told)
    _check_copy(picture.directory, told, expected)
    with (
        _reproducible(seed),
        World(picture.directory, expected, told, lambda _: None) as running,
    ):
        running.append(len(expected.lines))
        while not running.over:
            chance.choice(running.moves(chance))()
    check(picture.directory, told, expected)


def _check_copy(directory: Path, told: Told, expected: Expected) -> None:
    """Check a copy: looking into a store may settle it."""
    copy = directory.with_name(f"{directory.name}-copy")
    shutil.copytree(directory, copy)
    check(copy, told, expected)
    shutil.rmtree(copy)


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """The seed decides everything, keys of hashes too."""
    with (
        small_sizes(most_lines=MOST_LINES, small_state=SMALL_STATE),
        patch.object(secrets, "token_bytes", Random(seed).randbytes),
        nullcontext(),
    ):
        yield
