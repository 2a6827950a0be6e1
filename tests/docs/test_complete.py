"""Everything that people can set, ask for, send or meet is documented, under its real name."""

import re
import tomllib
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bellrock.api.problems import MEDIA_TYPE
from bellrock.api.services import PREFIX
from bellrock.collector import limits
from bellrock.collector.commit import WAITING_BYTES
from bellrock.config import Config
from bellrock.metrics import Metrics
from bellrock.operators.sessions import GAP_MINUTES, LONGEST_MINUTES
from bellrock.progress import Progress
from bellrock.query.metrics import catalogue
from bellrock.query.request import MAX_ROWS, HistogramRequest, Include, QueryRequest
from bellrock.runners.embedded.server import watch
from bellrock.schema import dimensions, measures, timers, wire
from bellrock.schema.agent import OTHER
from bellrock.schema.document import RELATIONS
from bellrock.schema.issue import Issue
from bellrock.schema.site import Site
from bellrock.schema.timers import VITALS
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.search.documents import KINDS
from docs.page import ROOT, Page

OPERATING = Page("docs/guide/operating.md")
SEMANTICS = Page("docs/spec/semantics.md")
MEASURES = Page("docs/spec/measures.md")
BEACON = Page("docs/spec/beacon.md")
QUERY_API = Page("docs/spec/query-api.md")
SETTINGS = Page("docs/guide/settings.md")
STORE = Page("docs/spec/documents-and-store.md")
SEARCH = Page("docs/spec/search.md")
TRACKER = (Page("docs/guide/tracker.md"), Page("tracker/README.md"))


@pytest.mark.parametrize("issue", list(Issue))
def test_every_issue_is_explained(issue: Issue) -> None:
    for page in (SEMANTICS, MEASURES):
        assert page.names(issue), page.name


def test_issues_stand_in_the_order_in_which_they_are_taken() -> None:
    told = re.findall(r"^\| `([a-z.]+)` \| .* \| (?:yes|no)\b", SEMANTICS.text, re.MULTILINE)
    assert told == [str(issue) for issue in Issue]


def test_every_metric_of_the_engine_is_explained_and_no_other(tmp_path: Path) -> None:
    metrics = Metrics()
    with closing(DuckDBStore(tmp_path / "store.duckdb")) as store:
        watch(metrics, store, Progress())
        found = {metric.name for metric in metrics.described()}
    told = set(re.findall(r"^\| `(bellrock_[a-z_]+)` \(", OPERATING.text, re.MULTILINE))
    assert told == {name for name in found if not name.startswith("bellrock_process_")}


@pytest.mark.parametrize("name", Config.__struct_fields__)
def test_every_setting_is_explained(name: str) -> None:
    assert SETTINGS.names(name)
    assert SETTINGS.names(f"BELLROCK_{name.upper()}")


@pytest.mark.parametrize("metric", catalogue(VITALS))
def test_every_metric_is_explained(metric: str) -> None:
    for name in metric.split("."):
        assert MEASURES.names(name)


