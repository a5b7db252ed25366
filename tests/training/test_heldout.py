"""Is the held-out loss one and the same measure for all trials that share it?"""

import pytest
import torch

from scaling.data import load_data
from scaling.diffusion import build_process
from scaling.study import DataSpec, DiffusionSpec
from scaling.study.settings import with_settings
from scaling.training import Trainer
from scaling.training.heldout import BINS, heldout_loss


@pytest.mark.parametrize("objective", ["epsilon", "flow"])
def test_bins_are_equal_parts_of_the_schedule(objective):
    """A network that returns its time has, in a part, the loss that the times there have."""
    data = load_data(DataSpec())
    process = build_process(DiffusionSpec(objective=objective))
    horizon = 1000.0 if objective == "epsilon" else 1.0
    process.losses = lambda out, x0, x_t, time, noise: {"mse": out / horizon, "loss": out / horizon}
    measured = heldout_loss(Echo(), process, data.heldout)
    assert measured["heldout_bins"] == pytest.approx(
        [(k + 0.5) / BINS for k in range(BINS)], abs=2e-3
    )
    assert measured["heldout_loss"] == pytest.approx(0.5, abs=2e-3)


class Echo(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x, t, y):
        return t.float()


def test_the_measure_does_not_depend_on_seed_weighting_or_batch(tiny):
    """The same weights give the same held-out loss under any of them."""
    specs = [
        with_settings(tiny, s)
        for s in ({}, {"diffusion.weighting": "min-snr"}, {"train.seed": 3}, {"train.batch": 7})
    ]
    trainers = [Trainer(spec, []) for spec in specs]
    for trainer in trainers[1:]:
        trainer.model.load_state_dict(trainers[0].model.state_dict())
    measured = [heldout_loss(t.model, t.process, t.data.heldout) for t in trainers]
    assert all(m == measured[0] for m in measured) and measured[0]["heldout_loss"] > 0


def test_a_network_that_is_not_finite_measures_nothing(tiny):
    trainer = Trainer(tiny, [])
    with torch.no_grad():
        trainer.params[0].fill_(float("nan"))
    assert (
        heldout_loss(trainer.model, trainer.process, trainer.data.heldout)["heldout_loss"] is None
    )
