"""Records of the log that Java has gathered: Flink hands each element to Python by itself, which is dear.

Enters: a part as `flink/src/main/java/bellrock/Gather.java` makes it. Leaves: its records.
"""

_MORE, _LENGTH = 1, 4  # bytes


def records_of(part: bytes) -> tuple[list[bytes], bool]:
    """The records of a part, and whether more parts follow of what was gathered."""
    found, at = [], _MORE
    while at < len(part):
        begins = at + _LENGTH
        at = begins + int.from_bytes(part[at:begins])
        found.append(part[begins:at])
    return found, part[0] == 1
