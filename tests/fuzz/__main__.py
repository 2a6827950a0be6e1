"""`make fuzz`: a number of mutated bodies and requests, by a seed; what breaks a rule is saved in a file.

Equal seeds give equal inputs. It ends with status 1 if a rule was broken, or if memory grew.
"""

import argparse
import asyncio
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from fuzz.check import Check, read
from fuzz.corpus import HEADERS, bodies, request, wires
from fuzz.mutations import mutate

_BLOCK = 10_000  # inputs of one source of chance, and between two looks at memory
_SETTLED = 0.1  # of all, after which memory must not grow
_GROWTH_BYTES = 16 * 2**20
_BROKEN_AT_MOST = 20


class Input(NamedTuple):
    """What a connection sends, how much at once, whether the log is full, and the body if it is well framed."""

    sent: bytes
    size: int
    full: bool
    body: bytes | None


class Result(NamedTuple):
    """What a run has seen."""

    inputs: int
    check: Check
    broken: list[Path]
    grown: int  # bytes


def inputs(seed: int, count: int) -> Iterator[Input]:
    """Mutated bodies in whole requests, and mutated requests, by turns."""
    texts, whole = bodies(), wires()
    for number in range(count):
        if number % _BLOCK == 0:
            rng = Random(f"{seed}/{number}")
        size, full = rng.choice((16_384, 16_384, 16_384, 700, 97)), rng.random() < 0.02
        if number % 2:
            yield Input(mutate(rng, rng.choice(whole), whole), size, full, None)
        else:
            body = mutate(rng, rng.choice(texts), texts)[:65_536]
            yield Input(request(body, rng.sample(HEADERS, 4)), size, full, body)


async def run(seed: int, count: int, folder: Path, seconds: float) -> Result:
    """Check one after the other, until there are enough, or too many broke a rule, or the time is over."""
    check, broken, settled, number = Check(), [], 0, 0
    until = time.monotonic() + seconds
    for number, each in enumerate(inputs(seed, count), 1):
        try:
            if each.body is not None:
                assert [found.body for found in read(each.sent, each.size)] == [each.body]
            await check(each.sent, each.size, full=each.full)
        except Exception:
            broken.append(_save(folder, f"{seed}-{number}", each))
        if number == int(count * _SETTLED) or (number % _BLOCK == 0 and not settled):
            settled = _resident() if number >= count * _SETTLED else 0
        if number % (_BLOCK * 10) == 0:
            print(f"{number:,} inputs, {len(broken)} broken", file=sys.stderr, flush=True)
        if len(broken) >= _BROKEN_AT_MOST or (number % 100 == 0 and time.monotonic() > until):
            break
    return Result(number, check, broken, _resident() - settled if settled else 0)


def _save(folder: Path, name: str, each: Input) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.bin"
    path.write_bytes(each.sent)
    path.with_suffix(".txt").write_text(
        f"size {each.size}, full {each.full}\n{traceback.format_exc()}"
    )
    print(f"{path}: {traceback.format_exc(limit=1).splitlines()[-1]}", file=sys.stderr)
    return path


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="how long at most")
    parser.add_argument(
        "--folder", type=Path, default=Path(".make/fuzz"), help="for what breaks a rule"
    )
    options = parser.parse_args()
    began = time.monotonic()
    found = asyncio.run(run(options.seed, options.count, options.folder, options.seconds))
    seconds = time.monotonic() - began
    print(
        f"{found.inputs:,} inputs of seed {options.seed} in {seconds:,.0f} s: "
        f"{found.check.requests:,} requests, {found.check.judged:,} bodies held against the oracle, "
        f"{found.check.kept:,} lines kept; {len(found.broken)} broken; "
        f"memory grew by {found.grown / 2**20:.1f} MiB"
    )
    sys.exit(bool(found.broken) or found.grown > _GROWTH_BYTES)


if __name__ == "__main__":
    main()
