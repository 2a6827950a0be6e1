"""Benchmarks: figures of the machine they run on, taken in one run. No test depends on them."""
