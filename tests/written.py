"""What would a job have written? The least content of a ledger's files that their shapes take."""

from scaling.study.specs.trial import TrialSpec

ID = 16 * "0"


def line(step: int, loss: float | None = 1.0, **more) -> dict:
    """A line of a curve."""
    timed = {"images_per_s": 9.0, "train_wall_s": 0.5 * step}
    return {"step": step, "images": 64 * step, "loss": loss, **timed, **more}


def evaluation(spec: TrialSpec, step: int, **more) -> dict:
    """An evaluation of ``spec`` at ``step`` without figures."""
    return {
        "eval_id": spec.eval_id(step),
        "train_id": spec.train_id,
        "step": step,
        "images": step * spec.train.batch,
        "ema": spec.evaluate.ema.model_dump(mode="json"),
        "protocol": spec.evaluate.protocol.model_dump(mode="json"),
        "heldout_loss": 0.5,
        "heldout_mse": 0.5,
        "figures": [],
        "wall_s": 1.0,
        "measured": "2026-01-02T03:04:05+00:00",
        **more,
    }
