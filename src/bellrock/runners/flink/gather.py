"""Records of the log that Java has gathered: Flink hands each element to Python by itself, which is dear.

Enters: a part as `flink/src/main/java/bellrock/Gather.java` makes it. Leaves: its records, and those of a lane
as few blocks.
"""

from collections.abc import Iterable, Iterator

_MORE, _LENGTH = 1, 4  # bytes


def records_of(part: bytes) -> tuple[list[bytes], bool]:
    """The records of a part, and whether more parts follow of what was gathered."""
    found, at = [], _MORE
    while at < len(part):
        begins = at + _LENGTH
        at = begins + int.from_bytes(part[at:begins])
        found.append(part[begins:at])
    return found, part[0] == 1


def joined(blocks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Blocks that follow each other as one, as long as that has `most` bytes at the most."""
    found: list[bytes] = []
    size = 0
    for block in blocks:
        if found and size + len(block) > most:
            yield b"\n".join(found)
            found, size = [], 0
        found.append(block)
        size += len(block) + 1
    if found:
        yield b"\n".join(found)
