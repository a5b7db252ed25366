"""Which networks are there? One module for each, and one for each kind of part."""
