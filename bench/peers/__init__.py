"""Other engines, each run by a Python of its own (`.venv-bench-*`) on the lines that ours folds.

A peer is a module that is run: it takes a path of lines, does the job of `job` with them and prints one JSON
object with the `wall` and `cpu` seconds of that, its start included. `bench.engine.rivals` runs them, and
`bench.engine.agreement` compares what they count.
"""
