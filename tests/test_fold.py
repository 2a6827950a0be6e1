"""`bellrock fold` against what was worked out by hand, and against an independent slow fold."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest

from bellrock import cli
from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger, fold_lines, read_lines
from bellrock.schema.document import RELATIONS
from bellrock.sites import Sites, load_sites, parse_sites
from reference import fold as slow_fold
from reference.stream import stream

GOLDEN = Path(__file__).parent / "golden"
SHARDS = (1, 4, 8)


class Case(NamedTuple):
    """A golden log and one of its expectations."""

    lines: Path
    sites: Path
    close: bool
    expected: Path

    def text(self) -> bytes:
        """What is expected."""
        return self.expected.read_bytes()

    def arguments(self) -> list[str]:
        return [str(self.lines), "--sites", str(self.sites), *["--close"] * self.close]


def golden_case(expected: Path) -> Case:
    name = expected.name.split(".")[0]
    own = GOLDEN / f"{name}.sites.toml"
    sites = own if own.exists() else GOLDEN / "shared.sites.toml"
    return Case(GOLDEN / f"{name}.ndjson", sites, ".closed." in expected.name, expected)


CASES = [golden_case(path) for path in sorted(GOLDEN.glob("*.expected.ndjson"))]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.expected.name)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`bellrock fold`, as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "bellrock", "fold", *arguments],
        capture_output=True,
        check=False,
        env=environment,
    )


def read(seed: int, lines: int, *, orderly: bool = False) -> tuple[str, Sites, list[bytes]]:
    toml, log = stream(seed, lines, orderly=orderly)
    return toml, parse_sites(toml, "stream"), log


def test_every_golden_log_has_an_expectation() -> None:
    logs = {path.name.split(".")[0] for path in GOLDEN.glob("*.ndjson")}
    assert logs == {case.lines.stem for case in CASES}
    assert any(case.close for case in CASES)
    assert any(b'"cluster"' in case.expected.read_bytes() for case in CASES)
    assert all(case.text() for case in CASES)


@every_case
def test_the_command_prints_what_was_worked_out_by_hand(
    case: Case, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Within this process: each start of another would cost a second."""
    with pytest.raises(SystemExit) as ended:
        cli.app(["fold", *case.arguments()])
    sys.stdout.flush()
    assert capfdbinary.readouterr() == (case.text(), b"")
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain_visit.closed", ["--batch", "1"]),
        ("duplicate_order", ["--batch", "7"]),
        ("unicode_names", ["--batch", "100000", "--shards", "4"]),
    ],
)
def test_a_user_who_runs_the_command_sees_the_same(name: str, options: list[str]) -> None:
    """Whatever the encoding of the terminal; and the hash of texts, which keys rows, is another each time."""
    case = golden_case(GOLDEN / f"{name}.expected.ndjson")
    ran = run(*case.arguments(), *options, PYTHONIOENCODING="latin-1")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout == case.text()


@every_case
@pytest.mark.parametrize("batch", [1, 7])
def test_the_size_of_batches_changes_nothing_in_the_golden_cases(case: Case, batch: int) -> None:
    lines = read_lines([case.lines])
    assert fold_lines(lines, load_sites(case.sites), batch=batch, close=case.close) == case.text()


@pytest.mark.parametrize("decade", range(20))
def test_the_fold_agrees_with_the_slow_one(decade: int) -> None:
    """Two hundred streams, half of which end with open sessions."""
    for seed in range(10 * decade, 10 * decade + 10):
        toml, sites, lines = read(seed, 120)
        close = seed % 2 == 0
        slow = slow_fold(tomllib.loads(toml), lines, close)
        assert fold_lines(lines, sites, batch=50, close=close) == slow, f"seed {seed}"


@pytest.mark.parametrize(("seed", "close"), [(100, True), (101, False), (102, True)])
def test_the_fold_agrees_with_the_slow_one_on_long_logs(seed: int, close: bool) -> None:
    toml, sites, lines = read(seed, 700)
    slow = slow_fold(tomllib.loads(toml), lines, close)
    assert fold_lines(lines, sites, batch=250, close=close) == slow


def test_the_streams_bring_up_what_the_fold_must_decide() -> None:
    toml, _ = stream(0, 0)
    texts = [slow_fold(tomllib.loads(toml), stream(seed, 120)[1], True) for seed in range(0, 40, 2)]
    for word in (
        "duplicate.order",
        "duplicate.beacon",
        "orphan",
        "timer.range",
        "declared",
        "label:",
    ):
        assert sum(word.encode() in text for text in texts) >= 3, word


@pytest.mark.parametrize("seed", [3, 9])
def test_the_size_of_batches_changes_nothing(seed: int) -> None:
    _, sites, lines = read(seed, 80)
    whole = fold_lines(lines, sites, batch=100_000)
    assert fold_lines(lines, sites, batch=1) == whole
    assert fold_lines(lines, sites, batch=7) == whole


