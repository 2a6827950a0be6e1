"""Writes the reference pages that say what the code says: measures, settings, commands, the API.

    python scripts/docs.py            # writes those that have changed
    python scripts/docs.py --check    # writes nothing; 1 if one is not up to date

Enters: the tables of `bellrock.schema`, `Config`, the commands, the app. Leaves: docs/spec/measures.md,
docs/guide/settings.md, docs/guide/commands.md, docs/spec/openapi.json.
"""

import json
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from bellrock.accounts import Accounts
from bellrock.api import openapi
from bellrock.api.app import create_app
from bellrock.cli import app as commands
from bellrock.config import ENVIRONMENT, Config
from bellrock.histogram import SCHEME
from bellrock.progress import Progress
from bellrock.query.metrics import QUANTILES
from bellrock.schema import dimensions, measures, timers
from bellrock.schema.issue import DESCRIPTIONS
from bellrock.schema.measures import Measure, Ratio
from bellrock.schema.timers import Timer
from bellrock.store.contract import TIME_BUCKETS
from bellrock.store.duckdb import DuckDBStore

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by `make docs` from the code: change the code, not this page. -->\n"


def main(arguments: Sequence[str]) -> int:
    """Write or check every page; the exit status."""
    stale = [(path, text) for path, text in pages().items() if _read(ROOT / path) != text]
    for path, text in stale:
        print(f"{path} {'is not up to date: run `make docs`' if '--check' in arguments else ''}")
        if "--check" not in arguments:
            (ROOT / path).write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def pages() -> dict[str, str]:
    """The text of every reference page, by its path in the repository."""
    return {
        "docs/spec/measures.md": measures_page(),
        "docs/guide/settings.md": settings_page(),
        "docs/guide/commands.md": commands_page(),
        "docs/spec/openapi.json": openapi_text(),
    }


def measures_page() -> str:
    """Measures, metrics, timers, dimensions and issues, as the schema declares them."""
    return (
        "\n".join(
            [
                "# Measures, metrics, dimensions, issues\n",
                MADE,
                "A *measure* is an additive whole number of a document: the value of any span is the sum",
                "of its documents' values. A *metric* is what a query asks for. What the words mean",
                "exactly is in [semantics](semantics.md); how to ask is in [the query API](query-api.md).\n",
                "## Measures\n",
                "Each is a metric of the same name. `revenue` is stored in minor units and answered in major",
                "units of the site's currency.\n",
                _measures(measures.ADDITIVE),
                f"Of every timer, a document has these, the cells in the scheme [`{SCHEME}`](histogram.md):\n",
                _measures(measures.TIMER, "part"),
                "An issue document has one measure:\n",
                _measures(measures.ISSUE),
                "A delivery document has these. They are no metrics of queries:",
                "[`GET /delivery`](query-api.md) answers them.\n",
                _measures(measures.DELIVERY),
                "## Ratios\n",
                "Null where the denominator is 0.\n",
                _table(
                    ("metric", "unit", "is", "meaning"), map(_ratio_row, measures.RATIOS), code=1
                ),
                "## Timers\n",
                "`good` ends at the first threshold, `poor` begins above the second; both are boundaries of",
                "cells, so the shares are exact. A value outside of the range is an issue. A site declares",
                f"up to {timers.MAX_CUSTOM} timers of its own, in ms.\n",
                _table(
                    ("timer", "unit", "range", "good, poor", "meaning"),
                    map(_timer_row, (*timers.VITALS, timers.custom_timer("hero"))),
                    code=1,
                ),
                "The figures of a timer are metrics, `lcp.p75` for example:\n",
                _table(("figure", "unit", "meaning"), _figure_rows(), code=1),
                "## Dimensions\n",
                "Every site has these:\n",
                _table(("dimension", "meaning"), map(_pair, dimensions.FIXED), code=1),
                f"A site chooses up to {dimensions.MAX_CHOSEN} of these:\n",
                _table(("dimension", "meaning"), map(_pair, dimensions.OPTIONAL), code=1),
                f"A query may also name one time bucket: {_listed(TIME_BUCKETS)}.\n",
                "## Issues\n",
                _table(
                    ("issue", "meaning"),
                    ((str(i), text) for i, text in DESCRIPTIONS.items()),
                    code=1,
                ),
            ]
        ).rstrip("\n")
        + "\n"
    )


def settings_page() -> str:
    """Every setting with its default, and the reference files."""
    return (
        "\n".join(
            [
                "# Settings\n",
                MADE,
                "One TOML file, named with `--config`; an environment variable goes over the file, an argument",
                "over both. A name that bellrock does not know is refused, with the nearest that it does.",
                "`bellrock check` prints what holds in the end.\n",
                _table(
                    ("setting", "environment", "argument", "default", "meaning"),
                    map(_setting_row, Config.__struct_fields__),
                    code=4,
                ),
                "## The file\n",
                "`config/reference.toml`:\n",
                _fenced("config/reference.toml"),
                "## The sites\n",
                "`config/sites.toml`:\n",
                _fenced("config/sites.toml"),
            ]
        ).rstrip("\n")
        + "\n"
    )


def commands_page() -> str:
    """Every command with its arguments, as its help says it."""
    text = str(commands.generate_docs())
    title, rest = text.split("\n", 1)
    return f"# Commands\n\n{MADE}{rest.rstrip()}\n".replace(f"{title}\n", "")


def openapi_text() -> str:
    """The OpenAPI document as the app serves it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "store.duckdb")) as store,
        closing(Accounts(Path(folder) / "accounts.sqlite")) as accounts,
    ):
        document = openapi.document(create_app(store, store, {}, accounts, Progress(), time.time))
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _measures(found: Iterable[Measure], name: str = "measure") -> str:
    rows = ((of.name, of.unit, of.grain, of.description) for of in found)
    return _table((name, "unit", "of", "meaning"), rows, code=1)


def _ratio_row(of: Ratio) -> tuple[str, ...]:
    top = f"({of.numerator} - {of.subtrahend})" if of.subtrahend else of.numerator
    return of.name, of.unit, f"{top} / {of.denominator}", of.description


def _timer_row(of: Timer) -> tuple[str, ...]:
    rated = "" if of.good is None else f"{of.good:g}, {of.poor:g}"
    return of.name, of.unit, f"0 to {of.limit:,.0f}", rated, of.description


def _figure_rows() -> Iterable[tuple[str, ...]]:
    for name, share in QUANTILES.items():
        yield name, "the timer's", f"{share:.0%} of the values are at or below this"
    yield "mean", "the timer's", "mean of the values"
    yield "count", "impressions", "page impressions with the timer"
    for name in ("good", "needs_improvement", "poor"):
        yield name, "share", f"share of the values that are {name.replace('_', ' ')}, where rated"


def _pair(of: dimensions.Dimension) -> tuple[str, ...]:
    return of.name, of.description


def _setting_row(name: str) -> tuple[str, ...]:
    meanings = dict(re.findall(r"^\s*(\w+): (.+)\.$", str(Config.__doc__), re.MULTILINE))
    default = json.dumps(getattr(Config(), name))
    return name, ENVIRONMENT + name.upper(), f"--{name.replace('_', '-')}", default, meanings[name]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, code: int) -> str:
    """A table; the first `code` columns hold code."""
    lines = [head, ["---"] * len(head)]
    lines += [[_code(cell) if at < code else cell for at, cell in enumerate(row)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _fenced(path: str) -> str:
    return f"```toml\n{_read(ROOT / path)}```\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
