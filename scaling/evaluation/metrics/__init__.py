"""How far are samples from real images? One module for each kind of distance."""
