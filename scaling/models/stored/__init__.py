"""Weights as they are stored, by us and by others: found in files, told apart, and understood."""
