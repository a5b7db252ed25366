"""Where do results lie that are at a URL? At a store, which is the truth, with a copy of them on
each machine that works on them or reads them.

    kinds.py     which stores there are
    stores.py    how one is asked
    places.py    where a URL's copy lies on this machine
    copies.py    a file of the copy goes to the store, and comes from it
    folders.py   a checkpoint does, whole
    lease.py     who alone may write a part of the results
    following.py the copy of a study, kept up to date
"""
