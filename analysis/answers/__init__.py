"""Answers questions about a study: slopes, grid steps, FID errors, laws, costs, comparisons,
finding.
"""
