"""No rows without a right to their site."""

import ast
from pathlib import Path

import pytest

import bellrock
from bellrock.errors import Forbidden
from bellrock.query.interval import Span
from bellrock.query.invalid import InvalidRequest
from bellrock.query.plan import plan_histogram, plan_query
from bellrock.query.request import HistogramRequest, QueryRequest
from bellrock.query.selection import select, visible_site
from bellrock.schema.access import Access
from bellrock.schema.site import Site
from bellrock.store.contract import Selection

VERA = Access("session:2", "vera", "viewer", frozenset({"shop-a"}))


def test_a_selection_needs_a_right_to_its_site() -> None:
    assert select(VERA, "shop-a", Span(1, 2)) == Selection("shop-a", 1, 2)
    with pytest.raises(Forbidden, match="vera may not see the site 'shop-b'"):
        select(VERA, "shop-b", Span(1, 2))


def test_a_plan_for_another_site_is_forbidden(sites: dict[str, Site]) -> None:
    query = QueryRequest(site="shop-b", metrics=("impressions",), date_range="30m")
    histogram = HistogramRequest(site="shop-b", timer="lcp", date_range="30m")
    with pytest.raises(Forbidden):
        plan_query(query, VERA, sites, 0)
    with pytest.raises(Forbidden):
        plan_histogram(histogram, VERA, sites, 0)


def test_one_with_rights_to_some_sites_does_not_learn_which_others_exist(
    sites: dict[str, Site], admin: Access
) -> None:
    for key in ("shop-b", "shop-that-is-none"):
        with pytest.raises(Forbidden):
            visible_site(VERA, key, sites)
    with pytest.raises(InvalidRequest, match="no site 'shop-that-is-none'"):
        visible_site(admin, "shop-that-is-none", sites)


def test_select_is_the_only_place_that_makes_a_selection() -> None:
    source = Path(bellrock.__file__).parent
    makers = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Selection"
    }
    # A store may narrow the selection that it was given.
    assert {path for path in makers if not path.startswith("store/")} == {"query/selection.py"}
