"""Past traffic is what a collector would have written."""

import json

from bellrock.log.memory import MemoryLog
from bellrock.simulate.past import past_lines, write_past
from bellrock.simulate.visitors import Traffic

END = 1_795_413_725_123
TRAFFIC = Traffic(rate=20, seed=4)


def test_past_lines_lie_in_their_minutes_and_never_go_back() -> None:
    at = [
        json.loads(line)["at"]
        for line in past_lines(TRAFFIC, begin_ms=END - 10 * 60_000, end_ms=END)
    ]
    assert at == sorted(at)
    assert END - 600_000 <= at[0] < END - 590_000
    assert END - 10_000 < at[-1] < END
    assert 20 * 600 * 0.9 < len(at) < 20 * 600 * 1.1


def test_a_past_line_has_the_fields_of_a_log_line() -> None:
    line = json.loads(next(past_lines(TRAFFIC, begin_ms=END - 1 * 60_000, end_ms=END)))
    assert set(line) == {"at", "ua", "country", "gpc", "beacon"}
    assert line["beacon"]["v"] == 1


def test_past_traffic_is_written_whole_into_a_log() -> None:
    log = MemoryLog()
    written = write_past(log, TRAFFIC, begin_ms=END - 5 * 60_000, end_ms=END)
    lines = list(past_lines(TRAFFIC, begin_ms=END - 5 * 60_000, end_ms=END))
    assert written == len(lines) == log.end()
    assert log.read(0, written).lines == lines
