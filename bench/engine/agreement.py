"""Whether the peers count what we count; a rival that did not would be no measure.

All are given those lines on which the peers' simpler rules and ours must agree: navigations, events and orders,
without impressions whose navigation was lost, and without orders that come again. What each counts is then
compared by site, test, group, browser and device, and what is counted of sessions by site.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import polars as pl

from bellrock.runners.fold import Ledger
from bench.engine.contenders import FLINK, SPARK
from bench.engine.lines import read_stream, write_file, write_parts
from bench.engine.states import pipeline

_LINES = 60_000
_HOUR_MS = 3_600_000
_NOBODY = "nobody"
"""A site whose lines are only there to let time pass."""

_PAGE_KEY = ["site", "test", "grp", "browser", "device"]
_PAGES = "beacons impressions events errors new_today new_this_month ttfb_n ttfb_sum".split()
_VISIT_KEY = ["site"]
_VISITS = "sessions impressions orders revenue".split()

Counted = dict[str, pl.DataFrame]
"""`pages` and `visits`: sums as whole numbers (micro-units, minor units), ordered by the key."""


def require_agreement(stream: Path) -> None:
    """Run the peers on the beginning of the stream; ends the program where one counts otherwise."""
    lines = list(_comparable(read_stream(stream, 0, _LINES)))
    ours = _ours(lines)
    file, folder = stream.with_name("agreement.json"), stream.with_name("agreement")
    closing = _closing(lines[-1])
    write_parts(folder, [lines, *([line] for line in closing)])
    write_file(file, [*lines, *closing])
    for peer in (FLINK, SPARK):
        results = stream.with_name(f"counted-{peer.python.parents[1].name}")
        peer.run(folder if peer.folder else file, "--results", str(results))
        theirs = _theirs(results)
        for part, counted in ours.items():
            if not counted.equals(theirs[part]):
                raise SystemExit(
                    f"{peer.name} counts other {part} than we do:\nours {counted}\ntheirs {theirs[part]}"
                )
        print(f"{peer.name} counts as we do: {_told(ours)}", flush=True)


def _comparable(lines: Iterable[bytes]) -> Iterator[bytes]:
    seen: set[str] = set()
    for line in lines:
        beacon = msgspec.json.decode(line)["beacon"]
        if beacon["type"] == "navigation":
            seen.add(beacon["impression"])
        elif beacon["type"] not in {"event", "order"} or beacon["impression"] not in seen:
            continue
        if beacon["type"] == "order":
            if beacon["order"]["id"] in seen:
                continue
            seen.add(beacon["order"]["id"])
        yield line


def _closing(last: bytes) -> list[bytes]:
    """Two lines long after the last: Spark gives out what has ended before the batch before."""
    at = msgspec.json.decode(last)["at"]
    beacon = {"site": _NOBODY, "session": "s", "impression": "i", "type": "navigation"}
    return [
        msgspec.json.encode({"at": at + hours * _HOUR_MS, "ua": "", "beacon": beacon})
        for hours in (1, 2)
    ]


def _ours(lines: list[bytes]) -> Counted:
    folding, ledger = pipeline(), Ledger()
    ledger.add(folding.step(lines).deltas)
    ledger.add(folding.pass_boundaries().deltas)
    sums = ledger.sums()
    minutes = sums.minutes.rename({"group": "grp"})
    first_byte = sums.timers.rename({"group": "grp"}).filter(pl.col("timer") == "ttfb")
    first_byte = first_byte.rename({"count": "ttfb_n", "sum": "ttfb_sum"})
    pages = pl.concat([minutes, first_byte], how="diagonal")
    visits = minutes.drop("impressions").rename({"session_impressions": "impressions"})
    return {
        "pages": _sums(pages, _PAGE_KEY, _PAGES),
        "visits": _sums(visits, _VISIT_KEY, _VISITS),
    }


def _theirs(results: Path) -> Counted:
    pages = _read(results / "minutes").with_columns(
        (pl.col("ttfb_sum") * 1000).round().cast(pl.Int64)
    )
    visits = _read(results / "sessions").with_columns(
        (pl.col("revenue") * 100).round().cast(pl.Int64), sessions=pl.lit(1)
    )
    return {
        "pages": _sums(pages, _PAGE_KEY, _PAGES),
        "visits": _sums(visits, _VISIT_KEY, _VISITS),
    }


def _read(folder: Path) -> pl.DataFrame:
    rows = [
        msgspec.json.decode(line)
        for file in sorted(folder.glob("part-*"))
        for line in file.read_bytes().splitlines()
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.filter(pl.col("site") != _NOBODY)


def _sums(frame: pl.DataFrame, key: list[str], names: list[str]) -> pl.DataFrame:
    sums = frame.group_by(key).agg(pl.col(names).sum().cast(pl.Int64))
    return sums.sort(key)


def _told(counted: Counted) -> str:
    pages, visits = counted["pages"], counted["visits"]
    return (
        f"{pages['beacons'].sum():,} lines, {pages['impressions'].sum():,} impressions,"
        f" {pages['ttfb_sum'].sum() / 1000:,.1f} ms to first bytes, {visits['sessions'].sum():,} sessions,"
        f" by {len(pages):,} keys"
    )
