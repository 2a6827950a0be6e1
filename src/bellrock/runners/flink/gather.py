"""Records of the log that Java has gathered: Flink hands each element to Python by itself, which is dear.

Enters: a part as `flink/src/main/java/bellrock/Gather.java` makes it. Leaves: its records, and those of a lane
as few blocks.
"""

from collections.abc import Iterator, Sequence

from bellrock.bounded import bounded

_MORE, _LENGTH = 1, 4  # bytes


def records_of(part: bytes) -> tuple[list[bytes], bool]:
    """The records of a part, and whether more parts follow of what was gathered."""
    found, at = [], _MORE
    while at < len(part):
        begins = at + _LENGTH
        at = begins + int.from_bytes(part[at:begins])
        found.append(part[begins:at])
    return found, part[0] == 1


def joined(blocks: Sequence[bytes], most: int) -> Iterator[bytes]:
    """Blocks that follow each other as one, as long as that has `most` bytes at the most."""
    sizes = [len(block) + 1 for block in blocks]
    for part in bounded(sizes, most + 1):  # the last has no newline after it
        yield b"\n".join(blocks[part])
