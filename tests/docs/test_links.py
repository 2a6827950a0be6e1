"""What the pages point to is there."""

import re
import runpy
from itertools import product

import pytest

from docs.page import ROOT, Page, named, pages

PLACE = re.compile(r"`((?:src|tests|config|scripts|docs|tracker|dashboard)/[\w./-]*)`")
BUILT = ("src/bellrock/assets", "docs/pictures")


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_leads_to_a_page_and_a_heading_that_exist(page: Page) -> None:
    for link in page.links:
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        assert target.exists(), link
        if anchor:
            found = Page(target.relative_to(ROOT).as_posix()).anchors
            assert anchor in found, f"{link}: there are {sorted(found)}"


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_place_in_the_repository_that_is_named_exists(page: Page) -> None:
    for place in PLACE.findall(page.prose):
        # The tracker's and the dashboard's own pages name what lies beside them.
        near = [ROOT / place, page.path.parent / place]
        assert place.startswith(BUILT) or any(path.exists() for path in near), place


def test_every_page_below_docs_is_linked_from_another() -> None:
    linked = {
        (page.path.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in page.links
    }
    below = [page for page in pages() if page.name.startswith("docs/")]
    assert [page.name for page in below if page.path not in linked] == []


def test_pictures_are_those_that_the_script_takes() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "pictures.py"))
    taken = {
        f"docs/pictures/{page}-{scheme}-{size}.png"
        for page, scheme, size in product(script["PAGES"], script["SCHEMES"], script["SIZES"])
    }
    shown = set(re.findall(r"docs/pictures/[\w-]+\.png", Page("README.md").text))
    assert shown
    assert shown <= taken
    if (ROOT / "docs" / "pictures").exists():
        assert all((ROOT / name).exists() for name in shown)


def test_the_tree_of_the_architecture_is_the_tree() -> None:
    package = ROOT / "src" / "bellrock"
    there = {
        f"src/bellrock/{path.name}{'/' if path.is_dir() else ''}"
        for path in package.iterdir()
        if not path.name.startswith("__") and path.name != "assets"
    }
    told = set(re.findall(r"^\| `(src/bellrock/[\w./]+)` \|", architecture(), re.MULTILINE))
    assert told == there


def architecture() -> str:
    return Page("ARCHITECTURE.md").text
