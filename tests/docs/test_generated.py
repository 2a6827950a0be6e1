"""The reference pages say what the code says."""

import runpy

import pytest

from docs.page import ROOT

PAGES = runpy.run_path(str(ROOT / "scripts" / "docs.py"))["pages"]()


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path], "run `make docs`"
