"""Many live impressions, made without lines, for what depends on how many there are.

Each is a copy of one that was folded, in a copy of its session, under new random ids and the keys that belong
to them; so it is looked up, saved and restored like any other. Copies end later than any line is.
"""

from time import process_time

import numpy as np

from bellrock.operators.keyring import Assigned, Keyring
from bellrock.operators.keys import Ids, Keys
from bellrock.operators.state import State
from bellrock.rows import Rows, copy, pick
from bellrock.schema.impression import ID

NEVER = 2**32 - 1
"""A minute later than that of any line."""

_LETTERS = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8
)
_TOKEN = 22
"""Characters of an id, as the tracker makes it."""


class Crowd:
    """Copies of what is open in a state, put into it."""

    def __init__(self, state: State) -> None:
        """Copy the sessions that have a counted impression and no order, with their impressions."""
        self._state = state
        self._random = np.random.default_rng(1)
        keys, sessions = state.sessions.items()
        copied = (sessions["impressions"] > 0) & (sessions["orders"] == 0)
        keys, self._sessions = keys[copied], pick(sessions, copied)
        self._sessions["due"] = NEVER
        page_keys, pages = state.impressions.items()
        copied = np.isin(pages["session"], keys)
        page_keys, self._pages = page_keys[copied], pick(pages, copied)
        self._of = np.searchsorted(keys, self._pages["session"])
        self._heads = np.searchsorted(page_keys, self._sessions["head"])
        self.seconds = 0.0
        """Processor time that putting rows into the tables has taken so far."""
        self.put = 0
        """Impressions put so far."""

    def grow(self, live: int) -> None:
        """Put copies until at least `live` impressions are in the state."""
        while len(self._state.impressions) < live:
            self._put_copies()

    def _put_copies(self) -> None:
        state, sessions, pages = self._state, copy(self._sessions), copy(self._pages)
        own = self._rename(state.session_keys, sessions, sessions["site"].astype(np.uint64))
        pages["session"] = own.keys[own.groups.of_row()][self._of]
        impressions = self._rename(state.impression_keys, pages, pages["session"].copy())
        sessions["head"] = impressions.keys[impressions.groups.of_row()][self._heads]
        began = process_time()
        state.sessions.put(own.keys, pick(sessions, own.groups.order))
        state.impressions.put(impressions.keys, pick(pages, impressions.groups.order))
        self.seconds += process_time() - began
        self.put += len(pages)

    def _rename(self, keyring: Keyring, rows: Rows, scope: Keys) -> Assigned:
        """Give rows new ids, and these their keys; each is a group of its own."""
        rows["id"] = self._tokens(len(rows))
        return keyring.assign(scope, rows["id"])

    def _tokens(self, count: int) -> Ids:
        letters = _LETTERS[self._random.integers(len(_LETTERS), size=(count, _TOKEN))]
        return letters.view(f"S{_TOKEN}")[:, 0].astype(ID)
