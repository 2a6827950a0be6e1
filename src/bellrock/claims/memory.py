"""Claims in memory: for folding a recorded log, and for tests."""

from collections.abc import Sequence

from bellrock.claims.contract import Claim, Owner


class MemoryClaims:
    """See `Claims`."""

    def __init__(self) -> None:
        """Begin with no claims."""
        self._owners: dict[tuple[str, bytes], Owner] = {}

    def claim(self, claims: Sequence[Claim]) -> list[bool]:
        """See `Claims.claim`."""
        return [
            self._owners.setdefault((claim.site, claim.hash), claim.owner) == claim.owner
            for claim in claims
        ]
