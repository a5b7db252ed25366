"""Fits a law to anyone's table of runs: the work of ``scaling fit``."""
