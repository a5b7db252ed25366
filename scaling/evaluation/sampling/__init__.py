"""Which images does a model make? Checkpoints are loaded and sampled."""
