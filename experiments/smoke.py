"""Does the whole path work? Two tiny DiTs on digits, from training to report, in a minute.

They go through training, sampling, FID and report. Expected: two completed trials. The measured
values mean nothing at this scale.
"""

from scaling.study import EvaluationSpec, ModelSpec, Protocol, Study, TrainSpec, TrialSpec, grid

BASE = TrialSpec(
    model=ModelSpec(input_size=8, channels=1, patch=4, width=16, depth=1, heads=2, num_classes=10),
    train=TrainSpec(
        steps=40, batch=32, lr=3e-3, log_every=10, heldout_every=20, checkpoint_every=20
    ),
    evaluate=EvaluationSpec(checkpoints=2, protocol=Protocol(samples=100, sampling_steps=5)),
)

STUDY = Study(
    name="smoke",
    question="Does the whole path work?",
    expectation="Two trials complete; their figures mean nothing.",
    trials=grid(BASE, {"model.width": [16, 32]}),
)
