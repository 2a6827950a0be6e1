"""What `Accounts` answers with: records that hold no secret; times are seconds since 1970 UTC."""

from typing import Literal

import msgspec

UserRole = Literal["admin", "viewer"]


class UserRecord(msgspec.Struct, frozen=True):
    """A user. `sites` are the given ones; an admin sees every site and has none listed."""

    name: str
    role: UserRole
    sites: tuple[str, ...]
    created: int


class TokenRecord(msgspec.Struct, frozen=True):
    """A bearer token of one site; `id` is the part of it that may be shown."""

    id: str
    site: str
    note: str
    created: int
