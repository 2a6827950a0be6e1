"""A small log in which everything happens that a store keeps: orders, ended sessions, bots, final days."""

from random import Random
from typing import Any

from strategies import AGENTS, MINUTE, START, beacon, encode

HOUR = 60 * MINUTE
BOT = AGENTS[0]
DAY = START - START % (24 * HOUR)


def lines() -> list[bytes]:
    """About 130 lines over two and a half days."""
    return [
        *_shoppers(DAY + HOUR, "early"),
        *_crowd(DAY + 2 * HOUR),
        *_shoppers(DAY + 9 * HOUR, "later"),
        b"not json",
        *_shoppers(DAY + 33 * HOUR, "next"),
        *_shoppers(DAY + 61 * HOUR, "last"),
    ]


def _shoppers(at: int, name: str) -> list[bytes]:
    """A visit with an order; its confirmation page again, hours later and in another session."""
    chance = Random(name)
    log = []
    for number in range(5):
        session = f"session-{name}-{number:08d}"
        order = {"id": f"order {number % 2}", "value": 19.99, "currency": "EUR"}
        for page in range(2):
            ids: dict[str, Any] = {"session": session, "impression": f"impression-{page:08d}"}
            fields: dict[str, Any] = {
                "page": {"label": chance.choice(["home", "product", "elsewhere"])},
                "test": {"name": "speed", "group": chance.choice("AB")},
                "timers": {"lcp": chance.choice([0, 812.3, 2500]), "hero": 3},
                "delivery": {"firstLoad": page == 0},
            }
            agent = AGENTS[number % 2] if number < 4 else "Mozilla/5.0 (X11; Linux x86_64)"
            log.append(encode(at, beacon(0, "navigation", **ids, **fields), ua=agent))
            at += chance.choice([0, 1000, MINUTE])
            log.append(encode(at, beacon(1, "load", **ids, **fields), ua=agent, country="DE"))
        log.append(encode(at, beacon(2, "order", **ids, order=order)))
        at += chance.choice([1, 7 * MINUTE])
    return [*log, encode(at, beacon(0, "vitals", session=f"session-{name}-orphan"))]


def _crowd(at: int) -> list[bytes]:
    """Twenty sessions of three navigations each, all of one user agent; and who comes after its mark."""
    log = [
        encode(
            at + number, beacon(0, session=f"bot-{number:016d}", impression=f"i{page:020d}"), ua=BOT
        )
        for number in range(20)
        for page in range(3)
    ]
    for minutes in (31, 40, 41, 42, 90):
        ids = {"session": f"after-{minutes:016d}"}
        log.append(encode(at + minutes * MINUTE, beacon(0, **ids), ua=BOT))
    return log
