"""What configuration and marks say of an impression: the dimensions its site has chosen, and its bot.

Both are written into the row whenever it is folded, so that what it contributed can be taken back exactly,
though the configuration or a mark may have changed since.
"""

from collections.abc import Mapping

import numpy as np

from bellrock.marks.contract import Marks
from bellrock.names import Names
from bellrock.operators.documents import CHOSEN, MINUTE, bots_of
from bellrock.rows import Rows
from bellrock.schema.agent import BOTS
from bellrock.schema.site import Site

_BEHAVIOUR = BOTS.index("behaviour")


class Attribution:
    """Writes `chosen` and `bot` of impressions."""

    def __init__(self, sites: Mapping[str, Site], marks: Marks) -> None:
        """Look at the sites once, and at the marks whenever they change."""
        self.sites = sites
        self._marks = marks
        self._version = -1
        self._since: dict[tuple[str | None, str], int] = {}
        self._chosen = np.zeros(0, dtype=np.uint8)

    def attribute(self, rows: Rows, names: Names) -> None:
        """Write `chosen` and `bot` of impressions, in place."""
        if len(self._chosen) < len(names.texts):
            self._chosen = np.array(
                [self._chosen_by(names.texts.value(code)) for code in range(len(names.texts))],
                dtype=np.uint8,
            )
        rows["chosen"] = self._chosen[rows["site"]]
        rows["bot"] = bots_of(rows, names.agents)
        self._look_at_marks()
        marked = [names.agents.find(agent) for _, agent in self._since]
        codes = [code for code in marked if code is not None]
        for row in np.flatnonzero(np.isin(rows["agent"], codes) & (rows["bot"] == 0)).tolist():
            if rows["first"][row] >= self._since_of(rows[row], names) * MINUTE:
                rows["bot"][row] = _BEHAVIOUR

    def _chosen_by(self, text: str) -> int:
        site = self.sites.get(text)
        return sum(int(CHOSEN[name]) for name in site.dimensions) if site else 0

    def _look_at_marks(self) -> None:
        if self._version != self._marks.version:
            self._version = self._marks.version
            self._since = {}
            for mark in self._marks.active():
                place = (mark.site, mark.agent)
                self._since[place] = min(mark.since, self._since.get(place, mark.since))

    def _since_of(self, row: np.void, names: Names) -> float:
        """The minute since which a marked user agent is taken for a bot on the row's site."""
        agent = names.agents.text(row["agent"])
        site = names.texts.value(row["site"])
        return min(self._since.get((place, agent), np.inf) for place in (site, None))
