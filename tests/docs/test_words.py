"""What no page may say: places of one machine, addresses of registries, numbers of issues."""

import re

import pytest

from docs.page import ROOT, Page, named, pages

FORBIDDEN = {
    "a folder of somebody's machine": r"(?<![\w.])/(?:home|root|work|tmp|Users)/",
    "the address of a package registry": r"(?:registry\.npmjs|pypi\.org|files\.pythonhosted)",
    "the number of an issue": r"(?i)\bissues? #?\d|(?<!&)#\d",
    "American spelling": r"\b(?:[Nn]ormaliz|[Bb]ehavior\b|(?<!-)[Cc]olor\b|[Aa]nalyz|[Oo]ptimiz)",
    "what is not done": r"\b(?:TODO|FIXME|TBD|XXX)\b",
}
CONFIG = [Page(path.relative_to(ROOT).as_posix()) for path in sorted(ROOT.glob("config/*.toml"))]


@pytest.mark.parametrize("page", [*pages(), *CONFIG], ids=named)
def test_a_page_says_nothing_of_these(page: Page) -> None:
    for what, pattern in FORBIDDEN.items():
        found = re.search(pattern, page.text)
        assert found is None, f"{what}: {page.text[found.start() - 30 : found.end() + 30]!r}"


@pytest.mark.parametrize("page", [p for p in pages() if re.search(r"adr/\d", p.name)], ids=named)
def test_a_decision_has_its_parts_and_stands_in_the_list(page: Page) -> None:
    parts = re.findall(r"^## (.+)$", page.text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Alternatives", "Consequences"]
    assert re.search(r"^- \*\*Nothing", page.text, re.MULTILINE), "doing nothing is an alternative"
    title = page.text.partition("\n")[0].removeprefix("# ")
    assert f"[{title}]({page.path.name})" in Page("docs/adr/README.md").text
