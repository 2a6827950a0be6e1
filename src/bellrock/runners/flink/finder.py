"""Finds our modules where the folder that the first of them came from is gone.

Flink unpacks the code anew for each run of a task, and removes it when the run ends; the interpreter of the
worker goes on, and keeps what it has loaded. Where a run ends while the code is being loaded, as when another
task fails at the start, what is loaded looks for the rest in a folder that is gone; so does every later run.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_OURS = "bellrock."


class Finder(MetaPathFinder):
    """Looks for modules of ours that are in no folder of their package, in all that `sys.path` has now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        del path
        if not fullname.startswith(_OURS):
            return None
        package = fullname.split(".")[:-1]
        folders = [str(Path(entry, *package)) for entry in sys.path]
        return PathFinder.find_spec(fullname, folders, target)


def install() -> None:
    """Ask it last, when all others have found nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())
