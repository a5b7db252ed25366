"""When is a fitted law to be believed? What its table cannot tell, and what speaks against it.

``identity`` parameters that the rows cannot tell apart, or that ended at a bound; ``errors`` which
rows share an error, and where it is larger; ``misfit`` whether the law fits; ``richer`` what other
laws say where it does not, such as ``interaction``, ``by_series`` and ``upper``; ``unseen`` the
bend that few rows could not show; ``influence`` the rows that move the answer most; ``warnings``
all of it as sentences.
"""
