"""The history of the accounts tables; each revision is one file in `versions`."""
