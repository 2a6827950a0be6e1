"""Who may sign in, and what each may see: users, cookie sessions and tokens, in one SQLite file."""

from bellrock.accounts.accounts import Accounts
from bellrock.accounts.bootstrap import ADMINISTRATOR, bootstrap
from bellrock.accounts.records import TokenRecord, UserRecord, UserRole

__all__ = ["ADMINISTRATOR", "Accounts", "TokenRecord", "UserRecord", "UserRole", "bootstrap"]
