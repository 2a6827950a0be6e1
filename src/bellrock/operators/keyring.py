"""Who has which key: identities whose hashes meet are told apart, so that the fold is exact.

An identity is (scope, id): a site's code and a session id, or a session's key and an impression id.
It has the key that its hash gives, unless another identity had that one first; then it is moved to the
next free key, which is remembered for as long as the identity is open.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bellrock.operators.groups import Groups, as_words, group
from bellrock.operators.keys import Hasher, Ids, Keys, next_key
from bellrock.operators.run_table import Found, RunTable
from bellrock.rows import Index


class Assigned(NamedTuple):
    """Rows by their keys: `groups` of rows with one key, each group's `keys`, and what was `found` of them."""

    groups: Groups
    keys: Keys
    found: Found


class Keyring:
    """Gives keys to the rows of a table whose identity is its fields `scope` and `id`."""

    def __init__(
        self, hasher: Hasher, table: RunTable, scope: str, key: Callable[[Keys, Keys], Keys]
    ) -> None:
        """Serve `table`, also where it has rows; `key(scope, hash)` makes a key of a hash."""
        self._hasher, self._table, self._scope, self._key = hasher, table, scope, key
        self._moved: dict[tuple[int, bytes], int] = {}
        keys, rows = table.items()
        scopes = rows[scope].astype(np.uint64)
        for row in np.flatnonzero(self._hashed(scopes, rows["id"]) != keys).tolist():
            self._moved[int(scopes[row]), bytes(rows["id"][row])] = int(keys[row])

    def assign(self, scope: Keys, ids: Ids) -> Assigned:
        """Group rows by the key of their identity, and find what the table has of them."""
        keys = self._hashed(scope, ids)
        self._follow(keys, scope, ids)
        while True:
            groups = group(keys)
            distinct = keys[groups.order[groups.starts]]
            found = self._table.find(distinct)
            strangers = self._strangers(scope, ids, groups, distinct, found)
            if not len(strangers):
                return Assigned(groups, distinct, found)
            for row in strangers.tolist():
                self._move(int(scope[row]), bytes(ids[row]), int(keys[row]), distinct)
            self._follow(keys, scope, ids)

    def forget(self, scope: Keys, ids: Ids) -> None:
        """These identities have left the table."""
        if self._moved:
            for identity in zip(scope.tolist(), ids.tolist(), strict=True):
                self._moved.pop(identity, None)

    def _hashed(self, scope: Keys, ids: Ids) -> Keys:
        return self._key(scope, self._hasher(scope, ids))

    def _follow(self, keys: Keys, scope: Keys, ids: Ids) -> None:
        """Put the keys of moved identities in the place of those that their hashes give."""
        if self._moved:
            for row, identity in enumerate(zip(scope.tolist(), ids.tolist(), strict=True)):
                keys[row] = self._moved.get(identity, keys[row])

    def _strangers(
        self, scope: Keys, ids: Ids, groups: Groups, distinct: Keys, found: Found
    ) -> Index:
        """Rows whose key belongs to another identity: the one in the table, else the first in the rows."""
        holders = groups.order[groups.starts]
        holder_scope, holder_ids = scope[holders], ids[holders]
        at = np.searchsorted(distinct, found.keys)
        holder_scope[at] = found.rows[self._scope]
        holder_ids[at] = found.rows["id"]
        of = groups.of_sorted()
        # As words: texts are compared one by one, which takes many times as long.
        own, held = as_words(ids[groups.order]), as_words(holder_ids[of])
        differ = (scope[groups.order] != holder_scope[of]) | (own != held).any(axis=1)
        return np.asarray(groups.order[differ], dtype=np.int64)

    def _move(self, scope: int, identity: bytes, key: int, taken: Keys) -> None:
        if (scope, identity) in self._moved:
            return
        occupied = {*taken.tolist(), *self._moved.values()}
        while key in occupied or len(self._table.find(np.array([key], np.uint64)).keys):
            key = next_key(key)
        self._moved[scope, identity] = key
