"""Who may enter a fit or a figure? Trials, checkpoints, recipes, protocols, learning rates."""
