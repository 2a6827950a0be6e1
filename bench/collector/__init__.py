"""What the collector costs on one core, and how long its answers take: `make bench-collector`.

`arrivals` sends, `contenders` answer, `knee` finds how much each can take. docs/guide/benchmarks.md says what
each figure means.
"""
