"""What a pipeline tells the lake of a log, record by record, and documents made of these records."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.ended import ended_records
from bellrock.operators.lines import line_records
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline, Step
from bellrock.schema.site import Site

Record = dict[str, Any]
MINUTE = 60_000
ALWAYS = ("test", "group", "browser", "device", "bot")
SESSION_MEASURES: Mapping[str, Callable[[Record], int]] = {
    "sessions": lambda _: 1,
    "bounces": lambda record: record["bounce"],
    "conversions": lambda record: record["orders"] > 0,
    "session_impressions": lambda record: record["impressions"],
    "session_seconds": lambda record: record["seconds"],
    "orders": lambda record: record["orders"],
    "revenue": lambda record: record["revenue"],
}
IMPRESSION_MEASURES: Mapping[str, Callable[[Record], int]] = {
    "impressions": lambda _: 1,
    "beacons": lambda record: record["beacons"],
    "events": lambda record: record["events"],
    "errors": lambda record: record["errors"],
    "loads": lambda record: "load" in record["types"],
    "new_today": lambda record: record.get("new_today", False),
    "new_this_month": lambda record: record.get("new_this_month", False),
}
MEASURES = {"session": SESSION_MEASURES, "impression": IMPRESSION_MEASURES}
Sums = Counter[tuple[str, ...]]

_encode = msgspec.json.Encoder().encode
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Told(NamedTuple):
    """Records as JSON has them."""

    ended: list[Record]
    lines: list[Record]


def tell(batches: Iterable[Sequence[bytes]], sites: Mapping[str, Site]) -> Told:
    """The records of a log that is folded in batches, until every session has ended."""
    pipeline = Pipeline(sites, MemoryClaims(), MemoryMarks(), State())
    told = Told([], [])
    for batch in batches:
        _note(told, pipeline.step(batch), pipeline)
    _note(told, pipeline.pass_boundaries(), pipeline)
    return told


def _note(told: Told, step: Step, pipeline: Pipeline) -> None:
    names = pipeline.state.names
    for part in step.ended:
        told.ended.extend(read(_encode(record)) for record in ended_records(part, names))
    if step.lines:
        told.lines.extend(read(_encode(record)) for record in line_records(step.lines, names))


def read(record: bytes) -> Record:
    """A record as a reader of the stream has it; of a line, its bytes."""
    found: Record = msgspec.json.decode(record)
    if "line" in found:
        found["line"] = bytes(_parts(record)["line"])
    return found


def issues_of(told: Told) -> Counter[tuple[str, str, str]]:
    """Lines by site, minute and issue."""
    counted = Counter[tuple[str, str, str]]()
    for record in told.lines:
        for issue in record["issues"]:
            counted[record["site"], minute_text(record["at"]), issue] += 1
    for record in told.ended:
        if record["kind"] == "orphan":
            counted[record["site"], minute_text(record["first"]), "orphan"] += len(record["seqs"])
    return counted


def sums_of(told: Told, kind: str) -> Sums:
    """What minute documents sum up of sessions or of impressions, by key and measure."""
    sums = Sums()
    begins = {
        (record["site"], record["session"], record["session_first"]): record["first"]
        for record in reversed(told.ended)
        if record["kind"] == "impression"
    }
    for record in told.ended:
        if record["kind"] != kind:
            continue
        # A session is in the minute of its first impression that counts.
        first = record["first"]
        if kind == "session":
            first = begins[record["site"], record["session"], first]
        key = (record["site"], minute_text(first), *(record.get(name, "") for name in ALWAYS))
        for name, value in MEASURES[kind].items():
            sums[*key, name] += value(record)
        for name, value in record.get("timers", {}).items():
            sums[*key, name, "count"] += 1
            sums[*key, name, "sum"] += value
    return +sums


def summed(documents: Iterable[Record], kind: str) -> Sums:
    """The same of documents."""
    sums = Sums()
    for document in documents:
        if document["kind"] != "minute":
            continue
        key = (document["site"], document["minute"], *(document[name] for name in ALWAYS))
        for name in MEASURES[kind]:
            sums[*key, name] += document.get(name, 0)
        for name, timer in document.items() if kind == "impression" else ():
            if isinstance(timer, dict):
                sums[*key, name, "count"] += timer["count"]
                sums[*key, name, "sum"] += timer.get("sum", 0)
    return +sums


def minute_text(at: int) -> str:
    return datetime.fromtimestamp(at // MINUTE * 60, UTC).strftime("%Y-%m-%dT%H:%MZ")
