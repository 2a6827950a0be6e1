"""The engine, its log and its store in one process, killed and resumed at every step of input and output.

There is no time, no thread and no sleeping: a seeded scheduler says who goes next. A crash at a point leaves
what a killed process leaves: the files as the operating system has them at that moment. What a process has
written is in the page cache and stays there when it is killed; what it has not yet written is in its own
memory and is gone. A copy of the files, read through the operating system while the process stands still at
the point, is therefore exactly that: also of a write-ahead log, and of SQLite's shared memory, which is a
mapped file. (It is not a picture of a power failure, where the page cache is lost; nobody promises that
here but SQLite's and DuckDB's own syncs.)
"""
