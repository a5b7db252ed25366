"""The verbs of the ``scaling`` command, a file for each kind of job.

A verb imports what it needs when it is called, so that ``scaling --help`` is quick.
"""
