"""A disk that fails on command (`faults.c`), and what it would hold after a loss of power.

Enters: which faults, how often. Leaves: files as they would be found. What lasts is what a sync that
succeeded has covered; of what no sync has covered, and of what was written before one that failed, any part
may be there, and a later sync does not bring the rest back.
"""

import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator
from enum import Flag, auto
from pathlib import Path
from random import Random
from typing import NamedTuple

_SOURCE = Path(__file__).with_name("faults.c")
_CONTROL = struct.Struct("<3I")
_INJECTED = struct.Struct("<5I")
_RECORD = struct.Struct("<IIQII")
_WRITE, _SYNC, _TRUNCATE, _UNLINK, _RENAME = range(1, 6)

COMPILER = shutil.which("cc") or shutil.which("gcc")


class Fault(Flag):
    """What can go wrong, in the order of `faults.c`."""

    EIO_WRITE = auto()
    ENOSPC_WRITE = auto()
    SHORT_WRITE = auto()
    EIO_SYNC = auto()
    EIO_TRUNCATE = auto()


ALL = Fault.EIO_WRITE | Fault.ENOSPC_WRITE | Fault.SHORT_WRITE | Fault.EIO_SYNC | Fault.EIO_TRUNCATE


class Disk:
    """The disk below a directory, for processes that run with `environment`."""

    def __init__(self, folder: Path, under: Path) -> None:
        """Nothing fails yet; `folder` is for files of the disk's own."""
        library, control = folder / "faults.so", folder / "control"
        assert COMPILER
        subprocess.run(
            [COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-o", library, _SOURCE, "-ldl"],
            check=True,
        )
        control.write_bytes(bytes(64))
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 64)
        self.trace = folder / "trace"
        self.trace.touch()
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULTS_UNDER": str(under),
            "FAULTS_CONTROL": str(control),
            "FAULTS_TRACE": str(self.trace),
        }

    def fail(self, faults: Fault, permille: int, seed: int) -> None:
        """Let so many of a thousand calls fail from now on."""
        self._control[: _CONTROL.size] = _CONTROL.pack(faults.value, permille, seed)

    def mend(self) -> None:
        """Let nothing fail from now on."""
        self._control[:4] = bytes(4)

    def injected(self) -> dict[Fault, int]:
        """How many faults there were so far."""
        found = _INJECTED.unpack_from(self._control, _CONTROL.size)
        return dict(zip(Fault, found, strict=True))


class _Call(NamedTuple):
    op: int
    ok: bool
    offset: int
    name: str
    data: bytes


class _Contents:
    """A file: what lasts, and what was done to it since."""

    def __init__(self) -> None:
        self.lasting = bytearray()
        self.since: list[_Call] = []

    def keep(self, chance: Random | None) -> None:
        """Let what was done last; each thing by chance, where there is one."""
        for call in self.since:
            if chance is not None and chance.random() < 0.5:
                continue
            if call.op == _TRUNCATE:
                del self.lasting[call.offset :]
                continue
            missing = call.offset + len(call.data) - len(self.lasting)
            self.lasting += bytes(max(missing, 0))
            self.lasting[call.offset : call.offset + len(call.data)] = call.data
        self.since.clear()


def after_power_loss(trace: bytes, seed: int) -> dict[str, bytes]:
    """The files that are there when power is lost at the end of a trace."""
    chance = Random(seed)
    files: dict[str, _Contents] = {}
    for call in _calls(trace):
        if call.op == _UNLINK:
            files.pop(call.name, None)
        elif call.op == _RENAME:
            files[call.data.decode()] = files.pop(call.name, _Contents())
        elif call.op == _SYNC:
            files.setdefault(call.name, _Contents()).keep(None if call.ok else chance)
        else:
            files.setdefault(call.name, _Contents()).since.append(call)
    for contents in files.values():
        contents.keep(chance)
    return {name: bytes(contents.lasting) for name, contents in files.items()}


def _calls(trace: bytes) -> Iterator[_Call]:
    place = 0
    while place + _RECORD.size <= len(trace):
        op, ok, offset, name, data = _RECORD.unpack_from(trace, place)
        place += _RECORD.size
        if place + name + data > len(trace):
            return  # cut off within a call, which had not returned then
        found = trace[place : place + name].decode()
        place += name + data
        yield _Call(op, bool(ok), offset, found, trace[place - data : place])
