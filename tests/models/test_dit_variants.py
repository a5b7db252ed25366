"""Do the transformers that came after DiT count, keep, train and resume as their specs say?"""

import pytest
import torch

from scaling.models import build_model
from scaling.models.counting.count import checked_count, trainable_params
from scaling.study import cost
from scaling.study.costs.memory import training_memory
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint
from tests.models.networks.test_dit import inputs, randomised
from tests.study.costs.test_memory import Step
from tests.study.families.variants import JIT, PAPER, VARIANTS

torch.set_num_threads(1)
every_variant = pytest.mark.parametrize("m", VARIANTS.values(), ids=VARIANTS)


@every_variant
def test_layers_are_what_fvcore_counts(m):
    assert checked_count(m).macs == cost.forward_macs(m)
    assert trainable_params(m) == cost.params(m)
    checked_count(m.debug_twin(channels=3, num_classes=5))


@every_variant
def test_memory_is_what_autograd_keeps(m):
    assert training_memory(m, 16).activations == pytest.approx(Step(m, 16).saved_bytes(), rel=0.1)


@every_variant
def test_it_trains_resumes_bitwise_and_checkpoints_its_activations(tmp_path, tiny, m):
    spec = with_settings(tiny, {"model": m, "train.steps": 4})
    lines: list[dict] = []
    whole = Trainer(spec, [])
    whole.train_to(2, lines.append)
    whole.save(tmp_path)
    whole.train_to(4, lines.append)
    again = Trainer(spec, [], execution=Execution(activation_checkpointing=True))
    again.restore(checkpoint.load(tmp_path, 2))
    again.train_to(4, lines.append)
    restored = dict(again.model.named_parameters())
    assert all(torch.equal(restored[name], p) for name, p in whole.model.named_parameters())
    units = {id(unit) for unit in m.units(again.model)}
    assert len(units) == m.depth + (m.head_depth or 0)


@every_variant
def test_a_new_network_predicts_zero_and_each_parameter_acts(m):
    x, t, y = inputs(m)
    assert not build_model(m)(x, t, y).any()
    model = randomised(m)
    model(x, t, y).square().sum().backward()
    unmoved = [name for name, p in model.named_parameters() if not p.grad.any()]
    assert not unmoved


def test_time_label_and_place_each_change_the_answer():
    m = PAPER.replaced(**JIT)
    model, (x, t, y) = randomised(m), inputs(m)
    with torch.no_grad():
        answer = model(x, t, y)
        for changed in ((x, t + 50, y), (x, t, (y + 1) % 10), (x.flip(-1), t, y)):
            assert (model(*changed) - answer).abs().max() > 1e-4


def test_without_positions_in_the_blocks_places_would_be_lost():
    """Rotary positions alone: patches that change places do not change their answers alone."""
    m = PAPER.replaced(positions="rope", patch=2)
    model, (x, t, y) = randomised(m), inputs(m)
    moved = x.roll(2, dims=-1)  # by one patch
    with torch.no_grad():
        assert (model(moved, t, y) - model(x, t, y).roll(2, dims=-1)).abs().max() > 1e-4
    assert "pos_embed" not in model.state_dict() and m.fixed_tensors() == {}
