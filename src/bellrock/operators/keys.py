"""64-bit keys of sessions and impressions, each identity its own.

The upper 24 bits of an impression's key are those of its session's, so that the impressions of a session
lie side by side in a sorted run; the other 40 bits tell them apart. Keys are a keyed hash (multilinear,
strongly universal: D. Lemire and O. Kaser, arXiv 1202.4961), so nobody outside can choose ids that meet.
Where two identities meet all the same, the later one is given another key (`Keyring`), so no result
depends on a hash.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bellrock.operators.groups import starts_of
from bellrock.schema.impression import ID

Keys = NDArray[np.uint64]
Ids = NDArray[np.bytes_]

_OWN_BITS = np.uint64(40)
_OWN = (np.uint64(1) << _OWN_BITS) - np.uint64(1)
_UPPER = ~np.uint64(0xFFFF_FFFF)
_WORDS = ID.itemsize // 4
_SCOPE_WORDS = 2


class Hasher:
    """A hash of (scope, id), keyed by a secret; `mask` keeps some of its bits, for tests."""

    def __init__(self, secret: bytes, mask: int = (1 << 64) - 1) -> None:
        """Stretch the secret to the keys of the hash."""
        words = 2 * (1 + _SCOPE_WORDS + _WORDS)
        stretched = hashlib.shake_256(secret).digest(8 * words)
        self._keys = np.frombuffer(stretched, dtype="<u8").reshape(2, -1)
        self._mask = np.uint64(mask)

    def __call__(self, scope: Keys, ids: Ids) -> Keys:
        """The hash of each row of two arrays, shape (rows,)."""
        words = np.ascontiguousarray(ids).view("<u4").reshape(len(ids), _WORDS)
        upper, lower = (
            np.full(len(ids), keys[0]) + (scope >> np.uint64(32)) * keys[1] + (scope & ~_UPPER) * keys[2]
            for keys in self._keys
        )  # fmt: skip
        # Ids are short as a rule: words that no row uses cost nothing.
        for word in np.flatnonzero(words.any(axis=0)).tolist():
            values = words[:, word].astype(np.uint64)
            upper += values * self._keys[0, 1 + _SCOPE_WORDS + word]
            lower += values * self._keys[1, 1 + _SCOPE_WORDS + word]
        return np.asarray(((upper & _UPPER) | (lower >> np.uint64(32))) & self._mask)


def distinct(parts: Iterable[Keys]) -> Keys:
    """All keys of some parts, each once, in ascending order."""
    keys = np.concatenate([np.empty(0, np.uint64), *parts])
    keys.sort()
    # `np.unique` takes three times as long.
    return keys[starts_of(keys)]


def impression_keys(sessions: Keys, own: Keys) -> Keys:
    """Keys of impressions whose session keys and own hashes are given."""
    return np.asarray((sessions & ~_OWN) | (own & _OWN))


def prefixes(sessions: Keys) -> Keys:
    """What the keys of all impressions of each session begin with."""
    return np.asarray(sessions >> _OWN_BITS)


def prefix_range(prefix: Keys) -> tuple[Keys, Keys]:
    """The least and the greatest key with each prefix."""
    return prefix << _OWN_BITS, (prefix << _OWN_BITS) | _OWN


def next_key(key: int) -> int:
    """The key to be tried after one that is taken; it has the same prefix."""
    own = int(_OWN)
    return (key & ~own) | ((key + 1) & own)
