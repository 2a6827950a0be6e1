"""Stores that a test opens, one after the other or several at a time; all are closed after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Closeable(Protocol):
    @property
    def close(self) -> Callable[[], None]: ...


Opened = TypeVar("Opened", bound=Closeable)


@contextmanager
def opening(make: Callable[[], Opened]) -> Iterator[Callable[[], Opened]]:
    made: list[Opened] = []

    def new() -> Opened:
        made.append(make())
        return made[-1]

    yield new
    for store in made:
        store.close()
