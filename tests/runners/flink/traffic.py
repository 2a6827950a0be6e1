"""Lines of a log whose documents do not depend on which lane is faster."""

import json
from itertools import count
from random import Random

from bellrock.log.blocks import SHARDS, shard_of
from bellrock.schema.wire import TRANSPORTS
from reference.stream import stream


def orderly(seed: int, count: int) -> list[bytes]:
    """Lines in order, none of them damaged, in which no order is claimed by two sessions; most say how they came."""
    lines, random = [], Random(seed)
    for line in stream(seed, count, orderly=True)[1]:
        document = json.loads(line)
        order = document["beacon"].get("order")
        if isinstance(order, dict) and isinstance(order.get("id"), str):
            order["id"] = f"{order['id']} {document['beacon']['session']}"[:64]
        document["beacon"]["transport"] = random.choice([*TRANSPORTS, None])
        lines.append(json.dumps(document).encode())
    return lines


def last_word(lines: list[bytes]) -> list[bytes]:
    """A line for every shard, long after all others: every session before it has ended."""
    return line_by_shard(max(json.loads(line)["at"] for line in lines) + 500 * 60_000)


def line_by_shard(at: int) -> list[bytes]:
    """A line of every shard, in the order of the shards."""
    found: dict[int, bytes] = {}
    for number in count():
        session = f"session-at-the-end-{number}"
        line = json.dumps({"at": at, "beacon": {"session": session}}).encode()
        found.setdefault(shard_of(line), line)
        if len(found) == SHARDS:
            return [found[shard] for shard in range(SHARDS)]
    raise AssertionError
