"""Claims of the embedded runner: kept in the store's file, committed with the step that made them."""

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from bellrock.claims.contract import Claim, Owner

Key = tuple[str, bytes]


class EmbeddedClaims:
    """See `Claims`; `find` looks up committed owners, `pending` are those since `committed` was called."""

    def __init__(self, find: Callable[[Sequence[Key]], Mapping[Key, Owner]]) -> None:
        """Begin with nothing pending."""
        self._find = find
        self._pending: dict[Key, Owner] = {}

    def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """See `Claims.claim`."""
        if not claims:
            return []
        stored = self._find(list({(claim.site, claim.hash) for claim in claims}))
        accepted = []
        for claim in claims:
            key = (claim.site, claim.hash)
            owner = stored.get(key) or self._pending.setdefault(key, claim.owner)
            accepted.append(owner == claim.owner)
        return accepted

    def pending(self) -> pl.DataFrame:
        """Claims to be committed with the step: site, hash, session, minute, impression."""
        return pl.DataFrame(
            [(*key, *owner) for key, owner in self._pending.items()],
            schema={
                "site": pl.String,
                "hash": pl.Binary,
                "session": pl.String,
                "minute": pl.Int64,
                "impression": pl.String,
            },
            orient="row",
        )

    def committed(self) -> None:
        """The pending claims are durable now."""
        self._pending.clear()
