"""What sites declare, as look-ups from what a line says to the codes of a state.

What is not here a stranger has made up: it becomes `(other)` or is left out, so no look-up ever grows.
"""

from collections.abc import Mapping

from bellrock.names import Names
from bellrock.schema.site import OTHER, Site
from bellrock.schema.timers import VITALS

UNDECLARED = 255
"""Stands for the slot of a timer that has none."""


class Declared:
    """The declarations of all sites by site and text; a text that is absent has the code 0."""

    def __init__(self, sites: Mapping[str, Site], names: Names) -> None:
        """Give every declared text its code."""
        code = names.texts.code
        self.sites = sites
        self.codes = {key: code(key) for key in sites}
        self.labels: dict[tuple[str, str | None], int] = {}
        self.releases: dict[tuple[str, str | None], int] = {}
        self.tests: dict[tuple[str, str, str], int] = {}
        self.slots: dict[tuple[str, str], int] = {}
        self.other, self.other_test = code(OTHER), names.tests.code((OTHER, OTHER))
        for key, site in sites.items():
            for look_up, declared in ((self.labels, site.labels), (self.releases, site.releases)):
                look_up[key, None] = 0
                look_up.update({(key, text): code(text) for text in declared})
            self.tests |= {
                (key, test.name, group): names.tests.code((test.name, group))
                for test in site.tests
                for group in test.groups
            }
            if site.timers:
                names.declare_timers(self.codes[key], site.timers)
                own = enumerate(names.timers[self.codes[key]], start=len(VITALS))
                self.slots |= {(key, name): slot for slot, name in own if name in site.timers}
