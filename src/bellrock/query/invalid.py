"""Bad input as an error that names the field, what is wrong, and what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches

from bellrock.errors import BellrockError


class InvalidRequest(BellrockError):
    """The request cannot be answered as it stands. `field` is a path, like `pagination.limit`."""

    def __init__(self, field: str, detail: str) -> None:
        """`detail` is a whole sentence that needs no knowledge of the code."""
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


def unknown(field: str, kind: str, name: str, known: Iterable[str]) -> InvalidRequest:
    """The error for a name that does not exist, with the nearest that does."""
    near = nearest(name, known)
    hint = f" Did you mean {near!r}?" if near else ""
    return InvalidRequest(field, f"There is no {kind} {name!r}.{hint}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, if any is at all."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower()[:100], by_lower, n=1, cutoff=0.4)
    return by_lower[near[0]] if near else None
