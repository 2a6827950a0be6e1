"""Secrets: made from the system's CSPRNG, stored as digests.

Session ids and tokens carry 256 random bits, so a plain SHA-256 is enough to store them; passwords
are chosen by people, so they get argon2id (RFC 9106) with the library's recommended cost.
"""

import hashlib
import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_PREFIX = "br"  # noqa: S105  # no secret: it makes tokens easy to recognise
_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aeiou"
_SYLLABLES = 12  # 16 * 5 each: 75 bits
_HASHER = PasswordHasher()
# Each hash takes 64 MiB while it is made: strangers who try to sign in must not add that up.
_HASHING = BoundedSemaphore(2)
# Verified when a name is unknown, so that the time of an answer does not tell which names exist.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


def digest(secret: str) -> bytes:
    """The SHA-256 of a session id or token: 32 bytes, what is stored of it."""
    return hashlib.sha256(secret.encode()).digest()


def new_session_id() -> str:
    """A session id of 256 random bits."""
    return secrets.token_urlsafe(32)


def new_token() -> tuple[str, str]:
    """A token's public id, and the token itself: `br_<id>_<256 random bits>`."""
    public = secrets.token_hex(5)
    return public, f"{TOKEN_PREFIX}_{public}_{secrets.token_urlsafe(32)}"


def readable_password() -> str:
    """A random password to read aloud and type: four words of three syllables, 75 bits."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(_SYLLABLES)]
    return "-".join("".join(syllables[at : at + 3]) for at in range(0, _SYLLABLES, 3))


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its salt and cost."""
    with _HASHING:
        return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password has this hash; equally slow, and False, where there is no hash."""
    try:
        with _HASHING:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made at a cost that is no longer the recommended one."""
    return _HASHER.check_needs_rehash(stored)
