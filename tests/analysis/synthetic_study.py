"""What would a run leave on disk? Synthetic studies of a known law, written by the ledger."""

import io
import math
import os
import shutil
from pathlib import Path

import numpy as np

from scaling.records import Run, StudyFolder
from scaling.records.files import write_bytes
from scaling.study import (
    EvaluationSpec,
    ModelSpec,
    Plan,
    PlannedTrial,
    Protocol,
    Study,
    TrainSpec,
    TrialSpec,
    grid,
)
from scaling.study.costs.cost import forward_gmacs

SLOPE, AT_ONE_GFLOP = -0.4, 0.5  # log FID = AT_ONE_GFLOP + SLOPE log Gflops, at the end of training
SAMPLING = 0.02  # standard error of a FID over other samples, a share of it
SIZES = [
    {"model.width": w, "model.depth": n, "model.heads": w // 16}
    for w, n in ((16, 2), (32, 2), (48, 2), (64, 3))
]
BASE = TrialSpec(
    model=ModelSpec(input_size=8, channels=1, patch=2, width=16, depth=2, heads=1, num_classes=10),
    train=TrainSpec(steps=500, batch=64, lr=3e-3),
    evaluate=EvaluationSpec(checkpoints=5, protocol=Protocol()),
)
DESIGNS = {"size": SIZES, "model.conditioning": ["adaln-zero", "adaln"]}
OBJECTIVES = {
    "size": SIZES,
    "recipe": [
        {"diffusion.objective": "ddpm", "model.learn_sigma": True},
        {"diffusion.objective": "epsilon", "model.learn_sigma": False},
    ],
}
PROVENANCE = {
    "code": "0.1.0+abc123",
    "versions": {"python": "3.11.7", "torch": "2.14.1"},
    "device": "cpu",
    "cpu": "A CPU",
    "threads": 1,
    "platform": "Linux",
    "cpus": 2,
}


def digits_like(
    axes: dict | None = None, seeds: int = 3, base: TrialSpec = BASE, name: str = "digits"
) -> Plan:
    """The plan of a grid over size and patch, or over ``axes``."""
    trials = grid(base, axes or {"size": SIZES, "model.patch": [8, 4, 2]})
    return Plan.of(
        Study(
            name=name,
            question="How does FID fall with compute?",
            trials=trials,
            seeds=seeds,
            expectation="FID falls at every step of width and of patch.",
            nuisance={"lr": "tuned per size on held-out loss", "ema": "a fraction of training"},
        )
    )


def law(trial: PlannedTrial, step: int) -> float:
    """The FID of the synthetic records, before noise."""
    unfinished = 1.5 * (1 - step / trial.spec.train.steps)
    return math.exp(AT_ONE_GFLOP + SLOPE * math.log(forward_gmacs(trial.spec.model)) + unfinished)


def measure(
    study: StudyFolder,
    trial: PlannedTrial,
    noise: float,
    fid=law,
    until: int | None = None,
    code: str = PROVENANCE["code"],
    heldout=None,
) -> Run:
    """Write what a run of ``trial`` leaves up to step ``until``: curve, evaluations, samples,
    record and state.

    ``heldout`` gives the held-out loss of the evaluations by trial and step; without it they follow
    the curve.
    """
    run, spec = study.run(trial.train_id), trial.spec
    fields = spec.model.model_dump()  # a patch is a field of some families alone
    rng = np.random.default_rng(
        [spec.train.seed, fields["width"], fields.get("patch", 0), round(1e6 * spec.train.lr)]
    )
    until = spec.train.steps if until is None else until
    provenance = PROVENANCE | {"code": code}
    run.write_spec(
        trial.train_id,
        spec.model_dump(mode="json", include={"model", "data", "diffusion", "train"}),
    )
    best = 2e-3 * 16 / fields["width"]  # the learning rate of lowest loss, wider models lower
    loss = (
        0.2 + 0.02 * math.log(spec.train.lr / best) ** 2 + 0.2 * forward_gmacs(spec.model) ** -0.05
    )
    for step in range(50, until + 1, 50):
        line = {
            "step": step,
            "images": step * spec.train.batch,
            "loss": loss + 50 / step,
            "lr": spec.train.lr,
            "heldout_loss": None,
            "heldout_mse": None,
            "heldout_bins": None,
            "heldout_ema": None,
            "grad_norm": 20 / step,
            "images_per_s": 4e3,
            "mfu": None,
            "train_wall_s": step / 50,
        }
        if step % 100 == 0:
            bins = [2 * (loss + 40 / step) * (k + 0.5) / 10 for k in range(9, -1, -1)]
            line |= {
                "heldout_loss": loss + 40 / step,
                "heldout_mse": loss,
                "heldout_bins": bins,
                "heldout_ema": "ema-power-0.05",
            }
        run.log(line)
    evaluated = [step for step in trial.eval_ids if step <= until]
    protocol = spec.evaluate.protocol
    for step in evaluated:
        value = fid(trial, step) * math.exp(noise * rng.standard_normal())
        figures = [
            {
                "metric": metric,
                "value": value * scale,
                "std": std,
                "se": SAMPLING * value * scale,
                "features": protocol.features,
                "samples": protocol.samples,
                "reference": reference,
                "reference_images": 1433,
                "label": protocol.label(metric, reference),
            }
            for reference in protocol.references
            for metric, scale, std in (("fid", 1, None), ("kid", 0.01, 0.001))
            if metric in protocol.metrics
        ]
        run.write_evaluation(
            trial.eval_ids[step],
            {
                "eval_id": trial.eval_ids[step],
                "train_id": trial.train_id,
                "step": step,
                "images": step * spec.train.batch,
                "ema": spec.evaluate.ema.model_dump(mode="json"),
                "protocol": protocol.model_dump(mode="json"),
                "heldout_mse": loss,
                "heldout_loss": heldout(trial, step) if heldout else loss + 40 / step,
                "figures": figures,
                "nonfinite_samples": 0,
                "wall_s": 1.5,
                "measured": "2026-01-02T03:04:05+00:00",
                "provenance": provenance,
            },
        )
        if figures and step == spec.train.steps:
            run.write_samples(trial.eval_ids[step], digits(spec.train.seed, blur=value))
    if evaluated:
        run.write_record(
            {
                "train_id": trial.train_id,
                "model": trial.model,
                "seed": spec.train.seed,
                "count": {},
                "step": until,
                "train_wall_s": until / 50,
                "evaluated_steps": evaluated,
                "sessions": [
                    {
                        "started": "2026-01-02T03:04:05+00:00",
                        "ended": "2026-01-02T03:05:05+00:00",
                        "from_step": 0,
                        "to_step": until,
                        "provenance": provenance,
                    }
                ],
            }
        )
    run.write_state("completed" if until == spec.train.steps else "running", step=until)
    return run


def digits(seed: int, blur: float = 0.0, count: int = 100) -> dict[str, np.ndarray]:
    """Images (n, 1, 8, 8) of shapes that differ by label, with noise that grows with ``blur``, and
    labels (n,).
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 10).astype("int16")
    row, column = np.mgrid[:8, :8] - 3.5
    rings = np.abs(np.hypot(row, column)[None] - labels[:, None, None] / 3) < 0.8
    images = 220 * rings + blur / 4 * rng.standard_normal(rings.shape)
    return {"images": images.clip(0, 255).astype("uint8")[:, None], "labels": labels}


def write_real(study: StudyFolder) -> None:
    """Write the real images of the sample grid, as a sweep does."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **digits(99))
    write_bytes(study.folder / "real.npz", buffer.getvalue())


def write_study(root, plan: Plan, noise: float = 0.06, **measured) -> StudyFolder:
    """A finished study under ``root``."""
    study = StudyFolder(root / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        measure(study, trial, noise, **measured)
    write_real(study)
    return study


def study_of(root, axes, name="mixed", base=BASE) -> StudyFolder:
    """A finished study over ``axes``, one seed."""
    return write_study(root, digits_like(axes, seeds=1, base=base, name=name))


def equal_budgets(
    budgets=(4e10, 8e10, 1.6e11, 3.2e11),
    shapes=((16, 2), (32, 2), (48, 2), (64, 3), (96, 3)),
    seeds: int = 1,
    name: str = "isoflop",
) -> Plan:
    """The plan of an isoFLOP study: at each of ``budgets``, training FLOPs, models of ``shapes``
    (width, depth), each for as many steps as the budget pays, its learning rate falling to the end.
    """
    base = BASE.model_copy(
        update={
            "train": BASE.train.model_copy(update={"schedule": "cosine"}),
            "evaluate": EvaluationSpec(checkpoints=1),
        }
    )
    runs = []
    for budget in budgets:
        for width, depth in shapes:
            shape = {"width": width, "depth": depth, "heads": width // 16}
            step_flops = 6e9 * forward_gmacs(base.model.model_copy(update=shape)) * base.train.batch
            runs.append(
                {f"model.{field}": value for field, value in shape.items()}
                | {"train.steps": round(budget / step_flops)}
            )
    return digits_like({"run": runs}, seeds=seeds, base=base, name=name)


def copied(study: StudyFolder, to: Path) -> StudyFolder:
    """A copy of ``study`` in which a test may write; the fixtures are shared."""
    shutil.copytree(study.folder.parent, to, dirs_exist_ok=True)
    return StudyFolder(to / study.folder.name)


def settle(study: StudyFolder) -> None:
    """Set every file's time of change to long ago, as in a study that has ended."""
    for path in study.folder.parent.rglob("*.json*"):
        os.utime(path, ns=(10**18, 10**18))
