"""Decides which rows may enter a fit or a figure: trials, checkpoints, recipes, protocols."""
