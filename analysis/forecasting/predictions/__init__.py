"""Predicts what a model will measure, freezes that, and scores it once the model is measured."""
