"""Describes how the trials of a study are trained and measured; what all of them share is said
once.
"""

from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.specs.decoder import maker_of, other_maker
from scaling.study.specs.measured import METRIC_NAMES
from scaling.study.specs.trial import DiffusionSpec, TrainSpec

_IMAGES = {"train": "training images", "heldout": "held-out images"}  # else a file
_DRAWN = {"random": "uniformly at random", "balanced": "equally often"}


def ways(plan: Plan) -> dict:
    """``shared``: name -> words of what every trial has in common; ``differ``: the other names;
    ``each``: a way a row, its words under these names.
    """
    several = _unnamed_shapes(plan)
    each = [
        _words(trial) | ({"Model": several[trial.spec.model.model_id]} if several else {})
        for trial in plan.trials
    ]
    distinct = list({tuple(words.items()): words for words in each}.values())
    names = list(dict.fromkeys(name for words in distinct for name in words))
    shared = {
        name: distinct[0][name]
        for name in names
        if len({words.get(name) for words in distinct}) == 1
    }
    differ = [name for name in names if name not in shared]
    return {
        "shared": shared,
        "differ": differ,
        "each": [[words.get(name) for name in differ] for words in distinct if differ],
    }


def _words(trial: PlannedTrial) -> dict[str, str]:
    p, spec = trial.spec.evaluate.protocol, trial.spec
    words = {
        "Data": spec.data.title,
        "Metrics": ", ".join(METRIC_NAMES[m] for m in p.metrics) or "held-out loss alone",
    }
    if p.metrics:
        words |= {
            "Features": p.features,
            "Samples": f"{p.samples:,}, classes drawn {_DRAWN[p.class_draw]}",
            "Compared with": " and ".join(_IMAGES.get(r, r) for r in p.references)
            + f"; the headline FID is against {_IMAGES.get(p.references[0], p.references[0])}",
            "Sampler": f"{p.sampler}, {p.sampling_steps} steps, guidance {p.guidance:g}",
            "Precision": p.precision,
            **({"Decoder": _decoder(p.decoder, maker_of(spec.data))} if p.decoder else {}),
        }
    return words | {
        "Weights": spec.evaluate.ema.label,
        "Diffusion": _diffusion(spec.diffusion),
        "Training": f"batch {spec.train.batch}, {spec.train.steps:,} steps, {spec.train.schedule} "
        "learning rate, "
        f"label dropout {spec.train.label_dropout:g}{_unusual(spec.train)}",
    }


def _decoder(decoder: str, made_by: str | None) -> str:
    other = other_maker(made_by, decoder)
    return decoder + (f", not the VAE that made the latents, {other}" if other else "")


def _unnamed_shapes(plan: Plan) -> dict[str, str]:
    """By ``model_id``, what tells networks apart whose trials begin with one name; none where every
    network has its own.
    """
    models = {trial.spec.model.model_id: trial.spec.model for trial in plan.trials}
    if len({model.slug for model in models.values()}) == len(models):
        return {}
    return {model_id: model.unnamed for model_id, model in models.items()}


def _diffusion(spec: DiffusionSpec) -> str:
    words = [spec.objective] + ([] if spec.objective == "flow" else [f"{spec.timesteps} timesteps"])
    words += [spec.betas_in_words] if spec.beta_schedule != "linear" else []
    words += filter(None, [spec.prediction_in_words])
    if spec.time_scale != 1:
        words += [f"the network told times x {spec.time_scale:g}"]
    if spec.time_shift != 1:
        words += [f"times of training shifted by {spec.time_shift:.4g}"]
    weighting = {
        "min-snr": f"min-snr weights, gamma {spec.min_snr_gamma:g}",
        "logit-normal": f"logit-normal times, mean {spec.logit_mean:g}, std {spec.logit_std:g}",
    }
    return ", ".join(words + ([weighting[spec.weighting]] if spec.weighting in weighting else []))


def _unusual(train: TrainSpec) -> str:
    """What is not as by default."""
    words = {
        "weight_decay": "weight decay {:g}",
        "warmup_steps": "warmup {:,} steps",
        "grad_clip": "gradients clipped at {:g}",
        "cooldown": "cooldown {:g}",
        "betas": "betas {}",
        "precision": "{}",
    }
    return "".join(
        f", {form.format(getattr(train, name))}"
        for name, form in words.items()
        if getattr(train, name) != TrainSpec.model_fields[name].default
    )
