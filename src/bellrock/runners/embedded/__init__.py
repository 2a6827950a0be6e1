"""The whole pipeline on one machine: SQLite log in, DuckDB store out, one transaction per step."""
