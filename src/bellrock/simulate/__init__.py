"""Simulated visitors: live traffic for a collector on this machine, and past traffic for a new log.

In reading order: `catalogue`, `agents` and `places` say who visits what; `journey` is the path of one
session, `timings` how fast its pages are, `beacons` what a page sends; `visitors` merges sessions into
one stream in time. `past` writes that stream as log lines, `load` sends it.
"""
