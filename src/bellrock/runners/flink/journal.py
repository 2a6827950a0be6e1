"""A large value in keyed state, kept as a base and the changes since, with a copy of it in the worker.

What always holds: the copy is used only where its token is the one in keyed state. Flink may take the state
back to a checkpoint, or bring the key of another worker here: then the tokens differ, and the value is read
from keyed state anew. So a copy is never ahead of the state, nor behind it.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from bellrock.runners.flink.keyed import Value, Values

VERSION = 1
"""Of the layout of keyed state: `docs/spec/flink.md`."""

_SMALL = 64 << 10  # bytes of changes that are never worth a new base
_CHANGES_PER_BASE = 1.0
_T = TypeVar("_T")


class Journal(NamedTuple):
    """Where a value lies: `header` says which it is, `parts` are its base and the changes, in order."""

    header: Value
    parts: Values


class Header(msgspec.Struct, array_like=True, frozen=True):
    """`base` and `changed` are bytes of the base and of the changes; `note` is the owner's, small."""

    version: int
    token: bytes
    base: int
    changed: int
    note: bytes

    @property
    def is_blank(self) -> bool:
        """Whether nothing was kept yet but notes."""
        return not self.base + self.changed


_BLANK = Header(VERSION, b"", 0, 0, b"")
_decoder = msgspec.msgpack.Decoder(Header)


def read_header(journal: Journal) -> Header:
    """The header, a blank one before anything was kept; raises ValueError for another version."""
    data = journal.header.value()
    header = _BLANK if data is None else _decoder.decode(data)
    if header.version != VERSION:
        raise ValueError(f"keyed state of version {header.version}, not {VERSION}")
    return header


def annotate(journal: Journal, header: Header, note: bytes) -> None:
    """Write a note alone."""
    journal.header.update(msgspec.msgpack.encode(msgspec.structs.replace(header, note=note)))


class Copies(Generic[_T]):
    """The values that a worker has in memory, by key."""

    def __init__(self, restore: Callable[[list[bytes]], _T]) -> None:
        """`restore` makes a value of a base and changes; of nothing, a blank one."""
        self._restore = restore
        self._copies: dict[int, tuple[bytes, _T]] = {}

    def take(self, key: int, journal: Journal, header: Header) -> _T:
        """The value that keyed state has, to be kept again: one whose change failed is not used again."""
        token, value = self._copies.pop(key, (b"", None))
        if value is None or token != header.token:
            value = self._restore(list(journal.parts.get()))
        return value

    def keep(
        self,
        key: int,
        value: _T,
        journal: Journal,
        header: Header,
        *,
        note: bytes,
        changes: Sequence[bytes],
        whole: Callable[[], bytes],
    ) -> Header:
        """Write what changed since `take`, and a note; `whole` makes a new base, where one is due."""
        base, changed = header.base, header.changed + sum(map(len, changes))
        if changed > max(_SMALL, base * _CHANGES_PER_BASE):
            made = whole()
            journal.parts.update([made])
            base, changed = len(made), 0
        else:
            for change in changes:
                journal.parts.add(change)
        kept = Header(VERSION, secrets.token_bytes(8), base, changed, note)
        journal.header.update(msgspec.msgpack.encode(kept))
        self._copies[key] = (kept.token, value)
        return kept
