"""What a caller may see: made from a session or a token, demanded by every selection."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Role = Literal["admin", "viewer", "token"]


class Access(msgspec.Struct, frozen=True):
    """A known caller. `sites` is None for one who sees every site, also those added later.

    `key` names the session or token in limits and logs; it is no secret.
    """

    key: str
    name: str
    role: Role
    sites: frozenset[str] | None

    def allows(self, site: str) -> bool:
        """Whether the caller may see anything of this site."""
        return self.sites is None or site in self.sites

    def visible(self, sites: Iterable[str]) -> list[str]:
        """Those of `sites` that the caller may see, in their order."""
        return [site for site in sites if self.allows(site)]
