"""The HTTP API and the dashboard's files. Knows query, accounts and the engine's progress."""
