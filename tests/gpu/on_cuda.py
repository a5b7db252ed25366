"""What does a CUDA device have to show? Run by ``make gpu`` alone: pytest does not collect it.

The bounds were set from the formats' precision before any GPU had run this; see ``make gpu``.
"""

import contextlib

import pytest
import torch

from scaling.study import ModelSpec
from scaling.study.execution import Execution
from tests.gpu import checks

SMALL = checks.trial()  # 200 steps
SHORT = checks.trial(steps=20)
DIT_S = ModelSpec.preset("DiT-S/2")


@pytest.mark.parametrize("precision, most", [("tf32", 0.01), ("bf16", 0.03)])
def test_precisions_learn_as_fp32_over_200_steps(precision, most):
    assert checks.precision_gap(SMALL, precision, "cuda") < most


def test_a_network_is_one_graph_and_learns_the_same_when_compiled():
    assert checks.graph_breaks(DIT_S, "cuda") == 0
    eager = checks.heldout(checks.trained(SHORT, "cuda"))
    compiled = checks.heldout(checks.trained(SHORT, "cuda", Execution(compile=True)))
    assert compiled == pytest.approx(eager, rel=1e-3)


def test_a_resumed_training_ends_bitwise_as_one_that_was_not_stopped(tmp_path):
    assert checks.differ_after_resume(SHORT, "cuda", tmp_path) == []


def test_memory_that_runs_out_halves_what_is_computed_at_once():
    """Real: torch may have no more than a part of the memory that the step takes."""
    spec = checks.trial(width=256, depth=8, steps=4, batch=1024)

    @contextlib.contextmanager
    def short():
        peak = checks.training_memory(spec.model, spec.train.batch).peak
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, 0.5 * peak / total))
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
            torch.cuda.empty_cache()

    micro_batch, gap = checks.after_running_out(spec, "cuda", short)
    assert micro_batch < spec.train.batch and gap < 1e-3


def test_averages_and_noise_are_on_the_device():
    assert checks.average_gap(SHORT, "cuda") < 1e-6
    assert checks.noise_repeats("cuda")


def test_fsdp_over_one_rank_and_nccl_is_the_whole(tmp_path):
    assert checks.sharded_gap(SHORT, "cuda", tmp_path) < 1e-4


def test_peak_memory_is_the_formulas():
    big = checks.trial(width=384, depth=12, steps=4, batch=256)
    assert checks.peak_over_formula(big) == pytest.approx(1.0, abs=0.1)
