"""Every error that bellrock raises on purpose.

    BellrockError
    ├── ConfigurationError      a setting, a sites file or an argument is wrong
    ├── LogUnavailable          the log cannot be written or read now
    │   └── LogDamaged          lines of the log cannot be read any more
    ├── LogInUse                another process writes this log
    ├── StoreInUse              another engine has this data directory open
    ├── StoreUnavailable        the search store cannot be reached, or is too busy, now
    ├── TableUnavailable        a table of claims or marks cannot be reached, or is too busy, now
    ├── SecretUnavailable       the place of a secret cannot be asked now (in `bellrock.secrets`)
    ├── ClockJumped             the system clock jumped (in `bellrock.collector.clock`)
    └── Forbidden               the caller has no right to what it asks for

`str(error)` is ready to be shown to a person: it names the place, what is wrong and what to do next.
"""

FAILED = 1
"""Exit status of a process that failed in a way that starting it again may cure."""

REFUSED = 2
"""Exit status of one that refuses to start as it is configured: starting again would not help."""


class BellrockError(Exception):
    """The root; catching it catches all that bellrock raises on purpose."""


class ConfigurationError(BellrockError):
    """A setting, a sites file or an argument is wrong."""

    def __init__(self, place: str, problem: str, mend: str) -> None:
        """State where the mistake is, what it is, and what to do about it."""
        super().__init__(f"{place}: {problem}. {mend}")
        self.place, self.problem, self.mend = place, problem, mend


class LogUnavailable(BellrockError):
    """The log cannot be written or read now; an embedded log keeps a refused append whole or not at all."""


class LogDamaged(LogUnavailable):
    """Lines of the log cannot be read any more: a file of it is damaged or missing, and must be restored."""


class LogInUse(BellrockError):
    """Another process writes this log."""


class StoreInUse(BellrockError):
    """Another engine has this data directory open."""


class StoreUnavailable(BellrockError):
    """The search store cannot be reached, or is too busy, now.

    Some of what the call wrote may be written. Calling again later finishes it: nothing is written twice.
    """


class TableUnavailable(BellrockError):
    """A table of claims or marks cannot be reached, or is too busy, now.

    Some of what the call wrote may be written. Calling again later finishes it: nothing is written twice.
    """


class Forbidden(BellrockError):
    """The caller has no right to what it asks for."""
