"""How are weights trained? The loop, averages, held-out loss and checkpoints."""

from scaling.training.loop import Diverged, Trainer
from scaling.training.state import AveragedWeights, load_parameters

__all__ = ["AveragedWeights", "Diverged", "Trainer", "load_parameters"]
