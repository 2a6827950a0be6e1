"""What the handlers work with, made once per app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bellrock.accounts import Accounts
from bellrock.api.limits import Limits
from bellrock.marks.book import MarkBook
from bellrock.metrics import Metrics
from bellrock.progress import Progress
from bellrock.schema.site import Site
from bellrock.store.contract import StoreReader

PREFIX = "/api/v1"
AS_IT_IS = "as_it_is"
"""The option of a handler whose answer must not be compressed: events, and what already is."""


@dataclass(frozen=True)
class Rhythm:
    """How often a live stream speaks: events `throttle` s apart, or a comment after `comment` s."""

    throttle: float = 1.0
    comment: float = 15.0


@dataclass(frozen=True)
class Services:
    """The app's surroundings; `clock` gives seconds since 1970 UTC."""

    store: StoreReader
    marks: MarkBook | None
    sites: Mapping[str, Site]
    accounts: Accounts
    progress: Progress
    clock: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    rhythm: Rhythm = field(default_factory=Rhythm)
    metrics: Metrics = field(default_factory=Metrics)
