"""What did a study leave, bitwise, and what of it is lost, repeated or different from another's?"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from scaling.records import StudyFolder
from scaling.records.files import whole_lines
from scaling.study.planning.plan import Plan
from scaling.training import checkpoint


@dataclass(frozen=True)
class Outcome:
    """By training or evaluation, digests and figures of all that a study was to leave."""

    weights: dict[str, str]  # train_id and step -> digest of the tensors
    curves: dict[str, list[tuple]]  # train_id -> step, loss, held-out loss
    figures: dict[str, list[tuple]]  # eval_id -> metric, reference, value
    repeated: int  # lines of curves that were logged more than once

    @classmethod
    def of(cls, study: StudyFolder, plan: Plan) -> "Outcome":
        weights, curves, figures, repeated = {}, {}, {}, 0
        for trial in plan.trials:
            run = study.run(trial.train_id)
            curves[trial.train_id] = [
                (line["step"], line["loss"], line.get("heldout_loss"))
                for line in run.curve(faults=[])
            ]
            logged = sum(1 for _ in whole_lines(run.folder / "curve.jsonl"))
            repeated += logged - len(curves[trial.train_id])
            for step, eval_id in trial.eval_ids.items():
                if saved := checkpoint.load(run.checkpoints, step):
                    weights[f"{trial.train_id} at {step}"] = _digest(saved)
                if run.is_measured(eval_id):
                    evaluation = run.evaluation(eval_id)
                    figures[eval_id] = sorted(
                        (row["metric"], row["reference"], row["value"])
                        for row in evaluation["figures"]
                    )
        return cls(weights, curves, figures, repeated)

    def lost(self, whole: "Outcome") -> int:
        """Checkpoints, evaluations and logged lines that ``whole`` has and this lacks."""
        lines = sum(
            len({line[0] for line in whole.curves[i]} - {line[0] for line in self.curves[i]})
            for i in whole.curves
        )
        return (
            len(whole.weights.keys() - self.weights.keys())
            + len(whole.figures.keys() - self.figures.keys())
            + lines
        )

    def differing(self, whole: "Outcome") -> int:
        """Checkpoints, evaluations and logged lines that both have and that are not the same."""
        pairs = [(self.weights, whole.weights), (self.figures, whole.figures)]
        pairs += [
            (
                {line[0]: line for line in self.curves[i]},
                {line[0]: line for line in whole.curves[i]},
            )
            for i in whole.curves
        ]
        return sum(
            mine[key] != theirs[key]
            for mine, theirs in pairs
            for key in mine.keys() & theirs.keys()
        )


def _digest(saved: checkpoint.Checkpoint) -> str:
    digest = hashlib.sha256()
    for tensors in (saved.weights(), *(saved.ema(label) for label in saved.emas)):
        for name in sorted(tensors):
            digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()


def litter(root: Path) -> list[str]:
    """What no file of a finished study is called, below ``root``."""
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.name.endswith(".tmp") or path.name.startswith((".writing-", "pymp-"))
    ]