def test_every_additive_measure_has_its_meaning_in_the_semantics() -> None:
    names = (*measures.ADDITIVE_NAMES, *RELATIONS["delivery"].additive)
    missing = [name for name in names if not SEMANTICS.names(name)]
    assert missing == []


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_of_the_store_is_explained(relation: str) -> None:
    assert re.search(rf"^\| `{relation}` \|", STORE.text, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_document_in_a_search_store_is_explained(kind: str) -> None:
    assert SEARCH.names(kind)


@pytest.mark.parametrize("name", dimensions.NAMES)
def test_every_dimension_is_explained(name: str) -> None:
    assert MEASURES.names(name)
    assert re.search(rf"\b{name}\b", SEMANTICS.text)


def test_every_route_is_explained_and_no_other() -> None:
    document = msgspec.json.decode((ROOT / "docs/spec/openapi.json").read_bytes())
    routes = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    told = set(re.findall(r"^\| `(GET|POST) (/[\w/.-]+)` \|", QUERY_API.text, re.MULTILINE))
    assert told == routes
    assert PREFIX in QUERY_API.text
    assert MEDIA_TYPE in QUERY_API.text


def test_every_field_of_a_question_is_explained() -> None:
    fields = {*QueryRequest.__struct_fields__, *HistogramRequest.__struct_fields__} - {"include"}
    fields |= {f"include.{name}" for name in Include.__struct_fields__}
    text = QUERY_API.text
    assert [name for name in fields if f"`{name}`" not in text and f'"{name}"' not in text] == []
    assert f"from 1 to {MAX_ROWS}" in text


def test_every_problem_that_a_route_may_answer_is_explained() -> None:
    document = msgspec.json.decode((ROOT / "docs/spec/openapi.json").read_bytes())
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    codes = {code for operation in operations for code in operation["responses"]}
    rows = re.findall(r"^\| ([\d, ]+) \|", QUERY_API.text, re.MULTILINE)
    told = {code for row in rows for code in row.split(", ")}
    assert {code for code in codes if code >= "400"} <= told


def test_every_field_of_a_beacon_is_explained() -> None:
    groups = (
        wire.Page,
        wire.Test,
        wire.Delivery,
        wire.Event,
        wire.Order,
        wire.Visitor,
        wire.Browser,
    )
    for form in (wire.Beacon, *groups):
        for name in [field.encode_name for field in msgspec.structs.fields(form)]:
            assert re.search(rf"[`.\"]{name}[`.\"]", BEACON.text), f"{form.__name__}.{name}"
    for choice in (*wire.TYPES, *wire.NAVIGATIONS, *wire.TRANSPORTS):
        assert BEACON.names(choice)


def test_limits_are_those_of_the_code() -> None:
    text, rules = BEACON.flat, SEMANTICS.flat
    assert f"above {limits.BODY_BYTES // 1024} KiB" in text
    assert f"above {limits.UNPACKED_BYTES // 1024} KiB unpacked" in text
    assert f"more than {limits.ELEMENTS} elements" in text
    assert f"deeper than {limits.DEPTH} levels" in text
    assert f"cut to {limits.RAW_BYTES // 1024} KiB" in text
    assert f"cut to {limits.USER_AGENT_CHARACTERS} code points" in text
    assert f"when {WAITING_BYTES // 2**20} MiB are waiting" in text
    assert f"`seq` | whole number, 0 to {wire.MAX_SEQ}" in text
    assert f"up to {wire.MAX_PROPS} names" in text
    assert f"< {wire.END_OF_TIME})" in rules
    assert f"last + {GAP_MINUTES} minutes" in rules
    assert f"+ {LONGEST_MINUTES} minutes" in rules
    assert f"| {OTHER} |" in rules
    assert {timer.limit for timer in timers.VITALS} == {600_000, 100}


def test_every_setting_of_a_site_is_explained() -> None:
    names = {"test" if name == "tests" else name for name in Site.__struct_fields__}
    text = (ROOT / "config" / "sites.toml").read_text(encoding="utf-8")
    given = set(re.findall(r"^(\w+) =|^\[\[site\.(\w+)\]\]", text, re.MULTILINE))
    assert names <= {name for pair in given for name in pair}
    assert text in SETTINGS.text


def test_every_option_of_the_tracker_is_explained() -> None:
    source = (ROOT / "tracker/src/options.ts").read_text(encoding="utf-8")
    found = re.search(r"const \{([^}]*)\} =\s*script\?\.dataset", source)
    assert found
    options = [
        "data-" + re.sub(r"[A-Z]", lambda m: f"-{m[0].lower()}", name.strip())
        for name in found[1].split(",")
        if name.strip()
    ]
    assert len(options) >= 10
    for page in TRACKER:
        assert [name for name in options if name not in page.text] == [], page.name


def test_every_command_of_the_tracker_is_explained() -> None:
    source = (ROOT / "tracker/src/command.ts").read_text(encoding="utf-8")
    commands = re.findall(r'\| readonly \["(\w+)",', source)
    assert len(commands) >= 8
    guide, reference = TRACKER
    for name in commands:
        assert f'["{name}", ' in guide.text, name
        assert reference.names(name), name


def test_the_contracts_of_the_imports_are_those_that_are_enforced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = Page("ARCHITECTURE.md").flat
    for contract in project["tool"]["importlinter"]["contracts"]:
        title = contract["name"].partition(":")[0]
        assert f"**{title[0].upper()}{title[1:]}.**" in text
        if contract["type"] == "layers":
            layers = [re.findall(r"bellrock\.(\w+)", layer) for layer in contract["layers"]]
            told = "; ".join(" and ".join(f"`{name}`" for name in names) for names in layers[::-1])
            assert told in text
