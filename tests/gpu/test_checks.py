"""Do the checks for a GPU find on a CPU what they are to find, and does a fault show in them?"""

import contextlib
import os
import subprocess
import sys

import pytest
import torch

from scaling.models.networks.dit import DiT
from scaling.training import Trainer, gradients
from scaling.training.ema import EmaWeights
from tests.gpu import checks, throughput

TINY = checks.trial(width=16, depth=1, steps=4, batch=8)


def test_bf16_is_near_fp32_and_not_the_same():
    assert 0 < checks.precision_gap(TINY, "bf16", "cpu") < 0.05


def test_a_forward_pass_is_one_graph_and_a_break_is_counted(monkeypatch):
    assert checks.graph_breaks(TINY.model, "cpu") == 0
    forward = DiT.forward

    def broken(self, x, t, y):
        out = forward(self, x, t, y)
        torch._dynamo.graph_break()
        return out + 1.0

    monkeypatch.setattr(DiT, "forward", broken)
    assert checks.graph_breaks(TINY.model, "cpu") > 0


def test_a_resumed_training_is_the_same_and_another_is_not(tmp_path, monkeypatch):
    assert checks.differ_after_resume(TINY, "cpu", tmp_path / "a") == []
    restore = Trainer.restore

    def forgetful(self, saved):
        restore(self, saved)
        self.step -= 1

    monkeypatch.setattr(Trainer, "restore", forgetful)
    assert checks.differ_after_resume(TINY, "cpu", tmp_path / "b")


def test_memory_that_runs_out_halves_what_is_computed_at_once(monkeypatch):
    accumulate = gradients.accumulate

    @contextlib.contextmanager
    def short():
        def little(trainer, *batch):
            if trainer.micro_batch > 2:
                raise torch.OutOfMemoryError("out of memory")
            return accumulate(trainer, *batch)

        with monkeypatch.context() as patch:
            patch.setattr(gradients, "accumulate", little)
            yield

    micro_batch, gap = checks.after_running_out(TINY, "cpu", short)
    assert micro_batch == 2 and gap < 1e-5
    with pytest.raises(AssertionError, match="did not run out"):
        checks.after_running_out(TINY, "cpu", contextlib.nullcontext)


def test_an_average_is_the_sum_that_it_should_be_and_a_stale_one_shows(monkeypatch):
    assert checks.average_gap(TINY, "cpu") < 1e-6
    monkeypatch.setattr(EmaWeights, "update", lambda self, step: None)
    assert checks.average_gap(TINY, "cpu") > 1e-4


def test_noise_is_drawn_on_the_device():
    assert checks.noise_repeats("cpu")


def test_a_shard_of_one_rank_is_the_whole(tmp_path):
    assert checks.sharded_gap(TINY, "cpu", tmp_path) < 1e-5


def test_throughput_is_timed_beside_a_plain_loop_and_written_as_a_record(tmp_path):
    rows = throughput.measured({"tiny": (TINY.model, 8)}, "cpu", steps=2, precision="fp32")
    (row,) = rows
    assert row["model"] == "tiny" and row["images_per_s"] > 0 < row["plain_images_per_s"]
    assert row["flops_per_s"] == pytest.approx(row["images_per_s"] * row["flops_per_image"])
    assert row["mfu"] is None  # nobody published this CPU's peak
    text = throughput.table(rows)
    assert "tiny" in text and "fast-DiT" in text


def test_without_a_gpu_it_says_so_in_a_line():
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}  # of a machine that has one
    command = [sys.executable, "-m", "tests.gpu"]
    done = subprocess.run(command, capture_output=True, text=True, env=hidden)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == "no CUDA device here: nothing was tested, and nothing is claimed\n"
