"""How weights are found: loop, averages, held-out loss, checkpoints."""

from scaling.training.loop import AveragedWeights, Diverged, Trainer, load_parameters

__all__ = ["AveragedWeights", "Diverged", "Trainer", "load_parameters"]
