"""A seeded stream of log lines, realistic and hostile.

In: a seed and how many lines. Out: SITES.toml and that many lines without their newline. Always:
the same seed gives the same stream. Time is that of a log: mostly forward, sometimes far,
sometimes back.
"""

import json
from random import Random
from typing import Any

from reference import shops
from reference.hostile import RAW_LINES, spoil
from reference.sampler import Sampler

START = 1_795_412_520_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def stream(
    seed: int, n: int, sites: str = shops.SITES, *, orderly: bool = False
) -> tuple[str, list[bytes]]:
    """`n` lines for the given SITES.toml text (its sites should be those of `shops`).

    In an orderly stream no line is damaged and the minute never decreases.
    """
    generator = Stream(seed, orderly)
    while len(generator.lines) < n:
        generator.scene()
    return sites, generator.lines[:n]


class Stream:
    """The lines so far, and the clock of the log."""

    def __init__(self, seed: int, orderly: bool) -> None:
        self.random = Random(seed)
        self.sampler = Sampler(self.random)
        self.clock = START + self.random.randrange(HOUR)
        self.lines: list[bytes] = []
        self.orderly = orderly
        self.hostility = 0.0 if orderly else self.random.choice((0.0, 0.03, 0.1, 0.3))

    def scene(self) -> None:
        """Write the lines of one scene, and let time pass."""
        scenes = [
            (self.visits, 30),
            (self.collisions, 20),
            (self.late_pages, 6),
            (self.gaps, 8),
            (self.one_minute, 8),
            (self.long_session, 3),
            (self.orders, 8),
            (self.bots, 2),
            (self.idle, 4),
        ]
        if not self.orderly:
            scenes += [(self.backwards, 4), (self.raw, 3), (self.last_word, 1)]
        choose = [scene for scene, weight in scenes for _ in range(weight)]
        self.random.choice(choose)()

    # Writing

    def write(self, line: dict[str, Any]) -> None:
        """Write a line, or something hostile made of it."""
        random = self.random
        if random.random() < self.hostility:
            self.lines.append(spoil(line, random))
            return
        escaped = random.random() < 0.5
        self.lines.append(json.dumps(line, ensure_ascii=escaped).encode())
        if random.random() < 0.03:
            self.lines.append(self.lines[-1])

    def line(self, beacon: dict[str, Any], agent: str | None = None) -> dict[str, Any]:
        """A log line at the clock."""
        random = self.random
        line: dict[str, Any] = {"at": self.clock}
        if agent is None and random.random() < 0.9:
            agent = random.choice(shops.AGENTS)
        if agent is not None:
            line["ua"] = agent
        if random.random() < 0.5:
            line["country"] = random.choice(shops.COUNTRIES)
        if random.random() < 0.2:
            line["gpc"] = random.random() < 0.5
        line["beacon"] = beacon
        return line

    # Scenes

    def visits(self) -> None:
        """A few visits side by side, each of a few pages whose beacons come in their order."""
        random = self.random
        pending: list[tuple[int, dict[str, Any]]] = []
        for _ in range(random.randrange(1, 5)):
            at = self.clock + random.randrange(5 * MINUTE)
            ids = {
                "site": random.choice(shops.SITE_KEYS[:7]),
                "session": random.choice(shops.SESSIONS),
            }
            agent = random.choice(shops.AGENTS)
            for impression in random.sample(shops.IMPRESSIONS, random.randrange(1, 5)):
                for seq, kind in enumerate(("navigation", "load", "vitals", "event")):
                    if random.random() < 0.75:
                        fields = ids | {"impression": impression, "seq": seq, "type": kind}
                        line = self.line(self.sampler.beacon(**fields), agent)
                        pending.append((at, line))
                    at += random.randrange(8_000)
                at += random.choice((0, 20_000, 90_000, 10 * MINUTE))
        pending.sort(key=lambda item: item[0])
        for at, line in pending:
            self.clock = max(self.clock, at)
            self.write(line | {"at": at})

    def collisions(self) -> None:
        """Random beacons from the pools, close in time, with ties."""
        for _ in range(self.random.randrange(5, 30)):
            self.clock += self.random.choice((0, 0, 1, 500, 3_000, 20_000))
            self.write(self.line(self.sampler.beacon()))

    def late_pages(self) -> None:
        """Old impressions say one more thing, or the same again, minutes later."""
        beacon = self.sampler.beacon(seq=0, type="navigation")
        self.write(self.line(beacon))
        for seq in self.random.sample((0, 1, 2, 3, 62, 63), 4):
            self.clock += self.random.choice((0, MINUTE, 5 * MINUTE, 29 * MINUTE))
            later = beacon | self.sampler.groups() | {"seq": seq}
            self.write(self.line(later | {"type": self.random.choice(("vitals", "load", "event"))}))

    def gaps(self) -> None:
        """A session that is silent for 30 minutes, give or take a millisecond or a minute."""
        self.clock += -self.clock % MINUTE + self.random.choice((0, 0, 1, 59_999))
        beacon = self.sampler.beacon(type=self.random.choice(("navigation", "vitals")))
        self.write(self.line(beacon))
        steps = (-1, 0, 1, 59_998, 59_999, 60_000, -MINUTE)
        self.clock += 30 * MINUTE + self.random.choice(steps)
        if self.random.random() < 0.5:
            other = self.line(self.sampler.beacon(session="session-elsewhere"))
            self.write(other)
        again = beacon | {"impression": self.random.choice(shops.IMPRESSIONS), "seq": 7}
        self.write(self.line(again))

    def one_minute(self) -> None:
        """One minute in any order: first and last of the minute, ties, the seq backwards."""
        start = self.clock - self.clock % MINUTE + MINUTE
        ids = {
            "session": self.random.choice(shops.SESSIONS),
            "site": self.random.choice(shops.SITE_KEYS),
        }
        for seq in reversed(range(self.random.randrange(3, 9))):
            self.clock = start + self.random.choice((0, 0, 1, 30_000, 59_999, 59_999))
            self.write(self.line(self.sampler.beacon(seq=seq, **ids)))
        self.clock = start + 59_999

    def long_session(self) -> None:
        """A session that never rests, beyond 240 minutes."""
        ids = {
            "session": self.random.choice(shops.SESSIONS),
            "site": self.random.choice(shops.SITE_KEYS),
        }
        end = self.clock - self.clock % MINUTE + 240 * MINUTE
        seq = 0
        while self.clock < end - 25 * MINUTE:
            self.write(self.line(self.sampler.beacon(seq=seq, **ids)))
            seq += 1
            self.clock += self.random.choice((10, 20, 25)) * MINUTE
        for at in (end - 1, end, end + 1, end + MINUTE):
            self.clock = max(self.clock, at)
            self.write(self.line(self.sampler.beacon(seq=seq, **ids)))
            seq += 1

    def orders(self) -> None:
        """One order, asked for by several impressions and sessions."""
        order = self.sampler.order()
        site = self.random.choice(shops.SITE_KEYS)
        for _ in range(self.random.randrange(2, 6)):
            claim = order | {"value": self.random.choice(shops.VALUES)}
            self.write(self.line(self.sampler.beacon(site=site, type="order", order=claim)))
            self.clock += self.random.choice((0, 1_000, MINUTE, 35 * MINUTE))

    def backwards(self) -> None:
        """Lines whose `at` lies before the current minute, once far before all others."""
        for back in (1, 30_000, MINUTE, 45 * MINUTE, 1_000 * HOUR):
            self.write(self.line(self.sampler.beacon()) | {"at": self.clock - back})
        self.write(self.line(self.sampler.beacon()))

    def bots(self) -> None:
        """Enough sessions of one kind for a mark, or nearly, and visitors before and after it."""
        random = self.random
        site = random.choice(("plain", "shop-a", "shop.b"))
        agent = random.choice(shops.AGENTS)
        suspicious = random.choice((19, 20, 21, 24))
        honest = random.choice((0, 0, 5, 6))
        first = random.randrange(10_000_000)
        fast = random.random() < 0.5
        for number in range(suspicious + honest):
            pages = (12 if fast else 3) if number < suspicious else 2
            for page in range(pages):
                self._bot_page(site, f"bot-session-{first + number:08d}", page, agent, fast)
            self.clock += random.choice((0, 1_000, 30_000))
        for step in (30 * MINUTE, MINUTE, 8 * MINUTE, MINUTE, MINUTE, MINUTE):
            self.clock += step - random.choice((0, 0, self.clock % MINUTE))
            self.write(self.line(self.sampler.beacon(site=site, type="navigation"), agent))
            self.write(self.line(self.sampler.beacon(site=site, type="navigation"), agent))

    def _bot_page(self, site: str, session: str, page: int, agent: str, fast: bool) -> None:
        self.clock += self.random.choice((0, 10, 100))
        ids = {"site": site, "session": session, "impression": f"bot-impression-{page:03d}"}
        self.write(self.line(self.sampler.beacon(**ids, seq=0, type="navigation"), agent))
        if fast:
            self.write(self.line(self.sampler.beacon(**ids, seq=1, type="load"), agent))

    def raw(self) -> None:
        """Lines that no browser sent."""
        for _ in range(self.random.randrange(1, 6)):
            self.lines.append(self.random.choice(RAW_LINES))
            self.lines.append(json.dumps({"at": self.clock, "raw": "<html>"}).encode())
            self.clock += self.random.choice((0, 30_000))

    def idle(self) -> None:
        """Nothing for a while: minutes, hours, a day and more."""
        choices = (7 * MINUTE, 31 * MINUTE, 3 * HOUR, 5 * HOUR, 25 * HOUR)
        self.clock += self.random.choice(choices)

    def last_word(self) -> None:
        """A damaged line from the future moves the time of everything after it."""
        ahead = self.clock + self.random.choice((MINUTE, 2 * HOUR))
        self.lines.append(json.dumps({"at": ahead, "beacon": {"v": 2}}).encode())
