"""Does training go on while its checkpoints are measured, with the figures of an evaluation in the
training's own process?
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from scaling.cli import main
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch.trials import evaluation
from scaling.launch.trials.evaluation import evaluate
from scaling.launch.trials.trial import run_trials, train
from scaling.records import Run, StudyFolder, trial_rows
from scaling.study import Plan, Study, load_study
from scaling.study.settings import parse_settings, with_settings
from scaling.training import checkpoint

PATIENCE_S = 500
ONE = [
    "--set",
    "model.width=16",
    "--set",
    "train.steps=500",
    "--set",
    "train.checkpoint_every=250",
    "--set",
    "evaluate.every=100",
    "--set",
    "evaluate.checkpoints=1",
    "--set",
    "evaluate.protocol.samples=80",
]


def quiet(progress):
    """Progress is not looked at here."""


def figures(run: Run) -> list:
    return sorted(
        (e["step"], e["heldout_loss"], f["metric"], f["reference"], f["value"])
        for e in run.evaluations()
        for f in e["figures"]
    )


def test_a_training_alone_leaves_checkpoints_that_are_measured_in_any_order(tmp_path, tiny):
    inline, apart = Run(tmp_path / "inline"), Run(tmp_path / "apart")
    run_trials([tiny], inline, quiet)
    assert train([tiny], apart, quiet, session="s") == "completed"
    assert not apart.evaluations() and (apart.state()["ready"], apart.state()["session"]) == (
        [6, 12],
        "s",
    )
    for step in (12, 6):
        evaluate(tiny, step, apart, quiet)
    assert len(figures(apart)) == 8 and figures(apart) == figures(inline)
    assert not list((apart.folder / "evaluating").iterdir())


def test_trials_stand_as_their_evaluations_do(tmp_path, tiny):
    folder = StudyFolder(tmp_path / "tiny")
    folder.write_plan(Plan.of(Study(name="tiny", question="?", expectation="!", trials=(tiny,))))
    run = folder.run(tiny.train_id)
    train([tiny], run, quiet)
    stands = lambda: (trial_rows(folder)[0]["state"], trial_rows(folder)[0]["why"])  # noqa: E731
    assert stands() == ("pending", None)
    job = run.evaluating(tiny.eval_id(6))
    job.write_state("running", step=6)
    assert stands() == ("evaluating", None)
    job.write_state("failed", "OSError: disk is full", step=6)
    assert stands() == ("failed", "evaluation at step 6 failed: OSError: disk is full")
    run_trials([tiny], run, quiet)
    assert stands() == ("completed", None)


def test_a_missing_or_damaged_checkpoint_is_named_and_trained_again(tmp_path, tiny):
    run = Run(tmp_path)
    train([tiny], run, quiet)
    weights = run.checkpoints / "step-00000006" / "ema-power-0.05.safetensors"
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"checkpoint of step 6 .* damaged"):
        evaluate(tiny, 6, run, quiet)
    assert run.evaluating(tiny.eval_id(6)).state()["state"] == "failed"
    run_trials([tiny], run, quiet)
    assert [e["step"] for e in sorted(run.evaluations(), key=lambda e: e["step"])] == [6, 12]


def test_weights_that_are_not_finite_are_not_measured(tmp_path, tiny):
    """On CPUs attention makes zeros of NaN, and a FID comes out."""
    run = Run(tmp_path)
    train([tiny], run, quiet)
    saved = checkpoint.load(run.checkpoints, 6)
    average = saved.ema("ema-power-0.05")
    average["blocks.0.attn.qkv.bias"][1] = float("nan")
    checkpoint.save(
        run.checkpoints,
        step=6,
        weights=saved.weights(),
        emas={"ema-power-0.05": average},
        training=saved.training_state(),
        train_wall_s=1.0,
    )
    with pytest.raises(ValueError, match=r"not finite: blocks\.0\.attn\.qkv\.bias has 1 of"):
        evaluate(tiny, 6, run, quiet)
    with pytest.raises(ValueError, match=r"not finite: blocks\.0\.attn\.qkv\.bias has 1 of"):
        load_checkpoint(saved.folder)


def test_an_evaluation_asked_of_one_more_average_does_not_touch_what_is_ready(tmp_path, tiny):
    run = Run(tmp_path)
    train([tiny], run, quiet)
    sound = (run.checkpoints / "step-00000006" / "manifest.json").stat().st_mtime_ns
    train(
        [tiny, with_settings(tiny, {"evaluate.ema.length": 0.1, "evaluate.checkpoints": 1})],
        run,
        quiet,
    )
    assert run.state()["ready"] == [6, 12]
    assert (run.checkpoints / "step-00000006" / "manifest.json").stat().st_mtime_ns == sound


class Killed(Exception):
    pass


def parts_drawn(monkeypatch, most: int | None = None) -> list[range]:
    """The parts that are drawn from here on, of 30 samples each; with ``most`` a kill comes instead
    of the next.
    """
    drawn, generate = [], evaluation.generate

    def draw(model, spec, diffusion, protocol, rows):
        if len(drawn) == most:
            raise Killed
        drawn.append(rows)
        return generate(model, spec, diffusion, protocol, rows)

    monkeypatch.setattr(evaluation, "PART", 30)
    monkeypatch.setattr(evaluation, "generate", draw)
    return drawn


def test_many_samples_are_drawn_in_parts_that_outlive_a_kill(tmp_path, tiny, monkeypatch):
    whole, run = Run(tmp_path / "whole"), Run(tmp_path / "parts")
    tiny = with_settings(tiny, {"evaluate.checkpoints": 1})
    run_trials([tiny], whole, quiet)
    train([tiny], run, quiet)
    with monkeypatch.context() as patch:
        assert parts_drawn(patch, most=2) == []
        with pytest.raises(Killed):
            evaluate(tiny, 12, run, quiet)
    drawn = parts_drawn(monkeypatch)
    evaluate(tiny, 12, run, quiet)
    assert drawn == [range(60, 80)] and not list((run.folder / "evaluating").iterdir())
    assert [row[:4] for row in figures(run)] == [row[:4] for row in figures(whole)]
    assert [row[4] for row in figures(run)] == pytest.approx(
        [row[4] for row in figures(whole)], rel=1e-5
    )
    eval_id = tiny.eval_id(12)
    assert all(
        (run.samples(eval_id)[name] == whole.samples(eval_id)[name]).all()
        for name in ("images", "labels")
    )


def test_parts_of_other_weights_are_drawn_again(tmp_path, tiny, monkeypatch):
    run = Run(tmp_path)
    train([tiny], run, quiet)
    parts_drawn(monkeypatch)
    parts = evaluation.parts_of(tiny, 12, run)
    parts.begin({"weights": "before"})
    parts.draw_one(range(0, 30), lambda rows: (torch.zeros(30, 1, 8, 8, dtype=torch.uint8), 7))
    evaluate(tiny, 12, run, quiet)
    assert run.evaluation(tiny.eval_id(12))["nonfinite_samples"] == 0
    assert not parts.folder.exists()


def test_others_draw_what_is_left_of_an_evaluations_samples(tmp_path, tiny, monkeypatch):
    """Here all of it, before the evaluation draws any; and none once it is recorded."""
    run = Run(tmp_path)
    train([tiny], run, quiet)
    drawn, asked = parts_drawn(monkeypatch), []

    @contextlib.contextmanager
    def helped(parts: int):
        asked.append((parts, list(drawn)))
        evaluation.help_sampling(tiny, 12, run)
        asked.append(list(drawn))
        yield

    evaluate(tiny, 12, run, quiet, helped=helped)
    parts = [range(0, 30), range(30, 60), range(60, 80)]
    assert asked == [(3, []), parts] and drawn == parts and len(figures(run)) == 4
    evaluation.help_sampling(tiny, 12, run)
    assert drawn == parts and not list((run.folder / "evaluating").iterdir())


def command(root: Path, address: str) -> list[str]:
    return ["sweep", "smoke", "--results", str(root), "--address", address, *ONE]


def sweep(root: Path, address: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(command(root, address))
    return stop.value.code


@pytest.mark.ray
@pytest.mark.xdist_group("ray apart")
def test_killed_amid_evaluations_and_with_one_that_fails_a_sweep_ends_as_inline(
    tmp_path, ray_address, shared_cluster, capsys
):
    plan = Plan.of(load_study("smoke").with_settings(parse_settings(ONE[1::2])))
    (trial,), log = plan.trials, tmp_path / "log"
    run = StudyFolder(tmp_path / "smoke").run(trial.train_id)
    # A folder where the samples of one step belong: that evaluation fails.
    in_the_way = run.folder / "samples" / f"{trial.eval_ids[200]}.npz"
    in_the_way.mkdir(parents=True)

    with open(log, "w") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "scaling", *command(tmp_path, ray_address)],
            stdout=out,
            stderr=out,
        )
    deadline = time.monotonic() + PATIENCE_S
    while not run.evaluations():
        assert time.monotonic() < deadline and running.poll() is None, log.read_text()
        time.sleep(0.1)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    capsys.readouterr()
    assert sweep(tmp_path, ray_address) == 1
    (row,) = trial_rows(tmp_path / "smoke")
    assert (
        row["state"] == "failed"
        and "evaluation at step 200 failed: IsADirectoryError" in row["why"]
    )
    assert "evaluation at step 200 failed" in capsys.readouterr().out
    assert {e["step"] for e in run.evaluations()} == {*trial.eval_ids} - {200} and row[
        "step"
    ] == 500

    in_the_way.rmdir()
    trained = json.loads((run.folder / "record.json").read_text())["train_wall_s"]
    assert sweep(tmp_path, ray_address) == 0
    assert json.loads((run.folder / "record.json").read_text())["train_wall_s"] == trained
    alone = Run(tmp_path / "alone")
    run_trials([trial.spec], alone, quiet)
    assert figures(run) == figures(alone) and len(figures(run)) == 4 * 5
