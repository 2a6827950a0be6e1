"""Every line with its issues: what a step folded, line by line.

Enters: what normalising and folding found of the lines of a step. Leaves: a record of each line that is not
blank, in the log's order. What always holds: the issues of the records are those that the step counts, but
for orphans, which are known when their sessions end.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bellrock.names import Names
from bellrock.operators.documents import bots_of
from bellrock.operators.ended import dimensions_of
from bellrock.operators.minute import Folded
from bellrock.rows import Index, Rows, copy
from bellrock.schema.issue import NO_SITE, Issue
from bellrock.schema.records import LineRecord

_BLANK = b" \t\r\n"


class Lines(NamedTuple):
    """Lines of a step, `raw`, blank ones among them; what is known of the others is by their number.

    `at` is the time of each in ms. Of beacons: `rows`, each as an impression of that one line, and the number
    of each in `line`; what folding said of these rows, part by part, is in `folded`. `issues` are those of
    normalising: number, site, issue.
    """

    raw: Sequence[bytes]
    at: NDArray[np.int64]
    rows: Rows
    line: Index
    issues: Sequence[tuple[int, str, Issue]]
    folded: Sequence[Folded]

    def present(self) -> Sequence[bytes]:
        """The lines that are not blank."""
        if len(self.raw) == len(self.at):
            return self.raw
        return [line for line in self.raw if line.strip(_BLANK)]


def line_records(lines: Lines, names: Names) -> Iterator[LineRecord]:
    """The record of each line; `names` are those of the state."""
    sites = [NO_SITE] * len(lines.at)
    issues: list[list[str]] = [[] for _ in sites]
    for line, site, issue in lines.issues:
        sites[line] = site
        issues[line].append(issue)
    for line, issue in _found_by_folding(lines):
        issues[line].append(issue)
    beacons = dict(zip(lines.line.tolist(), _beacons(lines.rows, names), strict=True))
    for number, (raw, at) in enumerate(zip(lines.present(), lines.at.tolist(), strict=True)):
        said = beacons.get(number) or {"site": sites[number]}
        if _is_object(raw):
            yield LineRecord(at=at, issues=issues[number], line=msgspec.Raw(raw), **said)
        else:
            yield LineRecord(at=at, issues=issues[number], bytes=raw, **said)


def _found_by_folding(lines: Lines) -> Iterator[tuple[int, Issue]]:
    """The issues of beacons that were folded before, or whose orders others own; of one row, in this order."""
    start = 0
    for part in lines.folded:
        for row in np.flatnonzero(~part.fresh).tolist():
            yield int(lines.line[start + row]), Issue.DUPLICATE_BEACON
        for row in part.refused:
            yield int(lines.line[start + row]), Issue.DUPLICATE_ORDER
        start += len(part.fresh)


def _beacons(rows: Rows, names: Names) -> list[dict[str, Any]]:
    """What the lines of beacons say."""
    own = copy(rows)
    own["bot"] = bots_of(own, names.agents)
    return dimensions_of(own, names, ("site", "browser", "os", "device", "bot"))


def _is_object(line: bytes) -> bool:
    """Whether every reader takes a line for a JSON object: it may have half a surrogate, or 1e400."""
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
