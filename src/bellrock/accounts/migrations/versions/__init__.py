"""The revisions of the accounts tables, in order."""
