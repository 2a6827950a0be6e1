"""The log: every beacon that was ever acknowledged, as NDJSON lines in the order of their commit.

The collector appends lines; the engine reads them by position. A log is one partition: its order is
the order of time, because `at` never decreases from one line to the next.
"""
