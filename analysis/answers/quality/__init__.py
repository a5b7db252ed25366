"""Answers how much training each model needs until a quality is reached, and tells it."""
