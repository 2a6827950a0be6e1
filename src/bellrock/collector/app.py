"""What the collector does with a request: it enters, beacons go to the log, one answer leaves.

`POST /b` answers 204 only after the log has every element durably, 413, 429 and 503 if it has none of
them. It never asks for cookies, sets none, and keeps no address. `POST /b/check` says what is wrong
with beacons and keeps nothing. `GET /t.js` is the tracker; `GET /health` says whether the log takes lines,
and `GET /metrics` what was counted.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping

import structlog

from bellrock.collector import boomerang
from bellrock.collector.answers import (
    CHECK_FAILED,
    KEPT,
    PREFLIGHT,
    REFUSALS,
    TOO_LARGE,
    json_answer,
    misdirected,
    over_budget,
    unavailable,
)
from bellrock.collector.body import unpack
from bellrock.collector.budgets import Budgets, OverBudget
from bellrock.collector.commit import Commit
from bellrock.collector.config import Check, Policy
from bellrock.collector.counts import Counts
from bellrock.collector.elements import Element, elements
from bellrock.collector.entry import Sender, entry, read_sender
from bellrock.collector.exchange import Answer, Handler, Request, Respond
from bellrock.collector.limits import TooLarge
from bellrock.collector.metrics import metrics
from bellrock.collector.origin import Origins
from bellrock.collector.privacy import respect_objection
from bellrock.collector.tracker import Asset
from bellrock.errors import LogUnavailable
from bellrock.log.stamp import stamp

_journal = structlog.get_logger(__name__)

Split = Callable[[Request, bytes], list[Element]]


def _split(_request: Request, body: bytes) -> list[Element]:
    return elements(body)


class Collector:
    """The handler of every request."""

    def __init__(
        self,
        commit: Commit,
        policies: Mapping[str, Policy],
        tracker: Mapping[str, Asset],
        origins: Origins | None = None,
        budgets: Budgets | None = None,
        check: Check | None = None,
    ) -> None:
        """Write through `commit`; `tracker` is of `load_tracker`, the rest of `CollectorConfig`.

        By default no proxy is trusted, nobody has a budget, and there is no `/b/check`.
        """
        self.counts = Counts()
        self._commit, self._policies = commit, policies
        self._origins, self._budgets = origins or Origins(), budgets or Budgets()
        self._asked: set[asyncio.Task[None]] = set()
        self._check_lines = check
        self._routes: dict[str, dict[str, Handler]] = {
            "/b": {"POST": self._collect, "OPTIONS": _allow},
            boomerang.PATH: {
                "GET": self._collect_boomerang,
                "POST": self._collect_boomerang,
                "OPTIONS": _allow,
            },
            "/health": {"GET": self._health, "HEAD": self._health},
            "/metrics": {"GET": self._metrics, "HEAD": self._metrics},
        }
        if check:
            self._routes["/b/check"] = {"POST": self._check, "OPTIONS": _allow}
        for path, asset in tracker.items():
            self._routes[path] = dict.fromkeys(("GET", "HEAD"), _serve(asset))

    def __call__(self, request: Request, respond: Respond) -> None:
        """Call `respond` once with the answer, at once or later."""
        if request.refused is not None:
            self._reject(REFUSALS[request.refused], respond)
            return
        handlers = self._routes.get(request.path) or self._route_of(request.path)
        if handler := handlers.get(request.method):
            handler(request, respond)
        else:
            self._reject(misdirected(handlers), respond)

    def _route_of(self, path: str) -> Mapping[str, Handler]:
        """The handlers of a path that ends with a site's key."""
        return self._routes[boomerang.PATH] if path.startswith(f"{boomerang.PATH}/") else {}

    def _collect(self, request: Request, respond: Respond, split: Split = _split) -> None:
        def told(error: LogUnavailable | None) -> None:
            if error is not None:
                self._reject(unavailable(error), respond)
                return
            self.counts.accepted += len(entries)
            self.counts.dropped += dropped
            respond(KEPT)

        try:
            entries, dropped = self._entries(request, split)
            if entries:
                self._commit.keep(entries, told)
            else:
                told(None)
        except (TooLarge, OverBudget) as over:
            self._refuse(over, respond)
        except LogUnavailable as error:
            told(error)

    def _collect_boomerang(self, request: Request, respond: Respond) -> None:
        self._collect(request, respond, boomerang.boomerang_elements)

    def _entries(self, request: Request, split: Split) -> tuple[list[bytes], int]:
        """What is to be kept of a request, and how many beacons are not; raises as `_read` does."""
        found, sender = self._read(request, split)
        kept = self._permitted(found) if sender.objects else found
        entries = [entry(element, sender) for element in kept]
        return entries, len(found) - len(entries)

    def _read(self, request: Request, split: Split) -> tuple[list[Element], Sender]:
        """The elements of a request, and who sent them; raises TooLarge and OverBudget."""
        address, stated = self._origins.find(request)
        self._budgets.admit(address)
        encoding = request.headers.get(b"content-encoding")
        found = split(request, unpack(request.body, encoding) if encoding else request.body)
        self._budgets.charge(address, [element.site for element in found])
        return found, read_sender(request.headers, self._origins.country(address, stated))

    def _permitted(self, found: list[Element]) -> Iterator[Element]:
        """Yield what the sites may keep of elements whose sender objects."""
        for element in found:
            if not element.is_beacon:
                yield element
            elif (kept := respect_objection(element.text, self._policies)) is not None:
                yield Element(kept, is_beacon=True, site=element.site)

    def _check(self, request: Request, respond: Respond) -> None:
        try:
            self._budgets.charge_check()
            found, sender = self._read(request, _split)
        except (TooLarge, OverBudget) as over:
            self._refuse(over, respond)
            return
        lines = stamp((entry(element, sender) for element in found), 0)
        self._answer_later(self._report_check(lines, respond))

    async def _report_check(self, lines: list[bytes], respond: Respond) -> None:
        assert self._check_lines, "who has no check has no such address"
        try:
            # Beside the loop: normalising has much to load, and goes by blocks.
            found = await asyncio.to_thread(self._check_lines, lines)
        except Exception:  # noqa: BLE001  # it must be answered, whatever happens
            _journal.exception("check failed")
            self._reject(CHECK_FAILED, respond)
            return
        respond(
            json_answer(200, {"stored": False, "beacons": [{"issues": each} for each in found]})
        )

    def _health(self, _request: Request, respond: Respond) -> None:
        self._answer_later(self._report_health(respond))

    def _metrics(self, _request: Request, respond: Respond) -> None:
        self._answer_later(self._report_metrics(respond))

    async def _report_metrics(self, respond: Respond) -> None:
        respond(metrics(await self._commit.summed(self.counts)))

    def _answer_later(self, answering: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(answering)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _report_health(self, respond: Respond) -> None:
        accepts = await self._commit.accepts_writes()
        counts = await self._commit.summed(self.counts)
        report = {
            "status": "ok" if accepts else "unavailable",
            "accepted": counts.accepted,
            "dropped": counts.dropped,
            "rejected": {str(status): count for status, count in counts.rejected.items()},
            "limited": dict(counts.limited),
        }
        health = json_answer(200 if accepts else 503, report)
        if accepts:
            respond(health)
        else:
            self._reject(health, respond)

    def _refuse(self, error: TooLarge | OverBudget, respond: Respond) -> None:
        if isinstance(error, OverBudget):
            self.counts.limited[error.of] += 1
            self._reject(over_budget(error), respond)
        else:
            self._reject(TOO_LARGE, respond)

    def _reject(self, refusal: Answer, respond: Respond) -> None:
        self.counts.rejected[refusal.status] += 1
        respond(refusal)


def _allow(_request: Request, respond: Respond) -> None:
    respond(PREFLIGHT)


def _serve(asset: Asset) -> Handler:
    def serve(request: Request, respond: Respond) -> None:
        respond(asset.answer(request.headers))

    return serve
