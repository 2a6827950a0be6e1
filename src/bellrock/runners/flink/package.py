"""The code as an archive that Flink hands to its workers.

Enters: the installed package. Leaves: a zip with `bellrock`, its jar among it, without what only a server of
pages needs, and its metadata, by which it knows its version. What always holds: equal code gives equal bytes.
"""

import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

import bellrock
from bellrock.errors import ConfigurationError

GATHER = "assets/flink/gather.jar"
"""In the package: the operator that is of Java."""

_LEFT_OUT = ("tracker", "dashboard", "demo", "simulate", "__pycache__")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_code(path: Path) -> None:
    """Write the archive of the code alone, which a client hands to a cluster.

    Raises ConfigurationError where the jar was not built.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in _code():
            _add(archive, name, data)


def write_application(path: Path, files: Mapping[str, Path]) -> None:
    """Write the archive that the managed service takes: the code, and files beside it by their name.

    Raises ConfigurationError where a file cannot be read, or the jar was not built.
    """
    try:
        contents = {name: file.read_bytes() for name, file in files.items()}
    except OSError as error:
        place = str(error.filename)
        raise ConfigurationError(place, f"cannot be read ({error.strerror})", "Name it.") from error
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, "main.py", _MAIN)
        for name, data in [*_code(), *sorted(contents.items())]:
            _add(archive, name, data)


def _code() -> Iterator[tuple[str, bytes]]:
    root = Path(bellrock.__file__).parent
    if not (root / GATHER).is_file():
        raise ConfigurationError(str(root / GATHER), "is not there", "Build it with: make flink.")
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if file.is_file() and not set(inside.parts) & set(_LEFT_OUT):
            yield f"bellrock/{inside.as_posix()}", file.read_bytes()
    found = distribution("bellrock")
    metadata = found.read_text("METADATA") or ""
    yield f"bellrock-{found.version}.dist-info/METADATA", metadata.encode()


_MAIN = b'''"""What the managed service starts; its settings are the application's properties."""

from bellrock.runners.flink.job import main

main()
'''


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
