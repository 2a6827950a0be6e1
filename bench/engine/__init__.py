"""What the engine costs on one core, and what others cost on the same lines: `make bench-engine`.

A file is one figure, or one thing that figures share: `lines` is what all of them fold, `states` where they
begin, `stages` the clock. `docs/guide/benchmarks.md` says what each figure means.
"""
