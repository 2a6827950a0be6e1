"""Flink as it comes with the package of PyPI, arranged as its scripts expect it.

Enters: the environment that has the package, and further jars. Leaves: a folder with `lib`, `opt`,
`plugins` and `conf`, and the variables that a process of Flink needs to find all of it, and Python.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bellrock.errors import ConfigurationError

WORKER_JAVA = "-XX:+UseParallelGC"
"""Options of a worker: of great arrays, as records are, Java's default makes much work."""


class Home(NamedTuple):
    """A Flink home; `environment` is the virtual environment with the package."""

    folder: Path
    environment: Path

    @property
    def package(self) -> Path:
        """The package's own folder."""
        return _package(self.environment)

    @property
    def variables(self) -> dict[str, str]:
        """The variables of every process of Flink, the client's among them."""
        binaries = self.environment / "bin"
        # Thread mode finds Python's packages by PYTHONPATH alone, in client and workers alike.
        return {
            **os.environ,
            "PATH": f"{binaries}:{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(self.package.parent),
            "VIRTUAL_ENV": str(self.environment),
            "FLINK_HOME": str(self.folder),
            **{
                f"FLINK_{name.upper()}_DIR": str(self.folder / name)
                for name in ("lib", "opt", "plugins", "conf", "log", "pid")
            },
        }


def make_home(
    folder: Path,
    environment: Path,
    *,
    jars: Sequence[Path],
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Home:
    """Arrange a home in a new folder; raises ConfigurationError where the package is not there."""
    home = Home(folder.absolute(), environment.absolute())
    package = home.package
    for name in ("lib", "opt", "plugins", "conf", "log", "pid"):
        (folder / name).mkdir(parents=True)
    python = next((package / "opt").glob("flink-python-*.jar"))
    for jar in [*(package / "lib").glob("*.jar"), *jars]:
        (_place_of(jar, folder) / jar.name).symlink_to(jar.absolute())
    # In `lib` a second job in the same worker finds Python's classes loaded; `opt` is searched by the
    # client, which follows no links.
    for place in ("lib", "opt"):
        shutil.copy(python, folder / place)
    for file in (package / "conf").glob("log4j*.properties"):
        shutil.copy(file, folder / "conf")
    interpreter = str(home.environment / "bin" / "python")
    told = {
        "env.java.opts.all": _java_options(package),
        "env.java.opts.taskmanager": WORKER_JAVA,
        "python.executable": interpreter,
        "python.client.executable": interpreter,
        **settings,
    }
    lines = [f"{name}: {value}\n" for name, value in told.items()]
    (folder / "conf" / "config.yaml").write_text("".join(lines), encoding="utf-8")
    return home


def _place_of(jar: Path, folder: Path) -> Path:
    """Where a jar belongs: file systems are plugins, each in a folder of its own."""
    if not jar.name.startswith("flink-s3-fs-"):
        return folder / "lib"
    place = folder / "plugins" / jar.stem
    place.mkdir()
    return place


def _package(environment: Path) -> Path:
    found = list(environment.absolute().glob("lib/python*/site-packages/pyflink"))
    if not found:
        raise ConfigurationError(
            str(environment), "has no Flink", "Make it with: make flink, or name one that has."
        )
    return found[0]


def _java_options(package: Path) -> str:
    """What the package's own configuration tells Java, without which Flink does not run on Java 17."""
    text = (package / "conf" / "config.yaml").read_text(encoding="utf-8")
    found = re.search(r"^ +all: (--add-.*)$", text, re.MULTILINE)
    assert found is not None
    return found[1]
