"""The answers of the collector, but for those that are files; each is for every origin and sets no cookie."""

from collections.abc import Iterable

import msgspec

from bellrock.collector.budgets import OverBudget
from bellrock.collector.exchange import ANYWHERE, Answer, answer, text
from bellrock.collector.limits import BODY_BYTES, ELEMENTS, HEAD_BYTES, HEADERS, UNPACKED_BYTES
from bellrock.errors import LogUnavailable

KEPT = answer(204, [ANYWHERE])
PREFLIGHT = answer(
    204,
    [
        ANYWHERE,
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, content-encoding"),
        (b"access-control-max-age", b"86400"),
    ],
)
TOO_LARGE = text(
    413,
    f"A request may have {BODY_BYTES // 1024} KiB, {UNPACKED_BYTES // 1024} KiB unpacked, "
    f"and {ELEMENTS} beacons. None of these were kept.",
)
REFUSALS = {
    400: text(400, "This is no HTTP/1.1, or asks for an upgrade. Nothing of it was kept."),
    413: TOO_LARGE,
    431: text(431, f"A request may have {HEADERS} headers, in {HEAD_BYTES // 1024} KiB."),
}
CHECK_FAILED = text(500, "The collector failed at this check; its journal says why.")
_NOTHING_HERE = text(404, "There is nothing here. Beacons go to POST /b.")


def misdirected(methods: Iterable[str]) -> Answer:
    """To a request with a method that its address does not take, or to an address that takes none."""
    allowed = ", ".join(methods)
    if not allowed:
        return _NOTHING_HERE
    return text(405, f"This address takes {allowed}.", (b"allow", allowed.encode()))


def json_answer(status: int, content: object) -> Answer:
    """For programs and people."""
    headers = [ANYWHERE, (b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    laid_out = msgspec.json.format(msgspec.json.encode(content), indent=2)
    return answer(status, headers, laid_out + b"\n")


def over_budget(over: OverBudget) -> Answer:
    """To a request that is over a budget: when to come again."""
    told = f"This is over the budget of its {over.of}. Nothing of it was kept."
    return text(429, told, (b"retry-after", b"%d" % over.seconds))


def unavailable(error: LogUnavailable) -> Answer:
    """To a request that the log could not take."""
    return text(503, str(error), (b"retry-after", b"5"))
