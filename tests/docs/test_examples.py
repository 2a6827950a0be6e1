"""The examples work: those marked `run` are run, questions can be asked, beacons have no issue."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bellrock.normalise.decode import decode_lines
from bellrock.query.plan import plan_histogram, plan_query
from bellrock.query.request import HistogramRequest, QueryRequest, decode
from bellrock.schema.access import Access
from bellrock.schema.wire import Beacon
from bellrock.sites import load_sites
from docs.page import ROOT, Block, Page, named, pages

MARKS = {"", "run", "beacon", "line", "request: query", "request: histogram"}
WITH_EXAMPLES = [page for page in pages() if page.marked("run")]
BEACON = Page("docs/spec/beacon.md")


def test_marks_are_known_and_used() -> None:
    assert {block.mark for page in pages() for block in page.blocks} == MARKS
    assert len(WITH_EXAMPLES) >= 6


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=named)
def test_examples_that_are_marked_run_in_the_order_of_their_page(
    page: Page, tmp_path: Path
) -> None:
    for folder in ("tests", "config"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    if page.name == "docs/guide/programs.md":
        # It goes on where the first steps end.
        for block in Page("docs/guide/first-steps.md").marked("run"):
            _run(block, tmp_path)
    for block in page.marked("run"):
        _run(block, tmp_path)


def _run(block: Block, folder: Path) -> None:
    command = {"sh": ["sh", "-eu", "-c"], "python": [sys.executable, "-W", "error", "-c"]}
    done = subprocess.run(
        [*command[block.language], block.text],
        cwd=folder,
        env={
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("BELLROCK_")
            },
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_questions_can_be_asked(page: Page) -> None:
    sites = load_sites(ROOT / "config" / "sites.toml")
    anybody = Access("session:1", "ada", "admin", None)
    for block in page.marked("request: query"):
        asked = decode(QueryRequest, block.text.encode())
        assert plan_query(asked, anybody, sites, 1.8e9).metrics
    for block in page.marked("request: histogram"):
        asked = decode(HistogramRequest, block.text.encode())
        assert plan_histogram(asked, anybody, sites, 1.8e9).timer


def test_the_beacon_has_every_group_and_no_issue() -> None:
    (block,) = BEACON.marked("beacon")
    decoded = decode_lines([msgspec.json.encode({"at": 1, "beacon": block.json})])
    assert decoded.issues == []
    [line] = decoded.beacons
    given = {name for name in Beacon.__struct_fields__ if getattr(line.beacon, name) is not None}
    assert given >= set(Beacon.__struct_fields__) - {"event", "order"}


def test_the_log_line_has_no_issue() -> None:
    (block,) = BEACON.marked("line")
    decoded = decode_lines([block.text.strip().encode()])
    assert decoded.issues == []
    assert [line.country for line in decoded.beacons] == ["DE"]


def test_the_canonical_text_that_is_shown_is_that_of_the_golden_case() -> None:
    shown = [block.text for block in Page("docs/spec/semantics.md").blocks if not block.language]
    golden = ROOT / "tests" / "golden"
    text = (golden / "plain_visit.expected.ndjson").read_text(encoding="utf-8")
    closed = (golden / "plain_visit.closed.expected.ndjson").read_text(encoding="utf-8")
    [cluster] = [line for line in closed.splitlines(keepends=True) if '"kind":"cluster"' in line]
    abbreviated = re.sub(r'("grid":\[\[0,0,0\],).*?\]\]', r"\1...]", cluster)
    assert shown == [text, abbreviated]


def test_json_is_json() -> None:
    found = [block for page in pages() for block in page.blocks if block.language == "json"]
    assert len(found) >= 8
    for block in found:
        if not block.text.startswith('"'):
            assert isinstance(block.json, dict)
