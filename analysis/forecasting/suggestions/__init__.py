"""Suggests which trainings to run next, so that a target is predicted best within a budget."""
