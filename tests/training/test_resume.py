"""Is a run that was killed the run that was not? Bitwise the same weights, averages and loss
curve.
"""

import hashlib
import os
import random
import shutil
import signal
import time

import pytest

from scaling.data.synthetic import write_store
from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.records.files import write_lines
from scaling.study import grid
from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint
from tests.training.forks import FORKS

pytestmark = pytest.mark.xdist_group("forks")  # one worker starts the server


def fingerprint(run: Run, step: int) -> dict[str, str]:
    """What a finished run left: its last checkpoint's tensors, its losses, its figures."""
    saved = checkpoint.load(run.checkpoints, step)
    tensors = {**saved.weights(), **{f"ema.{k}": v for k, v in saved.ema("ema-power-0.05").items()}}
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].numpy().tobytes())
    return {
        "tensors": digest.hexdigest(),
        "curve": [(line["step"], line["loss"], line["heldout_loss"]) for line in run.curve()],
        "figures": sorted(
            (e["step"], f["metric"], f["reference"], f["value"])
            for e in evaluations(run)
            for f in e["figures"]
        ),
    }


def evaluations(run: Run) -> list[dict]:
    return [run.evaluation(path.stem) for path in (run.folder / "evaluations").glob("*.json")]


@pytest.fixture(scope="module")
def spec(tiny):
    return grid(
        tiny, {"train.steps": [240], "train.checkpoint_every": [20], "train.log_every": [7]}
    )[0]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, spec):
    run = Run(tmp_path_factory.mktemp("undisturbed"))
    assert run_trials([spec], run, lambda progress: None) == "completed"
    return fingerprint(run, 240)


@pytest.fixture(scope="module")
def killed_late(tmp_path_factory, spec):
    """A run that died in the write of a late checkpoint; each test damages a copy."""
    folder = tmp_path_factory.mktemp("killed_late")
    _killed(spec, folder, in_checkpoint=16)
    return folder


def _work(spec, folder, wait_in_checkpoint):
    if wait_in_checkpoint is not None:  # die in the middle of the n-th checkpoint's write
        flush, calls = checkpoint._flush, iter(range(10_000))

        def slow(path):
            if next(calls) == wait_in_checkpoint:
                os.kill(os.getpid(), signal.SIGKILL)
            flush(path)

        checkpoint._flush = slow
    run_trials([spec], Run(folder), lambda progress: None)


def _killed(spec, folder, after_s=None, in_checkpoint=None):
    """Run ``spec`` in a process of its own that is killed ``after_s`` seconds into training, or in
    a checkpoint.
    """
    process = FORKS.Process(target=_work, args=(spec, folder, in_checkpoint))
    process.start()
    if after_s is not None:
        while process.is_alive() and not (folder / "state.json").exists():
            time.sleep(0.01)
        time.sleep(after_s)
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_kills_at_random_moments_change_nothing(tmp_path, spec, undisturbed):
    folder, rng = tmp_path / "killed", random.Random(time.time_ns())
    for _ in range(4):
        _killed(spec, folder, after_s=rng.uniform(0.05, 0.6))
    run = Run(folder)
    assert run_trials([spec], run, lambda progress: None) == "completed"
    assert fingerprint(run, 240) == undisturbed


@pytest.mark.parametrize("call", [1, 10])
def test_a_kill_inside_a_checkpoint_changes_nothing(tmp_path, spec, undisturbed, call):
    folder = tmp_path / "killed"
    _killed(spec, folder, in_checkpoint=call)
    run = Run(folder)
    assert list(run.checkpoints.glob(".writing-*"))  # it did die there
    run_trials([spec], run, lambda progress: None)
    assert fingerprint(run, 240) == undisturbed
    assert not list(run.checkpoints.glob(".writing-*"))


@pytest.mark.parametrize("name", ["weights.safetensors", "train.pt", "manifest.json"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(
    tmp_path, spec, undisturbed, killed_late, name
):
    run = Run(shutil.copytree(killed_late, tmp_path / "damaged"))
    newest = checkpoint.steps(run.checkpoints)[0]
    path = checkpoint.folder_of(run.checkpoints, newest) / name
    path.write_bytes(path.read_bytes()[:-7])
    assert checkpoint.load(run.checkpoints, newest) is None
    run_trials([spec], run, lambda progress: None)
    assert run.record()["sessions"][-1]["from_step"] < newest
    assert fingerprint(run, 240) == undisturbed


def test_lines_that_a_curve_lost_are_trained_again_from_where_it_is_whole(
    tmp_path, spec, undisturbed, killed_late
):
    run = Run(shutil.copytree(killed_late, tmp_path / "cut"))
    older = checkpoint.steps(run.checkpoints)[1]
    lines = [line for line in run.curve() if line["step"] <= older]
    write_lines(run.folder / "curve.jsonl", lines)
    run_trials([spec], run, lambda progress: None)
    assert run.record()["sessions"][-1]["from_step"] == older
    assert fingerprint(run, 240) == undisturbed


def test_a_curve_of_which_nothing_is_left_is_known_to_lack_its_lines(
    tmp_path, spec, undisturbed, killed_late
):
    run = Run(shutil.copytree(killed_late, tmp_path / "cut"))
    (run.folder / "curve.jsonl").unlink()
    run_trials([spec], run, lambda progress: None)
    left = fingerprint(run, 240)
    assert run.record()["lines"] == len(undisturbed["curve"]) > len(left["curve"])
    assert left | {"curve": None} == undisturbed | {"curve": None}


def test_batches_made_ahead_and_a_resume_among_them_change_nothing(tmp_path, tiny):
    """Latents, whose posterior is drawn by the threads that read ahead: bitwise what one thread
    without them trains.
    """
    write_store(tmp_path / "store", size=64, images={"train": 20, "heldout": 4}, shard=8)
    spec = with_settings(
        tiny,
        {
            "data.source": "synthetic",
            "data.size": 64,
            "data.path": str(tmp_path / "store"),
            "data.flip": True,
            "model.channels": 4,
            "model.num_classes": 1000,
        },
    )

    def train(until, ahead=True, resumed=None):
        trainer = Trainer(spec, [spec.evaluate.ema])
        trainer.loader._ahead = ahead
        if resumed:
            trainer.restore(resumed)
        trainer.train_to(until, lambda line: None)
        trainer.save(tmp_path / "checkpoints")
        return checkpoint.load(tmp_path / "checkpoints", until)

    def bits(saved):
        return {
            name: tensor.numpy().tobytes()
            for name, tensor in (
                saved.weights() | {f"ema.{k}": v for k, v in saved.ema("ema-power-0.05").items()}
            ).items()
        }

    alone = bits(train(12, ahead=False))
    assert bits(train(12)) == alone
    assert bits(train(12, resumed=train(5))) == alone
