"""How does a sweep outlive its Ray? A process of its own drives Ray; this one watches it, and
begins another where it is lost.
"""
