"""Commands of `bellrock` in this process, as a shell runs them."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from bellrock import cli


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    status: object
    out: str
    err: str


Run = Callable[..., Ran]


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no settings in the environment."""
    for name in [name for name in os.environ if name.startswith("BELLROCK_")]:
        monkeypatch.delenv(name)


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run a command; how it ends."""
    monkeypatch.setattr(sys, "argv", ["bellrock", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code
