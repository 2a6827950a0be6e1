"""The core: pure and vectorised. No clock, no I/O; time is an argument; Polars, numpy, msgspec only."""
