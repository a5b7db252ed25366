"""Does a DiT of clips train, resume, sample, measure and show itself as one of images does?"""

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.evaluation import evaluate
from scaling.evaluation.sampling import samples
from scaling.evaluation.sampling.generate import generate
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.evaluation.sampling.wanted import wanted
from scaling.launch.trials.trial import run_trials
from scaling.models import build_model
from scaling.records import Run
from scaling.study import DiffusionSpec, Protocol
from scaling.study.debug import debug
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.training import Trainer

FRAMES, SIDE = 2, 10
CLIPS = {
    "model.frames": FRAMES,
    "model.patch_t": 2,
    "model.patch": 5,
    "model.input_size": SIDE,
    "data.source": "moving-digits",
    "data.size": SIDE,
    "data.frames": FRAMES,
    "train.steps": 4,
    "train.checkpoint_every": 2,
    "train.heldout_every": 4,
    "evaluate.checkpoints": 1,
    "evaluate.protocol.samples": 130,
    "evaluate.protocol.metrics": ("fid", "clip_fd"),
    "evaluate.protocol.references": ("heldout",),
}


@pytest.fixture
def clips(tiny):
    return with_settings(tiny, CLIPS)


def quiet(progress):
    """Progress is not looked at here."""


def trained(spec, folder) -> Run:
    run = Run(folder)
    assert run_trials([spec], run, quiet) == "completed"
    return run


def test_a_trial_goes_on_bitwise_is_measured_both_ways_and_leaves_clips(tmp_path, clips):
    whole, halves = trained(clips, tmp_path / "whole"), tmp_path / "halves"
    trained(with_settings(clips, {"train.steps": 2}), halves)
    again = trained(clips, halves)
    first, second = (run.evaluation(clips.eval_id(4)) for run in (whole, again))
    told = [(row["metric"], row["value"]) for row in first["figures"]]
    assert told == [(row["metric"], row["value"]) for row in second["figures"]]
    assert [metric for metric, _ in told] == ["fid", "clip_fd"] and min(told)[1] > 0
    assert first["heldout_loss"] == second["heldout_loss"]
    shown = whole.samples(clips.eval_id(4))
    assert shown["images"].shape == (100, 1, FRAMES, SIDE, SIDE) and shown["labels"].max() == 9


def test_micro_batches_learn_the_same(clips):
    losses = []
    for execution in (Execution(), Execution(micro_batch=5, activation_checkpointing=True)):
        trainer, lines = Trainer(clips, [], execution=execution), []
        trainer.train_to(3, lines.append)
        losses.append(lines[-1]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++", "euler", "heun", "sde"])
def test_every_sampler_makes_any_clip_alone(clips, sampler):
    flow = sampler in ("euler", "heun", "sde")
    model = clips.model.replaced(learn_sigma=not flow)
    diffusion = DiffusionSpec(objective="flow" if flow else "ddpm")
    protocol = Protocol(samples=5, sampling_steps=3, sampler=sampler, guidance=2.0)
    torch.manual_seed(0)
    network = build_model(model).eval()
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.05)
    whole, labels, nonfinite = generate(network, model, diffusion, protocol)
    assert whole.shape == (5, 1, FRAMES, SIDE, SIDE) and not nonfinite and len(labels) == 5
    part, _, _ = generate(network, model, diffusion, protocol, rows=range(2, 4))
    assert (whole[2:4].int() - part.int()).abs().max() <= 1


def test_samples_are_written_as_frames_shown_as_film_and_compared_over_frames(tmp_path, clips):
    run = tmp_path / "run"
    trained(with_settings(clips, {"evaluate.protocol.metrics": ()}), run)
    loaded, protocol = load_checkpoint(run), Protocol(samples=3, sampling_steps=2)
    for out in (tmp_path / "clips", tmp_path / "clips.npy"):
        parts = samples.open_partial(loaded, protocol, out, {"checkpoint": "this"})
        for rows in parts.left():
            samples.draw_part(loaded, protocol, parts.folder, rows)
        samples.finish(parts, out)
    array = np.load(tmp_path / "clips.npy")
    assert array.shape == (3, FRAMES, SIDE, SIDE, 1)
    names = sorted(path.relative_to(tmp_path) for path in (tmp_path / "clips").rglob("*.png"))
    assert [str(name) for name in names[:2]] == [
        "clips/000000/00000.png",
        "clips/000000/00001.png",
    ]
    pictures = np.stack([np.asarray(Image.open(tmp_path / name)) for name in names])
    assert np.array_equal(pictures.reshape(array.shape), array)
    reference = tmp_path / "frames.npz"
    np.savez(
        reference, arr_0=np.random.default_rng(0).integers(0, 256, (40, SIDE, SIDE, 1), np.uint8)
    )
    settings = ["samples=4", "sampling_steps=2", "features=digits-cnn"]
    told = evaluate.run(run, str(reference), settings)
    assert (
        told.startswith("frame FID-4, ddpm2, cfg 1.0, digits-cnn, vs frames.npz") and "KID" in told
    )
    with pytest.raises(
        ValueError, match=r"clip_fd compares clips, and the reference .*single images"
    ):
        evaluate.run(run, str(reference), [*settings, 'metrics=["clip_fd"]'])
    with pytest.raises(
        ValueError, match=r"recall is of single images, and the samples of .* clips"
    ):
        evaluate.run(run, str(reference), [*settings, 'metrics=["recall"]'])
    asked = wanted(loaded, tmp_path / "grid.png", ["3", "5"], None, None, False, False)
    samples.write_grid(loaded, protocol, asked, tmp_path / "grid.png")
    shown = Image.open(tmp_path / "grid.png")
    zoom = -(-samples.CELL // SIDE)
    each = (zoom * FRAMES * SIDE + samples.GAP) * asked.in_a_row
    assert shown.size == (samples.MARGIN + each, samples.GAP + 2 * (zoom * SIDE + samples.GAP))


def test_the_debug_twin_learns_clips_too(tmp_path, clips):
    small = debug(with_settings(clips, {"model.input_width": 15, "data.width": 15}))
    assert small.data.source == "synthetic-pixels"
    assert small.model.input_shape == (3, FRAMES, SIDE, 15)
    run = trained(small, tmp_path / "debug")
    assert run.samples(small.eval_id(4))["images"].shape == (4, 3, FRAMES, SIDE, 15)
