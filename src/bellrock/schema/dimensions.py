"""The dimensions of documents: five that every site has, and eight of which a site chooses up to four."""

import msgspec


class Dimension(msgspec.Struct, frozen=True):
    """A dimension by its name in documents, in queries and in the store."""

    name: str
    description: str


FIXED = (
    Dimension("test", "name of the A/B test, as assigned to the visitor"),
    Dimension("group", "group of the test, as assigned to the visitor"),
    Dimension("browser", "browser family, from the user agent"),
    Dimension("device", "desktop, mobile, tablet or other"),
    Dimension(
        "bot", "why the impression is taken for a bot's: declared, webdriver, behaviour, or empty"
    ),
)

OPTIONAL = (
    Dimension("country", "ISO 3166 country of the visitor"),
    Dimension("os", "operating system, from the user agent"),
    Dimension("label", "page template, as the page names it"),
    Dimension("release", "release of the shop, as the page names it"),
    Dimension("navigation", "how the page was reached: navigate, reload, back-forward, ..."),
    Dimension(
        "firstLoad", "whether this was the visitor's first load, which nothing can accelerate"
    ),
    Dimension("served", "whether the accelerator really served this page"),
    Dimension("cacheHit", "whether the page came from the accelerator's cache"),
)

ALL = FIXED + OPTIONAL
FIXED_NAMES = tuple(d.name for d in FIXED)
OPTIONAL_NAMES = tuple(d.name for d in OPTIONAL)
NAMES = FIXED_NAMES + OPTIONAL_NAMES
CONSTANT_NAMES = ("country", "os", "release")
"""The optional ones that are the same in all of a session."""

MAX_CHOSEN = 4
"""How many optional dimensions one site may choose: documents multiply with each."""
