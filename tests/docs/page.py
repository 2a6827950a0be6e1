"""The pages of the documentation, and what can be found in them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]

_FENCED = re.compile(
    r"^(?:<!-- (?P<mark>[\w: ]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its mark (`<!-- run -->` before it), its language and its text."""

    mark: str
    language: str
    text: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.text)


@dataclass(frozen=True)
class Page:
    """One page; `name` is its path in the repository."""

    name: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def flat(self) -> str:
        """The text with every run of white space as one space: where lines break says nothing."""
        return " ".join(self.text.split())

    @property
    def prose(self) -> str:
        """The text without fenced blocks and comments."""
        return _COMMENT.sub("", _FENCED.sub("", self.text))

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(m["mark"] or "", m["language"], m["text"]) for m in _FENCED.finditer(self.text)
        ]

    def marked(self, mark: str) -> list[Block]:
        return [block for block in self.blocks if block.mark == mark]

    @property
    def links(self) -> list[str]:
        return [link for link in _LINK.findall(self.prose) if "://" not in link]

    @property
    def anchors(self) -> set[str]:
        """The anchors of its headings, made as GitHub makes them."""
        titles = (re.sub(r"[`*]", "", title).lower() for title in _HEADING.findall(self.prose))
        return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}

    def names(self, name: str) -> bool:
        """Whether the page has a name as code, alone or at the beginning of more."""
        return re.search(rf"`{re.escape(name)}[`= \[.(]", self.text) is not None


def pages() -> list[Page]:
    """Every page that people read, but for those of packages and builds."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / name for name in ("tracker/README.md", "dashboard/README.md")),
        *ROOT.glob("tests/*/README.md"),
    ]
    return [Page(path.relative_to(ROOT).as_posix()) for path in sorted(found)]


def named(page: Page) -> str:
    return page.name
