"""What a simulation saw: a tally that grows while it runs, and the report at its end.

Times of answers are measured from the moment a beacon was meant to be sent, so that a collector that
stalls cannot hide it by holding up the sender (no coordinated omission).
"""

from collections import Counter

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. Times in ms; `other` counts answers by status, `errors` those without an answer."""

    seconds: float
    sent: int
    acknowledged: int
    other: dict[int, int]
    errors: dict[str, int]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    sent_per_second: float

    def __str__(self) -> str:
        """A few lines for a terminal."""
        other = ", ".join(f"{count} x {status}" for status, count in sorted(self.other.items()))
        errors = ", ".join(f"{count} x {name}" for name, count in sorted(self.errors.items()))
        quantiles = ", ".join(
            f"{name} {value:,.1f} ms"
            for name, value in (("p50", self.p50_ms), ("p95", self.p95_ms), ("p99", self.p99_ms))
            if value is not None
        )
        return (
            f"sent          {self.sent:,} in {self.seconds:.1f} s ({self.sent_per_second:,.1f}/s)\n"
            f"acknowledged  {self.acknowledged:,} (204)\n"
            f"other answers {other or 'none'}\n"
            f"errors        {errors or 'none'}\n"
            f"answer times  {quantiles or 'none'} (from the intended time of sending)"
        )


class Tally:
    """Counts while a simulation runs, in bounded memory: times are kept to three digits."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.sent = 0
        self.answers: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self._times: Counter[float] = Counter()

    def answered(self, status: int, milliseconds: float) -> None:
        """Count an answer, and how long after the intended time of sending it came."""
        self.answers[status] += 1
        self._times[float(f"{milliseconds:.3g}")] += 1

    def report(self, seconds: float) -> Report:
        """The report after `seconds` of sending."""
        return Report(
            seconds=seconds,
            sent=self.sent,
            acknowledged=self.answers[204],
            other={status: n for status, n in self.answers.items() if status != 204},
            errors=dict(self.errors),
            p50_ms=_quantile(self._times, 0.50),
            p95_ms=_quantile(self._times, 0.95),
            p99_ms=_quantile(self._times, 0.99),
            sent_per_second=self.sent / seconds if seconds > 0 else 0.0,
        )


def _quantile(times: Counter[float], p: float) -> float | None:
    before, wanted = 0, p * times.total()
    for value in sorted(times):
        before += times[value]
        if before >= wanted:
            return value
    return None
