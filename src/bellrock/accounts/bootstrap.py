"""The first administrator: made once, when nobody can sign in yet."""

from bellrock.accounts.accounts import Accounts
from bellrock.accounts.secret import readable_password

ADMINISTRATOR = "admin"


def bootstrap(accounts: Accounts) -> str | None:
    """Create the administrator where there is no user; its password, or None where there was one.

    The password exists nowhere else: whoever calls this shows it to the operator.
    """
    password = readable_password()
    return password if accounts.add_first_user(ADMINISTRATOR, password) else None
