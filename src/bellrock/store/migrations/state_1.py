"""The state of version 1, data frames with texts, in the form of today.

Enters: a base and the changes since, as version 1 wrote them. Leaves: one base. Open sessions, impressions
and accepted orders are kept. Version 1 kept of a user agent only what it says: browser, system, tablet,
crawler. So each open session gets made-up user agents that say the same; no real one is like them, and as
each belongs to one session, they are no evidence against anybody.
"""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bellrock.names import Agent, Names
from bellrock.operators.documents import CHOSEN, bots_of, document_keys
from bellrock.operators.keys import Keys
from bellrock.operators.orders import unpack_basket
from bellrock.operators.state import State
from bellrock.rows import Rows
from bellrock.schema.codes import country_code
from bellrock.schema.impression import FALSE, IMPRESSION, NO_SEQ, SESSION, TRUE
from bellrock.schema.wire import NAVIGATIONS

_ENCODED = tuple[int | None, list[tuple[bytes, bytes, bytes]]]
_SESSION, _IMPRESSION = ["site", "session"], ["site", "session", "impression"]
_AS_THEY_ARE = (
    "seen", "first", "last", "types", "beacons", "events", "errors", "orders", "revenue", "webdriver",
    "page_seq", "test_seq", "agent_seq", "country_seq", "visitor_seq", "mobile_seq",
)  # fmt: skip
_FLAGS = ("first_load", "served", "cache_hit", "mobile", "new_today", "new_this_month")


class _Open(NamedTuple):
    """What is open, as version 1 had it."""

    watermark: int | None
    sessions: pl.DataFrame
    impressions: pl.DataFrame


def converted(parts: Sequence[bytes], chosen: Mapping[str, Sequence[str]]) -> bytes:
    """A base of today's form; `chosen` has the optional dimensions of each site."""
    found = _restored(parts)
    state = State()
    state.watermark = found.watermark
    if len(found.sessions):
        _put(state, found, chosen)
    return state.snapshot()


def _restored(parts: Sequence[bytes]) -> _Open:
    watermark: int | None = None
    sessions, impressions = pl.DataFrame(), pl.DataFrame()
    for part in parts:
        watermark, changes = msgspec.msgpack.decode(part, type=_ENCODED)
        for ended, new_impressions, new_sessions in changes:
            gone = _frame(ended)
            sessions = _without(_without(sessions, gone, _SESSION), _frame(new_sessions), _SESSION)
            impressions = _without(impressions, gone, _SESSION)
            impressions = _without(impressions, _frame(new_impressions), _IMPRESSION)
            sessions = pl.concat([sessions, _frame(new_sessions)], how="diagonal")
            impressions = pl.concat([impressions, _frame(new_impressions)], how="diagonal")
    return _Open(watermark, sessions, impressions)


def _frame(data: bytes) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(data)) if data else pl.DataFrame()


def _without(rows: pl.DataFrame, gone: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return rows.join(gone, on=key, how="anti") if len(rows) and len(gone) else rows


def _put(state: State, found: _Open, chosen: Mapping[str, Sequence[str]]) -> None:
    """Give every row its key, and put it into the state."""
    sites = _codes(state.names, found.sessions["site"])
    ids = found.sessions["session"].to_numpy().astype(IMPRESSION["id"])
    assigned = state.session_keys.assign(sites.astype(np.uint64), ids)
    keys = assigned.keys[assigned.groups.of_row()]
    numbered = found.sessions.select(_SESSION).with_columns(
        pl.Series("key", keys), pl.int_range(pl.len()).alias("number")
    )
    impressions = found.impressions.join(numbered, on=_SESSION, how="left", maintain_order="left")
    rows = _impressions(state.names, impressions, chosen)
    own = state.impression_keys.assign(rows["session"].copy(), rows["id"])
    own_keys = own.keys[own.groups.of_row()]
    sessions = _sessions(found.sessions, sites, ids)
    _set_heads(state.names, sessions, found.sessions["head"], keys, rows, own_keys)
    state.impressions.put(own.keys, rows[own.groups.order[own.groups.starts]])
    state.sessions.put(assigned.keys, sessions[assigned.groups.order[assigned.groups.starts]])
    for key, basket in zip(own_keys.tolist(), impressions["basket"], strict=True):
        if basket:
            state.baskets[key] = unpack_basket(basket)


def _impressions(names: Names, frame: pl.DataFrame, chosen: Mapping[str, Sequence[str]]) -> Rows:
    rows = np.zeros(len(frame), IMPRESSION)
    for name in _AS_THEY_ARE:
        rows[name] = frame[name].fill_null(0).to_numpy()
    rows["session"] = frame["key"].to_numpy()
    rows["id"] = frame["impression"].to_numpy().astype(IMPRESSION["id"])
    rows["timers"] = frame["timers"].to_numpy()
    for name in ("site", "label", "release"):
        rows[name] = _codes(names, frame[name])
    tests = zip(frame["test"], frame["group"], strict=True)
    rows["test"] = [names.tests.code((test or "", group or "")) for test, group in tests]
    rows["country"] = [country_code(country) for country in frame["country"]]
    rows["navigation"] = [1 + NAVIGATIONS.index(n) if n else 0 for n in frame["navigation"]]
    for name in _FLAGS:
        rows[name] = frame[name].cast(pl.Int8).replace_strict({0: FALSE, 1: TRUE}, default=0)
    rows["delivery_seq"] = frame["delivery_seq"].to_numpy() + 1  # -1 was none
    rows["agent"] = _agents(names, frame)
    bits = {site: sum(int(CHOSEN[name]) for name in given) for site, given in chosen.items()}
    rows["chosen"] = [bits.get(site, 0) for site in frame["site"]]
    rows["bot"] = bots_of(rows, names.agents)
    return rows


def _agents(names: Names, frame: pl.DataFrame) -> list[int]:
    codes = []
    for sequence, number, *said in frame.select(
        "agent_seq", "number", "browser", "os", "tablet", "crawler"
    ).iter_rows():
        # No header can hold the zero byte that a made-up one begins with.
        text = f"\0{number} {said}"
        codes.append(0 if sequence == NO_SEQ else names.agents.add(text, Agent(*said)))
    return codes


def _sessions(frame: pl.DataFrame, sites: NDArray[np.uint32], ids: NDArray[np.bytes_]) -> Rows:
    rows = np.zeros(len(frame), SESSION)
    for name in ("first", "last", "revenue", "orders", "impressions", "due", "head_first"):
        rows[name] = frame[name].to_numpy()
    rows["site"], rows["id"] = sites, ids
    return rows


def _set_heads(
    names: Names, sessions: Rows, heads: pl.Series, keys: Keys, impressions: Rows, own: Keys
) -> None:
    """The key of each session's first counted impression, and its document."""
    documents = document_keys(impressions, names.agents)
    place = {
        (session, identity.decode()): row
        for row, (session, identity) in enumerate(
            zip(impressions["session"].tolist(), impressions["id"].tolist(), strict=True)
        )
    }
    for row in np.flatnonzero(sessions["impressions"] > 0).tolist():
        head = place[int(keys[row]), heads[row]]
        sessions["head"][row] = own[head]
        sessions["document"][row] = documents[head]


def _codes(names: Names, texts: pl.Series) -> NDArray[np.uint32]:
    return np.array([names.texts.code(text or "") for text in texts], dtype=np.uint32)
