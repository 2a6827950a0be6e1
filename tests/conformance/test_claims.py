"""What every claim store promises (`bellrock.claims.contract`), asked of every implementation."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.claims.contract import Claim, Claims, Owner
from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.claims.dynamodb import DynamoClaims, create_claims_table
from bellrock.claims.memory import MemoryClaims
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from conformance.opening import opening


class ClaimStore(NamedTuple):
    """A claim store, and what makes its claims durable."""

    claims: Claims
    commit: Callable[[], None]
    close: Callable[[], None]


def memory(_request: pytest.FixtureRequest) -> ClaimStore:
    return ClaimStore(MemoryClaims(), lambda: None, lambda: None)


def dynamodb(request: pytest.FixtureRequest) -> ClaimStore:
    client = request.getfixturevalue("dynamodb_client")
    table = f"claims-{uuid4()}"
    create_claims_table(client, table)
    return ClaimStore(DynamoClaims(client, table), lambda: None, lambda: None)


def in_new_folder(request: pytest.FixtureRequest) -> ClaimStore:
    return embedded(request.getfixturevalue("tmp_path_factory").mktemp("claims"))


def embedded(path: Path) -> ClaimStore:
    store = DuckDBStore(path / "store.duckdb")
    claims = EmbeddedClaims(store.owners)

    def commit() -> None:
        position, watermark = store.progress()
        store.commit(StoredStep({}, claims.pending(), b"", True, position + 1, watermark))
        claims.committed()

    return ClaimStore(claims, commit, store.close)


@pytest.fixture(params=[memory, in_new_folder, dynamodb], ids=["memory", "embedded", "dynamodb"])
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[], ClaimStore]]:
    with opening(lambda: request.param(request)) as new:
        yield new


@pytest.fixture
def store(opened: Callable[[], ClaimStore]) -> ClaimStore:
    return opened()


FIRST = Owner("session-1", 100, "impression-1")
OTHERS = [
    Owner("session-2", 100, "impression-1"),
    Owner("session-1", 101, "impression-1"),
    Owner("session-1", 100, "impression-2"),
]


def claim(owner: Owner, order: bytes = b"o-1", site: str = "shop") -> Claim:
    return Claim(site, order, owner)


def test_the_first_claim_is_accepted_and_any_other_owners_is_not(store: ClaimStore) -> None:
    assert store.claims.claim([claim(FIRST)]) == [True]
    assert store.claims.claim([claim(other) for other in OTHERS]) == [False] * 3


def test_the_owners_own_claim_is_accepted_again(store: ClaimStore) -> None:
    assert store.claims.claim([claim(FIRST), claim(OTHERS[0]), claim(FIRST)]) == [True, False, True]
    store.commit()
    assert store.claims.claim([claim(OTHERS[0]), claim(FIRST)]) == [False, True]


def test_inside_one_call_the_order_decides(store: ClaimStore) -> None:
    claims = [claim(OTHERS[2]), claim(FIRST), claim(OTHERS[2], b"o-2"), claim(FIRST, b"o-3")]
    assert store.claims.claim(claims) == [True, False, True, True]


def test_sites_and_orders_are_claimed_apart(store: ClaimStore) -> None:
    assert store.claims.claim([claim(FIRST)]) == [True]
    assert store.claims.claim([claim(OTHERS[0], site="other")]) == [True]
    assert store.claims.claim([claim(OTHERS[0], b"o-2")]) == [True]
    assert store.claims.claim([claim(OTHERS[0], b"o-1\x00")]) == [True]


def test_a_claim_stays_when_it_was_committed(store: ClaimStore) -> None:
    store.claims.claim([claim(FIRST)])
    store.commit()
    store.claims.claim([claim(FIRST, b"o-2")])
    store.commit()
    assert store.claims.claim([claim(OTHERS[1]), claim(OTHERS[1], b"o-2")]) == [False, False]


def test_no_claims_are_answered_with_none(store: ClaimStore) -> None:
    assert store.claims.claim([]) == []


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    calls=st.lists(
        st.lists(
            st.builds(
                claim,
                st.sampled_from([FIRST, *OTHERS]),
                st.sampled_from([b"o-1", b"o-2"]),
                st.sampled_from(["shop", "other"]),
            ),
            max_size=5,
        ),
        max_size=4,
    ),
    commits=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_however_claims_are_cut_into_calls_and_commits_the_first_one_holds(
    opened: Callable[[], ClaimStore], calls: list[list[Claim]], commits: list[bool]
) -> None:
    store = opened()
    owners: dict[tuple[str, bytes], Owner] = {}
    for claims, commit in zip(calls, commits, strict=False):
        expected = [owners.setdefault((c.site, c.hash), c.owner) == c.owner for c in claims]
        assert store.claims.claim(claims) == expected
        if commit:
            store.commit()


def test_what_was_not_committed_is_not_claimed_after_a_crash(tmp_path: Path) -> None:
    """Its step is folded again, and claims again."""
    before = embedded(tmp_path)
    before.claims.claim([claim(FIRST)])
    before.commit()
    before.claims.claim([claim(FIRST, b"o-2")])
    before.close()
    after = embedded(tmp_path)
    assert after.claims.claim([claim(OTHERS[0]), claim(OTHERS[0], b"o-2")]) == [False, True]
    after.close()


def test_pending_claims_are_those_since_the_last_commit() -> None:
    stored = {("shop", b"o-1"): FIRST}
    claims = EmbeddedClaims(lambda _: stored)
    claims.claim([claim(OTHERS[0]), claim(OTHERS[0], b"o-2"), claim(OTHERS[1], b"o-2")])
    assert claims.pending().rows() == [("shop", b"o-2", *OTHERS[0])]
    claims.committed()
    assert len(claims.pending()) == 0
