"""Answers about a study: slopes, grid steps, FID errors, laws, costs, comparisons, the finding."""
