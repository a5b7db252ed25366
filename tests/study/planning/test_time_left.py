"""Is the time left known from what was done: within a quarter on a steady machine, and nearer than
training FLOPs alone on runs that were recorded?
"""

import heapq
import math
from datetime import datetime
from pathlib import Path

import pytest

from scaling.records import StudyFolder
from scaling.study.planning.forecast import measuring_flops
from scaling.study.planning.speed import Speed
from scaling.study.planning.time_left import STEP_FLOPS, Seen, seconds_left

REFERENCE = Path(__file__).parents[3] / "results" / "reference"
PLACES = 2


def test_nothing_is_known_before_a_step():
    assert seconds_left([Seen(10, 1e9, (1e9,))], 1, 5.0) is None


def test_the_rest_of_one_training_goes_on_at_its_pace():
    one = Seen(10, 1e9, (1e9, 1e9), done_steps=5, train_s=50.0, evaluated_s=(20.0,))
    assert seconds_left([one], 1, 70.0) == pytest.approx(50 + 20)
    assert seconds_left([one, one], 2, 70.0) == pytest.approx(50 + 20)  # beside each other


# A grid of three seeds, the dearest first, on a machine of a steady floor and rate.
RATE, START_S, EVALUATIONS = 3e10, 3.0, 5
SPEED = Speed(
    step_s=2 * STEP_FLOPS / RATE,
    train_flops_per_s=RATE,
    evaluation_s=1.0,
    sampling_flops_per_s=2 * RATE,
)


def test_within_a_quarter_from_the_third_training_on():
    work = [
        (1000, 1000 * flops, 100 * flops)
        for flops in (2.4e9, 1.2e9, 6e8, 3e8, 1.5e8, 6e7)
        for seed in range(3)
    ]
    free, spans = [0.0] * PLACES, []
    for steps, flops, evaluation in work:
        start = heapq.heappop(free)
        trained = start + START_S + SPEED.training_s(steps, flops)
        end = trained + EVALUATIONS * SPEED.measuring_s(1, evaluation)
        spans.append((start, trained, end))
        heapq.heappush(free, end)
    last = max(free)
    for now in sorted(end for _, _, end in spans)[2:-3]:
        seen = []
        for (steps, flops, evaluation), (start, trained, end) in zip(work, spans):
            training, each = trained - start - START_S, (end - trained) / EVALUATIONS
            spent = min(max(now - start - START_S, 0.0), training)
            count = max(0, min(EVALUATIONS, int((now - trained) / each + 1e-6)))
            done = int(steps * spent / training)
            seen.append(
                Seen(
                    steps=steps,
                    flops=flops,
                    evaluation_flops=(evaluation,) * EVALUATIONS,
                    done_steps=done,
                    train_s=training * done / steps,
                    evaluated_s=(each,) * count,
                    ended=end <= now,
                )
            )
        assert seconds_left(seen, PLACES, now) == pytest.approx(last - now, rel=0.25)


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def recorded(study: str) -> list[dict]:
    """When each training of a reference began, was trained and was measured."""
    folder = StudyFolder(REFERENCE / study)
    rows = []
    for group in folder.plan().runs():
        run = folder.run(group[0].train_id)
        (session, *_) = run.record()["sessions"]
        evaluations = sorted(
            (stamp(found["measured"]), found["wall_s"], sum(measuring_flops(trial)))
            for trial in group
            for eval_id in trial.eval_ids.values()
            if (found := run.evaluation(eval_id))
        )
        curve, ended = run.curve(), stamp(session["ended"])
        rows.append(
            {
                "start": stamp(session["started"]),
                "end": max(ended, *(evaluation[0] for evaluation in evaluations)),
                "lines": [
                    (ended - curve[-1]["train_wall_s"] + line["train_wall_s"], line)
                    for line in curve
                ],
                "evaluations": evaluations,
                "kind": (group[0].spec.model.family, group[0].model),
                "steps": group[0].spec.train.steps,
                "flops": group[0].train_flops,
            }
        )
    return sorted(rows, key=lambda row: row["start"])


def seen_at(row: dict, now: float) -> Seen:
    lines = [line for at, line in row["lines"] if at <= now]
    done = [evaluation for evaluation in row["evaluations"] if evaluation[0] <= now]
    return Seen(
        steps=row["steps"],
        flops=row["flops"],
        evaluation_flops=tuple(flops for _, _, flops in row["evaluations"]),
        kind=row["kind"],
        done_steps=lines[-1]["step"] if lines else 0,
        train_s=lines[-1]["train_wall_s"] if lines else 0.0,
        evaluated_s=tuple(seconds for _, seconds, _ in done),
        ended=row["end"] <= now,
    )


@pytest.mark.parametrize("study", ["mixer_vs_dit", "digits_lr", "mixer_lr", "unet_vs_dit"])
def test_recorded_runs_are_foretold_twice_as_well_as_by_training_flops(study):
    """Their machine was shared: the same training took 28 s and 67 s in one sweep."""
    rows = recorded(study)
    first, last = min(row["start"] for row in rows), max(row["end"] for row in rows)
    ours, by_flops = [], []
    for now in sorted(row["end"] for row in rows)[2:]:
        if last - now < 0.1 * (last - first):
            break
        seen = [seen_at(row, now) for row in rows]
        part = sum(s.flops * s.done_steps / s.steps for s in seen) / sum(s.flops for s in seen)
        ours.append(math.log(seconds_left(seen, PLACES, now - first) / (last - now)))
        by_flops.append(math.log((now - first) * (1 - part) / part / (last - now)))
    assert sum(map(abs, ours)) < 0.5 * sum(map(abs, by_flops))
