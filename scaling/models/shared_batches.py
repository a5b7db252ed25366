"""Can a network learn from parts of a batch as from the whole? Not if it normalises over it."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from scaling.models import without_weights
from scaling.study.network import Network


def check_shared(spec: Network, workers: int, micro_batch: int | None) -> None:
    """Refuse to share out a batch among ``workers``, or to pass it ``micro_batch`` images at a
    time, where the network of ``spec`` would see the difference.
    """
    if workers == 1 and micro_batch is None:
        return
    if name := over_the_batch(without_weights(spec)):
        option = f"--workers-per-trial {workers}" if workers > 1 else f"--micro-batch {micro_batch}"
        raise ValueError(
            f"{option}: {spec.name} normalises over the batch ({name}), and would learn something "
            "else from its parts; leave the option out, or use nn.GroupNorm"
        )


def over_the_batch(model: nn.Module) -> str | None:
    """The name of the first module that normalises over the batch; None where none does."""
    return next((name for name, m in model.named_modules() if isinstance(m, _BatchNorm)), None)
