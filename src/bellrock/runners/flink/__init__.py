"""The pipeline on Flink: a thin shell around the same operators, with state by lane and by document.

    log -> blocks by lane -> sessions -> deltas by document -> summary -> search store
                                 |  ^
                       evidence  v  |  how far it is judged, and marks
                                judge

Everything but `job` is plain Python without Flink, and is tested without it.
"""

from bellrock.runners.flink.finder import install

install()
