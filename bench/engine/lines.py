"""The lines that all figures are taken on: 37 minutes of some hundred shops, seeded, so the same every time.

They last longer than the gap that ends a session, so that in the later ones sessions end, too.
"""

import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from bellrock.runners.fold import read_lines
from bellrock.schema.site import Site, Test
from bellrock.simulate import catalogue
from bellrock.simulate.past import past_lines
from bellrock.simulate.visitors import Traffic

COUNT = 1_000_000
RATE = 450.0
"""Beacons a second of the log's time."""

_KEYS = tuple(f"shop-{rank:03}" for rank in range(1, 301))
_BEGIN_MS = 1_800_000_000_000
_FOREVER_MS = 1 << 62


def sites(
    keys: Sequence[str] = _KEYS,
    dimensions: tuple[str, ...] = ("label", "firstLoad", "served", "country"),
) -> dict[str, Site]:
    """Sites with the labels, timer and test of the demonstration shop, by default its dimensions, too."""
    return {
        key: Site(
            key=key,
            currency=catalogue.CURRENCY,
            order_key=bytes(32),
            dimensions=dimensions,
            labels=catalogue.LABELS,
            timers=catalogue.TIMERS,
            tests=(Test(catalogue.TEST, catalogue.CONTROL, catalogue.GROUPS),),
        )
        for key in keys
    }


def write_stream(path: Path) -> None:
    """Write all lines into a file; the n-th site has 1/n of the visitors of the first."""
    traffic = Traffic(rate=RATE, seed=1, sites=_KEYS)
    lines = past_lines(traffic, begin_ms=_BEGIN_MS, end_ms=_FOREVER_MS)
    write_file(path, islice(lines, COUNT))


def read_stream(path: Path, first: int, end: int) -> list[bytes]:
    """The lines `first` to `end` of a file, each without its newline."""
    return list(islice(read_lines([path]), first, end))


def write_file(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with its newline."""
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)


def write_parts(folder: Path, parts: Iterable[Iterable[bytes]]) -> None:
    """Write lines as files, each a second younger than the one before: by that Spark knows their order."""
    folder.mkdir()
    for number, lines in enumerate(parts):
        path = folder / f"{number:04}.json"
        write_file(path, lines)
        os.utime(path, (number, number))
