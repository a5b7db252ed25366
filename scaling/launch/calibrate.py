"""How fast is this machine? Steps and samples of a study's smallest and middle network, timed.

What is timed is the work itself: a short training with its evaluation, in a folder that is thrown
away.
"""

import tempfile
import time
from pathlib import Path

from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study.planning.forecast import measuring_flops
from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.planning.speed import Speed
from scaling.study.settings import with_settings

SECONDS = 4.0  # that a timed training, and a timed sampling, are to take, about
FIRST_STEPS = 4  # of the training that tells how many steps take so long
LEAST_SAMPLES = 16


def calibrated(plan: Plan, seconds: float = SECONDS) -> Speed:
    """The speed of training and measuring here. ValueError where a training diverges or fails."""
    trainings, evaluations = [], []
    for trial in smallest_and_middle(plan):
        steps, flops, took = _timed(trial, FIRST_STEPS, LEAST_SAMPLES)[0]
        per_step = max(took / steps, 1e-6)
        most = trial.spec.train.steps
        asked = max(FIRST_STEPS, min(most, round(seconds / per_step)))
        rate = flops / took
        protocol = trial.spec.evaluate.protocol
        each = max(sum(measuring_flops(trial)) / protocol.samples, 1.0)
        samples = max(LEAST_SAMPLES, min(protocol.samples, round(seconds * rate / each)))
        training, few = _timed(trial, asked, samples)
        trainings.append(training)
        evaluations.append(few)
        if samples > LEAST_SAMPLES:  # what an evaluation takes whatever its samples
            evaluations.append(_timed(trial, FIRST_STEPS, LEAST_SAMPLES)[1])
    return Speed.of(trainings, evaluations)


def smallest_and_middle(plan: Plan) -> list[PlannedTrial]:
    """Two trials, by the FLOPs of a step; one where all cost the same."""
    ranked = sorted(plan.trials, key=lambda t: (t.train_flops / t.spec.train.steps, t.trial_id))
    by_cost = {t.train_flops / t.spec.train.steps: t for t in reversed(ranked)}
    costs = sorted(by_cost)
    return [by_cost[cost] for cost in dict.fromkeys((costs[0], costs[len(costs) // 2]))]


def _timed(
    trial: PlannedTrial, steps: int, samples: int
) -> tuple[tuple[int, float, float], tuple[float, float]]:
    """A short training: its steps, FLOPs and seconds; and its evaluation: FLOPs and seconds."""
    spec = with_settings(
        trial.spec,
        {
            "train.steps": steps,
            "train.schedule": "constant",
            "train.cooldown": type(trial.spec.train).model_fields["cooldown"].default,
            "train.warmup_steps": 0,
            "train.log_every": max(1, steps // 2),
            "train.checkpoint_every": steps,
            "evaluate.checkpoints": 1,
            "evaluate.every": None,
            "evaluate.protocol.samples": samples,
        },
    )
    short = PlannedTrial.of(spec)
    with tempfile.TemporaryDirectory(prefix="dit-scaling-calibrate-") as folder:
        run = Run(Path(folder) / "run")
        began = time.perf_counter()
        ended = run_trials([spec], run, lambda progress: None)
        if ended != "completed":
            raise ValueError(
                f"{trial.model} cannot be timed: its training {ended} after "
                f"{time.perf_counter() - began:.0f} s; look at it with scaling sweep"
            )
        curve = run.curve()
        (evaluation,) = run.evaluations()
        # The first half warms up: caches, threads, kernels.
        first, last = curve[0], curve[-1]
        count = last["step"] - first["step"]
        took = last["train_wall_s"] - first["train_wall_s"]
        if count == 0:
            count, took = last["step"], last["train_wall_s"]
        flops = short.train_flops * count / steps
        return (count, flops, took), (sum(measuring_flops(short)), evaluation["wall_s"])
