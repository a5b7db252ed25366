"""Forecasts what future runs will measure, suggests the next ones, and scores past forecasts."""
