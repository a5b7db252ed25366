"""Is the priced memory what torch reports? Saved tensors, and the peak of a real training step by
torch's profiler.
"""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from scaling.models import build_model
from scaling.study import ModelSpec
from scaling.study.costs.memory import training_memory

torch.set_num_threads(1)
SMALL = ModelSpec(input_size=16, channels=4, patch=2, width=96, depth=3, heads=4, num_classes=10)
CONDITIONINGS = ["adaln-zero", "adaln", "cross-attention", "in-context"]


class Step:
    """A training step: forward, backward, AdamW, EMA."""

    def __init__(self, spec: ModelSpec, batch: int, **options):
        g = torch.Generator().manual_seed(0)
        self.model = build_model(spec, **options)
        self.params = list(self.model.parameters())
        self.ema = [p.detach().clone() for p in self.params]
        self.optimiser = torch.optim.AdamW(self.params, fused=True)
        self.x = torch.randn(batch, *spec.input_shape, generator=g)
        self.t, self.y = torch.zeros(batch, dtype=torch.long), torch.zeros(batch, dtype=torch.long)
        self()  # the moments come into being in the first step

    def loss(self) -> torch.Tensor:
        return self.model(self.x, self.t, self.y).square().mean()

    def __call__(self) -> None:
        self.loss().backward()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        torch._foreach_lerp_(self.ema, [p.detach() for p in self.params], 1e-3)

    def state_bytes(self) -> int:
        """What lives between steps: weights with buffers, moments and EMA."""
        moments = [
            t for s in self.optimiser.state.values() for t in (s["exp_avg"], s["exp_avg_sq"])
        ]
        return sum(t.nbytes for t in [*self.model.state_dict().values(), *moments, *self.ema])

    def saved_bytes(self) -> int:
        """Distinct memory that autograd keeps for the backward pass, weights and buffers not among
        it.
        """
        own = {t.untyped_storage().data_ptr() for t in [*self.params, *self.model.buffers()]}
        kept = {}

        def pack(tensor):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            self.loss()
        return sum(kept.values())

    def peak_bytes(self) -> int:
        """The most memory held at once during a step, by the profiler's record of every
        allocation.
        """
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
            self()
        now = most = 0
        events = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
        for event in sorted(events, key=lambda e: e.start_ns()):
            now += event.nbytes()
            most = max(most, now)
        return self.state_bytes() + most


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_activations_are_what_autograd_keeps(conditioning):
    spec = SMALL.model_copy(update={"conditioning": conditioning})
    assert training_memory(spec, batch=8).activations == pytest.approx(
        Step(spec, 8).saved_bytes(), rel=0.02
    )


@pytest.mark.parametrize(
    "spec, batch, checkpointing",
    [
        (SMALL, 32, False),  # activations outweigh gradients
        (SMALL, 1, False),  # gradients outweigh activations
        (SMALL, 32, True),
        (ModelSpec.preset("DiT-S/4"), 4, False),
        *((SMALL.model_copy(update={"conditioning": c}), 32, False) for c in CONDITIONINGS[1:]),
    ],
    ids=lambda v: v.name if isinstance(v, ModelSpec) else str(v),
)
def test_the_peak_is_what_torch_reports_for_a_real_step(spec, batch, checkpointing):
    step = Step(spec, batch, activation_checkpointing=checkpointing)
    priced = training_memory(spec, batch, checkpointing)
    assert priced.weights + priced.optimiser + priced.ema == pytest.approx(
        step.state_bytes(), rel=1e-3
    )
    assert priced.peak == pytest.approx(step.peak_bytes(), rel=0.1)


def test_a_batch_below_one_is_refused():
    with pytest.raises(ValueError, match="batch 0 is not at least 1"):
        training_memory(SMALL, 0)
