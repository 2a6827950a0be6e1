"""Beacons of the boomerang library: a request of its enters, beacons of ours leave.

The library sends names and values: in the query of a GET, in a form, or in JSON. What they become is in
docs/spec/boomerang.md; what is missing there stays absent, and what is no beacon of the library stays the
text it is. Nothing is remembered: each request is translated by itself.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bellrock.collector.elements import Element
from bellrock.collector.exchange import Request
from bellrock.collector.limits import ELEMENTS, TooLarge

PATH = "/boomerang"

Fields = Mapping[str, str]

_MOST_FIELDS = 1000
_LONGEST_URL = 2048
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_TIMER = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_ITS_OWN_TIMERS = re.compile(r"boomerang|boomr_\w+|t_(domloaded|load|prerender|postrender)")
_PAGE_LOADS = ("", "spa_hard")
_IMPRESSIONS = (*_PAGE_LOADS, "spa", "bfcache")
_NAVIGATIONS = {"0": "navigate", "1": "reload", "2": "back-forward"}
_AFTERWARDS = {"spa": "soft-navigation", "bfcache": "back-forward-cache"}


def boomerang_elements(request: Request, body: bytes) -> list[Element]:
    """Translate a request to `/boomerang/SITE` or `/boomerang?site=SITE`; raises TooLarge.

    The query may also have `test`, the name of the test whose group `h.ab` has.
    """
    asked, posted = _form(request.query), request.method == "POST"
    site = request.path.removeprefix(PATH).strip("/") or asked.get("site", "")
    test = asked.get("test", "")
    sent = _read(body) if posted else [asked]
    if not sent or not all(map(_is_boomerang, sent)):
        return [Element(body if posted else request.query.encode("latin-1"), is_beacon=False)]
    if len(sent) > ELEMENTS:
        raise TooLarge
    beacons = (translate(fields, site, test, posted=posted) for fields in sent)
    return [Element(msgspec.json.encode(beacon), is_beacon=True, site=site) for beacon in beacons]


def translate(fields: Fields, site: str, test: str = "", *, posted: bool = True) -> dict[str, Any]:
    """The beacon, in the form of docs/spec/beacon.md, of what the library sent."""
    initiator = fields.get("http.initiator", "")
    again = initiator in _AFTERWARDS  # an impression of its own, on a page that was there
    session, page_id, number = fields.get("rt.si"), fields.get("pid"), _number(fields, "n")
    # Not with the start of the session, which follows its id and may change while the page is open.
    visitor = session.rpartition("-")[0] if session else ""
    impression = f"{visitor}-{page_id}" if visitor and page_id else None
    if again and impression and number is not None:
        impression = f"{impression}-{number:.0f}"
    beacon: dict[str, Any] = {
        "v": 1,
        "site": site or None,
        "session": session,
        "impression": impression,
        "seq": 0 if again else None if number is None else int(number) - 1,
        "type": _type(fields, initiator),
        "page": _page(fields, initiator),
        "test": {"name": test, "group": fields["h.ab"]} if test and fields.get("h.ab") else None,
        "timers": _timers(fields, initiator),
        "event": _event(fields, initiator),
        "browser": _present({"platform": fields.get("ua.plt")}),
        "transport": "beacon" if "sb" in fields else "xhr" if posted else None,
    }
    return _present(beacon)


def _type(fields: Fields, initiator: str) -> str:
    if initiator not in _IMPRESSIONS:
        return "event"
    if "early" in fields or "rt.abld" in fields:  # before it has loaded, or left before it had
        return "navigation"
    return "vitals" if "rt.quit" in fields else "load"


def _page(fields: Fields, initiator: str) -> dict[str, Any]:
    # `u` is what was asked for; `pgu` is there where that is not the page.
    url = fields.get("pgu") or fields.get("u")
    navigation = _AFTERWARDS.get(initiator)
    if initiator in _PAGE_LOADS:
        navigation = _NAVIGATIONS.get(fields.get("nt_nav_type", ""))
        if fields.get("vis.pre") == "1" or _activation(fields):
            navigation = "prerender"
    page = {
        "url": _without_query(url),
        "referrer": _without_query(fields.get("r")),
        "label": fields.get("h.pg") or fields.get("xhr.pg"),
        "navigation": navigation,
    }
    return _present(page)


def _timers(fields: Fields, initiator: str) -> dict[str, float]:
    """Milliseconds since the navigation began, or since the page was shown if it was prerendered."""
    if initiator not in _IMPRESSIONS:
        return {}
    timers = {
        "fcp": _number(fields, "pt.fcp"),
        "lcp": _number(fields, "pt.lcp"),
        "cls": _number(fields, "c.cls"),
        "inp": _number(fields, "et.inp"),
    }
    whole = "rt.quit" not in fields and "early" not in fields
    done = _number(fields, "t_done") if whole else None
    if initiator in _PAGE_LOADS:
        ttfb = _since_start(fields, "nt_res_st")
        timers["ttfb"] = _number(fields, "t_resp") if ttfb is None and whole else ttfb
        timers["dcl"] = _since_start(fields, "nt_domcontloaded_st")
        load = _since_start(fields, "nt_load_st")
        timers["load"] = done if load is None else load
    else:
        timers["load"] = done
    return _present(timers | _own_timers(fields.get("t_other", "")))


def _own_timers(listed: str) -> dict[str, float]:
    """The timers of the page: `name|milliseconds`, with commas between them."""
    pairs = (each.partition("|") for each in listed.split(","))
    return {
        name: float(value)
        for name, _, value in pairs
        if _TIMER.fullmatch(name)
        and not _ITS_OWN_TIMERS.fullmatch(name)
        and _NUMBER.fullmatch(value)
    }


def _event(fields: Fields, initiator: str) -> dict[str, Any] | None:
    if initiator in _IMPRESSIONS:
        return None
    return _present({"name": initiator[:64], "value": _number(fields, "t_done")})


def _since_start(fields: Fields, name: str) -> float | None:
    """A time of the navigation, which is sent as milliseconds since 1970."""
    at, start = _number(fields, name), _number(fields, "nt_nav_st")
    if not at or not start:
        return None
    return max(round(at - start - _activation(fields), 3), 0.0)


def _activation(fields: Fields) -> float:
    """Milliseconds from the begin of the navigation until a prerendered page was shown, else 0."""
    start, shown = _number(fields, "nt_nav_st"), _number(fields, "nt_act_st")
    return max(shown - start, 0.0) if start and shown else 0.0


def _number(fields: Fields, name: str) -> float | None:
    text = fields.get(name, "")
    return float(text) if _NUMBER.fullmatch(text) else None


def _without_query(url: str | None) -> str | None:
    """An address as the tracker sends it: what follows may name a person."""
    return re.split(r"[?#]", url, maxsplit=1)[0][:_LONGEST_URL] if url else None


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def _is_boomerang(fields: Fields) -> bool:
    return "v" in fields and "u" in fields


def _read(body: bytes) -> list[Fields]:
    """Names and values of a body: one beacon, or an array of them in JSON; none where it is neither."""
    try:
        text = body.decode()
        if not text.lstrip().startswith(("{", "[")):
            fields = _form(text)
            if list(fields) != ["data"]:
                return [fields]
            text = fields["data"]
        return [_texts(each) for each in _listed(msgspec.json.decode(text))]
    except (ValueError, RecursionError):  # not UTF-8, not JSON, too deep
        return []


def _listed(document: Any) -> Iterable[Any]:
    return document if isinstance(document, list) else [document]


def _texts(document: Any) -> Fields:
    """The plain values of an object as texts, which is how forms have them."""
    if not isinstance(document, dict):
        raise ValueError  # noqa: TRY004  # of what was sent, like all the rest
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in document.items()
        if isinstance(value, str | int | float)
    }


def _form(text: str) -> Fields:
    """The fields of a form or a query, none where there are too many; of two with one name the last counts."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}
