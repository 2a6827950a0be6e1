"""SITES.toml: the declaration of the sites.

Enters: the path of a TOML file of `[[site]]` tables. Leaves: `Sites`, an immutable mapping from site
key to `Site`, in the order of the file. Every mistake is a `ConfigurationError` that names the file,
the site, the setting and the mend; nothing is guessed.
"""

import json
import math
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any

import msgspec

from bellrock.errors import ConfigurationError
from bellrock.schema import dimensions, measures, timers
from bellrock.schema.site import Site, Test
from bellrock.secrets import Secret

Sites = Mapping[str, Site]

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_TIMER = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_MAX_REVENUE_CAP = 10_000_000
_SHARE_TOLERANCE = 1e-9

_RESERVED_TIMERS = frozenset(
    {
        m.name
        for m in measures.ADDITIVE + measures.CLUSTER + measures.CLUSTER_ALL_ONLY + measures.ISSUE
    }
    | set(dimensions.NAMES)
    | set(timers.VITAL_NAMES)
    | {"kind", "site", "minute", "population", "issue"}
)


class _TestTable(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    control: str
    groups: dict[str, float]


class _SiteTable(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    currency: str
    order_key: str
    revenue_cap: int = 1_000_000
    dimensions: list[str] = []
    labels: list[str] = []
    releases: list[str] = []
    timers: list[str] = []
    parameters: list[str] = []
    gpc: str = "anonymous"
    budget: float | None = None
    test: list[_TestTable] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    site: list[_SiteTable] = []


def load_sites(path: Path) -> Sites:
    """Read SITES.toml; raises ConfigurationError for everything that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            str(path),
            f"cannot be read ({error.strerror})",
            "Name one with --sites, or make one with: bellrock site add KEY.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            str(path), f"is not UTF-8 ({error.reason})", "Save it as UTF-8."
        ) from error
    return parse_sites(text, str(path))


def parse_sites(text: str, place: str) -> Sites:
    """The sites of a TOML text; `place` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(place, f"is not TOML: {error}", "Mend that line.") from error
    _refuse_unknown(document, place)
    try:
        table = msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise ConfigurationError(place, str(error), "See config/sites.toml.") from error
    sites: dict[str, Site] = {}
    for entry in table.site:
        site = _site(entry, f"{place}, site {entry.key!r}")
        if site.key in sites:
            raise ConfigurationError(place, f"two sites have the key {site.key!r}", "Rename one.")
        sites[site.key] = site
    return MappingProxyType(sites)


def add_site(path: Path, key: str, currency: str = "EUR") -> Site:
    """Append a site with a new random order key to the file, which is made where it is missing."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if key in parse_sites(text, str(path)):
        raise ConfigurationError(str(path), f"has a site {key!r} already", "Choose another key.")
    table = {"key": key, "currency": currency, "order_key": secrets.token_hex(32)}
    # Texts of JSON are texts of TOML.
    lines = [
        "",
        "[[site]]",
        *(f"{name} = {json.dumps(value)}" for name, value in table.items()),
        "",
    ]
    joined = "\n".join([text.rstrip(), *lines]).lstrip()
    site = parse_sites(joined, str(path))[key]
    _replace(path, joined)
    return site


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner alone: it holds keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _refuse_unknown(document: Mapping[str, Any], place: str) -> None:
    """Name the first unknown key with the nearest known one."""
    _check_keys(document, _File, place)
    for entry in _tables(document.get("site")):
        where = f"{place}, site {entry.get('key', '?')!r}"
        _check_keys(entry, _SiteTable, where)
        for test in _tables(entry.get("test")):
            _check_keys(test, _TestTable, f"{where}, test {test.get('name', '?')!r}")


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [t for t in value if isinstance(t, Mapping)] if isinstance(value, list) else []


def _check_keys(table: Mapping[str, Any], shape: type[msgspec.Struct], place: str) -> None:
    for key in table:
        if key not in shape.__struct_fields__:
            near = get_close_matches(key, shape.__struct_fields__, n=1, cutoff=0)
            raise ConfigurationError(
                place, f"unknown setting {key!r}", f"Did you mean {near[0]!r}?"
            )


def _site(table: _SiteTable, place: str) -> Site:
    def need(holds: object, problem: str, mend: str) -> None:
        if not holds:
            raise ConfigurationError(place, problem, mend)

    need(
        _KEY.fullmatch(table.key),
        "the key has the wrong form",
        "Use up to 64 of a-z 0-9 . _ - and begin with a letter or digit.",
    )
    need(_CURRENCY.fullmatch(table.currency), "currency is not ISO 4217", "Write it like EUR.")
    order_key = Secret(table.order_key, f"{place}, order_key").reveal()
    need(
        re.fullmatch(r"[0-9a-fA-F]{64}", order_key),
        "order_key is not 32 bytes in hex",
        "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'",
    )
    need(
        0 < table.revenue_cap <= _MAX_REVENUE_CAP,
        "revenue_cap is out of range",
        f"Use minor units from 1 to {_MAX_REVENUE_CAP}.",
    )
    need(
        table.gpc in {"drop", "anonymous", "ignore"},
        f"gpc is {table.gpc!r}",
        "Use drop, anonymous or ignore.",
    )
    need(
        table.budget is None or 0 < table.budget < math.inf,
        "budget is out of range",
        "Write beacons a second, above 0; without it the setting site_budget holds.",
    )
    _check_dimensions(table, need)
    _check_timers(table, need)
    need(
        not any(f"{label}:repeat" in table.labels for label in table.labels),
        "labels hold both L and L:repeat",
        "Rename one: L:repeat is the name of a population.",
    )
    names = [test.name for test in table.test]
    need(len(set(names)) == len(names), "two tests have the same name", "Rename one.")
    return Site(
        key=table.key,
        currency=table.currency,
        order_key=bytes.fromhex(order_key),
        revenue_cap=table.revenue_cap,
        dimensions=tuple(table.dimensions),
        labels=tuple(table.labels),
        releases=tuple(table.releases),
        timers=tuple(table.timers),
        parameters=tuple(table.parameters),
        budget=table.budget,
        gpc=table.gpc,  # type: ignore[arg-type]  # checked above
        tests=tuple(_test(t, place) for t in table.test),
    )


def _check_dimensions(table: _SiteTable, need: Any) -> None:
    for name in table.dimensions:
        if name not in dimensions.OPTIONAL_NAMES:
            near = get_close_matches(name, dimensions.OPTIONAL_NAMES, n=1, cutoff=0)[0]
            need(holds=False, problem=f"unknown dimension {name!r}", mend=f"Did you mean {near!r}?")
    need(
        len(set(table.dimensions)) == len(table.dimensions),
        "a dimension is named twice",
        "Name it once.",
    )
    need(
        len(table.dimensions) <= dimensions.MAX_CHOSEN,
        "too many dimensions",
        f"Choose up to {dimensions.MAX_CHOSEN}: documents multiply with each.",
    )


def _check_timers(table: _SiteTable, need: Any) -> None:
    need(
        len(table.timers) <= timers.MAX_CUSTOM,
        "too many timers",
        f"Declare up to {timers.MAX_CUSTOM}.",
    )
    need(
        len(set(table.timers)) == len(table.timers), "a timer is declared twice", "Declare it once."
    )
    for name in table.timers:
        need(
            _TIMER.fullmatch(name),
            f"timer {name!r} has the wrong form",
            "Use a-z, 0-9 and _, up to 32.",
        )
        need(
            name not in _RESERVED_TIMERS,
            f"timer {name!r} is the name of something else",
            "Rename it.",
        )


def _test(table: _TestTable, place: str) -> Test:
    if table.control not in table.groups:
        raise ConfigurationError(
            f"{place}, test {table.name!r}",
            f"control {table.control!r} is none of its groups",
            f"Use one of {sorted(table.groups)}.",
        )
    shares = table.groups.values()
    # Put so that nan is refused, too.
    if not (abs(sum(shares) - 1) <= _SHARE_TOLERANCE and min(shares) >= 0):
        raise ConfigurationError(
            f"{place}, test {table.name!r}",
            "the shares of its groups do not sum to 1",
            "Write the planned split, like { A = 0.5, B = 0.5 }.",
        )
    return Test(name=table.name, control=table.control, groups=dict(table.groups))