@pytest.mark.parametrize(("seed", "close"), [(0, False), (1, True), (2, False)])
def test_the_number_of_shards_changes_nothing_on_orderly_lines(seed: int, close: bool) -> None:
    _, sites, lines = read(seed, 80, orderly=True)
    texts = {fold_lines(lines, sites, shards=shards, close=close) for shards in SHARDS}
    assert len(texts) == 1
    assert texts != {b""}


def test_texts_of_ten_megabytes_and_endless_depth_are_read_as_what_they_are() -> None:
    toml, sites, _ = read(0, 0)
    huge = "x" * 10_000_000
    deep = "[" * 100_000
    lines = [
        line_of(1, huge),
        line_of(2, "session-00000001", unknown=huge, type="load"),
        line_of(3, "session-00000001", seq=1, page={"label": huge, "url": "\0" * 5_000_000}),
        json.dumps({"at": 4, "raw": huge}).encode(),
        b'{"at":5,"beacon":' + deep.encode() + b"]" * 100_000 + b"}",
        b"\0" * 10_000_000,
        huge.encode(),
        deep.encode(),
        line_of(6, "session-00000002", timers={"lcp": 10**400, huge[:999_999]: 1}),
    ]
    text = fold_lines(lines, sites, batch=3)
    assert text == slow_fold(tomllib.loads(toml), lines)
    assert b'"issue":"schema"' in text


def session_of_shard(shard: int, shards: int) -> str:
    names = (f"session-{number:08d}" for number in range(1000))
    return next(name for name in names if crc32(name.encode()) % shards == shard)


def line_of(at: int, session: str, **fields: Any) -> bytes:
    ids = {"v": 1, "site": "plain", "session": session, "impression": "impression_000000"}
    return json.dumps({"at": at, "beacon": ids | {"seq": 0, "type": "vitals"} | fields}).encode()


@pytest.mark.parametrize("name", ["order", "\\u006frder"])
def test_shards_claim_orders_in_the_order_of_the_lines(name: str) -> None:
    """Also where the name is escaped, so that a line does not show its order."""
    _, sites, _ = read(0, 0)
    order = {"id": "o-1", "value": 5, "currency": "EUR"}
    first = line_of(5, session_of_shard(7, 8), order=order, browser={"mobile": True})
    others = [line_of(5, session_of_shard(shard, 8), order=order) for shard in range(7)]
    lines = [line.replace(b'"order"', f'"{name}"'.encode()) for line in (first, *others)]
    for shards in SHARDS:
        documents = map(json.loads, fold_lines(lines, sites, shards=shards).splitlines())
        [owner] = [document for document in documents if "orders" in document]
        assert (owner["device"], owner["orders"], owner["revenue"]) == ("mobile", 1, 500)


@pytest.mark.parametrize("later", range(4))
def test_the_sessions_of_every_shard_end_by_the_time_of_the_last_line(later: int) -> None:
    _, sites, _ = read(0, 0)
    for earlier in {0, 1, 2, 3} - {later}:
        lines = [
            line_of(0, session_of_shard(earlier, 4)),
            line_of(3_600_000, session_of_shard(later, 4), type="load"),
        ]
        assert b"orphan" in fold_lines(lines, sites)
        assert fold_lines(lines, sites, shards=4) == fold_lines(lines, sites)


def test_several_files_are_one_log_and_a_last_line_needs_no_newline(tmp_path: Path) -> None:
    case = golden_case(GOLDEN / "order_and_duplicates.expected.ndjson")
    lines = case.lines.read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "1.ndjson", tmp_path / "2.ndjson"
    first.write_bytes(b"".join(lines[:2]))
    second.write_bytes(b"".join(lines[2:]).rstrip(b"\n"))
    assert fold_lines(read_lines([first, second]), load_sites(case.sites)) == case.text()


def test_no_lines_make_no_documents() -> None:
    _, sites, _ = read(0, 0)
    for shards in SHARDS:
        assert fold_lines([], sites, shards=shards, close=True) == b""
        assert fold_lines([b"", b"  "], sites, shards=shards) == b""


def test_the_ledger_of_many_small_steps_stays_small_and_exact() -> None:
    _, sites, lines = read(3, 60)
    deltas = Pipeline(sites, MemoryClaims(), MemoryMarks(), State()).step(lines).deltas
    ledger = Ledger()
    for _ in range(600):
        ledger.add(deltas)
    assert len(ledger._parts) < 300
    sums = ledger.sums()
    assert len(sums.minutes) == len(deltas.minutes) > 0
    for name, (_, additive) in RELATIONS.items():
        once = getattr(deltas, name).select(additive).sum().row(0)
        assert getattr(sums, name).select(additive).sum().row(0) == tuple(600 * n for n in once)
