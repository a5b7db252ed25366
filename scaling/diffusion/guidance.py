"""How is a class enforced more strongly? By classifier-free guidance.

It may act on some of the channels and over a part of the schedule.
"""

import torch
from torch import Tensor, nn

from scaling.study.timesteps import guided_at


def guided(
    model: nn.Module,
    y: Tensor,
    null_label: int | Tensor,
    scale: float,
    channels: int,
    interval: tuple[float, float] | None = None,
    horizon: float = 1.0,
):
    """A predictor ``(x, t) -> out`` for labels y (B,), guided on the first ``channels`` channels.

    out = uncond + scale (cond - uncond) (Ho & Salimans, arXiv 2207.12598); the remaining channels
    and the variance are the conditional ones. ``null_label`` means "no label": one number, or one
    condition per image (B,). DiT's released code guides 3 of its 4 latent channels.

    Scale 1 costs one forward pass; any other scale costs a single pass on the doubled batch.
    Outside ``interval``, given in fractions t / ``horizon`` of the schedule, nothing is guided and
    one plain pass is enough (Kynkäänniemi et al., arXiv 2404.07724).
    """
    if scale == 1.0:
        return lambda x, t: model(x, t, y)
    null = null_label if isinstance(null_label, Tensor) else torch.full_like(y, null_label)
    both = torch.cat([y, null])

    def predict(x: Tensor, t: Tensor) -> Tensor:
        if interval is not None and not guided_at(float(t[0]) / horizon, scale, interval):
            return model(x, t, y)
        conditional, unconditional = model(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2)
        out = torch.lerp(unconditional[:, :channels], conditional[:, :channels], scale)
        return torch.cat([out, conditional[:, channels:]], dim=1)

    return predict
