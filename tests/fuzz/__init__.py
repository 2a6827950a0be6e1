"""Mutated requests through the collector's parser, in one process: `make fuzz`.

`corpus` has real requests, `mutations` spoils them, `oracle` says from the rules alone what must be kept,
`check` holds the collector against it.
"""
