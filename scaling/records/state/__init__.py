"""How does a job stand, and is whoever works on it alive? Its state on disk, kept fresh by a
heartbeat; of a sweep the same file is its lease on the study.
"""
