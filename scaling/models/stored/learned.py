"""What did foreign weights learn: noise, or a velocity, and which way does their time run?

It is said by a person, or by the training script's arguments in the file, or by a pipeline's
scheduler. Where nobody says it, weights with twice the channels as outputs are taken for DDPM's, as
DiT's are, and that is said; with as many outputs as channels they may be either, and it is asked.
"""

from collections.abc import Mapping
from typing import get_args

import torch
from torch import Tensor

from scaling.study.specs.diffusion import BetaSchedule, DiffusionSpec, Prediction, betas_of
from scaling.study.specs.weights import Learned, Null

LABEL_TABLE = "y_embedder.embedding_table.weight"
DROPPED = ("class_dropout_prob", "label_dropout", "cfg_prob")  # DiT's name, and REPA's

NAMED: dict[str, Learned] = {"DiT-": "ddpm", "SiT-": "sit"}  # models by how their names begin
# A script's arguments that name a process, and what they say of the one that is taken for granted:
# numbers as they are, words in lower case.
OF_PROCESS: dict[str, tuple[object, ...]] = {
    "predict_xstart": (False,),
    **dict.fromkeys(
        ("prediction_type", "pred_type", "parameterization", "mean_type"),
        ("epsilon", "eps", "noise"),
    ),
    **dict.fromkeys(("noise_schedule", "beta_schedule"), ("linear",)),
    **dict.fromkeys(("diffusion_steps", "num_train_timesteps"), (1000,)),
}

WORDS: dict[str, str] = {
    "ddpm": "noise and sigma (DDPM, as DiT)",
    "epsilon": "noise alone (DDPM without sigma)",
    "flow": "a flow's velocity, noise - image, with time 1 at the noise",
    "sit": "a flow's velocity in SiT's code, which runs the other way: converted",
}


def learned_by_arguments(arguments: object) -> Learned | None:
    """What a training script's arguments say, as DiT's, SiT's and REPA's store them.

    ValueError for a path or a prediction that no process here has.
    """
    given = _given(arguments)
    path, predicts = given.get("path_type"), given.get("prediction")
    if path is None and predicts is None:
        model = str(given.get("model"))
        return next((said for name, said in NAMED.items() if model.startswith(name)), None)
    asked = {"path_type": str(path).lower(), "prediction": str(predicts).lower()}
    for convention, arguments_of in (
        ("sit", {"path_type": "linear", "prediction": "velocity"}),
        ("flow", {"path_type": "linear", "prediction": "v"}),  # REPA's
    ):
        if asked == arguments_of:
            return convention
    raise ValueError(
        f"the weights were trained with path_type {path} and prediction {predicts}; here flows are "
        "of the linear path and predict velocity"
    )


def check_process(arguments: object, where) -> None:
    """ValueError for a script's arguments that name another process than DDPM's of 1,000 steps with
    linear betas, whose network predicts noise.
    """
    for name, value in _given(arguments).items():
        said = value.lower() if isinstance(value, str) else value
        usual = OF_PROCESS.get(name) if isinstance(name, str) else None
        if usual and value is not None and said not in usual:
            raise ValueError(
                f"the arguments in {where} say {name} {value}, and here diffusions predict noise, "
                "in 1000 steps of linear betas; where the weights did so all the same, say "
                "--objective ddpm (or epsilon)"
            )


def null_by_arguments(arguments: object, state: Mapping[str, Tensor]) -> Null | None:
    """Whether the last row of the label table means "no class", by the script's number of classes
    or its share of dropped labels; None where they do not tell.
    """
    given = _given(arguments)
    classes = given.get("num_classes")
    rows = next((len(state[name]) for name in state if name.endswith(LABEL_TABLE)), None)
    if isinstance(classes, int) and rows in (classes, classes + 1):
        return "none" if rows == classes else "last"
    dropped = [given[name] for name in DROPPED if isinstance(given.get(name), int | float)]
    return ("last" if dropped[0] else "none") if dropped and rows else None


def _given(arguments: object) -> Mapping:
    return arguments if isinstance(arguments, Mapping) else getattr(arguments, "__dict__", {})


def learned_by_scheduler(config: Mapping, sigma: bool) -> DiffusionSpec | None:
    """The process that a diffusers scheduler describes; None if it is none of ours.

    ``sigma``: the network also predicts sigma.
    """
    if any(config.get(name, usual) != usual for name, usual in _expected(config).items()):
        return None
    if config.get("_class_name") == FLOW_SCHEDULER:
        told = float(config.get("num_train_timesteps", 1000))
        return None if sigma else DiffusionSpec(objective="flow", time_scale=told)
    try:
        return DiffusionSpec(
            objective="ddpm" if sigma else "epsilon",
            prediction=PREDICTIONS[config.get("prediction_type", "epsilon")],
            timesteps=config["num_train_timesteps"],
            beta_start=config["beta_start"],
            beta_end=config["beta_end"],
            beta_schedule=config.get("beta_schedule", "linear"),
        )
    except (KeyError, ValueError):
        return None


def process_by_betas(betas: Tensor, sigma: bool, where) -> DiffusionSpec:
    """The process whose ``betas`` (T,) stand beside weights, as LDM's code keeps them.

    ``sigma`` as in ``learned_by_scheduler``. ValueError for betas of no schedule known here.
    """
    values = betas.detach().double().flatten()
    if len(values) and values.isfinite().all() and (0 < values).all() and (values < 1).all():
        # stored as fp32, of which these digits are the configuration's
        start, end = (float(f"{value:.6g}") for value in (values[0], values[-1]))
        for schedule in get_args(BetaSchedule):
            expected = torch.from_numpy(betas_of(start, end, len(values), schedule))
            if torch.allclose(values, expected, rtol=1e-3, atol=0):
                return DiffusionSpec(
                    objective="ddpm" if sigma else "epsilon",
                    timesteps=len(values),
                    beta_start=start,
                    beta_end=end,
                    beta_schedule=schedule,
                )
    raise ValueError(
        f"the {len(values)} betas of {where} follow none of {', '.join(get_args(BetaSchedule))}, "
        "so no process here noises as they do; --leave-out betas goes on without them"
    )


# diffusers' name of what is predicted -> ours
PREDICTIONS: dict[str, Prediction] = {"epsilon": "epsilon", "v_prediction": "v", "sample": "x"}
EXPECTED = {"trained_betas": None}  # what a scheduler of ours says, and others may say otherwise
MOST_STEPS = 1000  # diffusers' timesteps, where a scheduler does not say how many
CLIPPED = ("ddpm", "ddim")  # samplers that clip as a scheduler says
# diffusers' name of a variance that is not learned -> ours
VARIANCES = {"fixed_small": "small", "fixed_small_log": "small", "fixed_large": "large"}
CLIPPING = ("DDIMScheduler", "DDPMScheduler")  # which clip unless they say that they do not
FLOW_SCHEDULER = "FlowMatchEulerDiscreteScheduler"
EXPECTED_OF_FLOW = {
    "use_dynamic_shifting": False,
    "invert_sigmas": False,
    "shift_terminal": None,
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "stochastic_sampling": False,
}


def _expected(config: Mapping) -> Mapping[str, object]:
    return EXPECTED_OF_FLOW if config.get("_class_name") == FLOW_SCHEDULER else EXPECTED


def sampled_by_scheduler(config: Mapping, protocol: Mapping) -> dict[str, object]:
    """The protocol's fields that a scheduler tells: how a flow's shifts times; at what another
    clips, how many steps it has at most, and of what variance the steps of DDPM are. ``protocol``
    has the sampler and its steps.
    """
    if config.get("_class_name") == FLOW_SCHEDULER:
        return {"time_shift": float(config.get("shift", 1.0))}
    said: dict[str, object] = {}
    if (timesteps := config.get("num_train_timesteps", MOST_STEPS)) < protocol["sampling_steps"]:
        said["sampling_steps"] = timesteps
    if _clips(config) and protocol["sampler"] in CLIPPED:
        said["clip_predicted"] = float(config.get("clip_sample_range", 1.0))
    variance = config.get("variance_type", "fixed_small")
    if protocol["sampler"] == "ddpm" and config.get("_class_name") == "DDPMScheduler":
        said |= {"ddpm_variance": VARIANCES[variance]} if variance in VARIANCES else {}
    return {k: v for k, v in said.items() if v != "large"}


def _clips(config: Mapping) -> bool:
    return bool(config.get("clip_sample", config.get("_class_name") in CLIPPING))


def odd_process(config: Mapping) -> str:
    """In words, why ``learned_by_scheduler`` knows no such process."""
    odd = [
        f"{name} {config.get(name, usual)}, here {usual}"
        for name, usual in _expected(config).items()
        if config.get(name, usual) != usual
    ]
    if config.get("_class_name") != FLOW_SCHEDULER:
        for name, usual, known in (
            ("prediction_type", "epsilon", PREDICTIONS),
            ("beta_schedule", "linear", get_args(BetaSchedule)),
        ):
            if (value := config.get(name, usual)) not in known:
                odd.append(f"{name} {value}, here {' or '.join(known)}")
    return "; ".join(odd) or f"a {config.get('_class_name')} with betas that are not in 0..1"


def unlike_ours(config: Mapping, protocol: Mapping) -> tuple[str, ...]:
    """In words, what a pipeline's scheduler does while sampling that is not done here."""
    odd = []
    if _clips(config) and protocol["sampler"] not in CLIPPED:
        odd.append(f"clips what it predicts of the image at {config.get('clip_sample_range', 1)}")
    if config.get("thresholding"):
        odd.append("thresholds what it predicts of the image")
    if config.get("rescale_betas_zero_snr"):
        odd.append("rescales its betas to no signal at the last timestep")
    if not config.get("set_alpha_to_one", True):
        odd.append("ends at the noise of its first timestep, and not at none")
    if (spacing := config.get("timestep_spacing", "leading")) != "leading":
        odd.append(f"spaces its timesteps by {spacing}")
    if config.get("steps_offset"):
        odd.append(f"begins {config['steps_offset']} timesteps later")
    if config.get("_class_name") == FLOW_SCHEDULER:
        odd.append("begins its last step at the first of its timesteps, however many there are")
    return tuple(f"not as its {config.get('_class_name')}, which {words}" for words in odd)


def check_outputs(objective: Learned | None, doubled: bool, where) -> None:
    """ValueError if what is said to be learned does not fit the number of outputs.

    ``doubled``: the network has two outputs for each channel.
    """
    if objective is None:
        return
    fits: dict[str, tuple[bool, str]] = {
        "ddpm": (doubled, "noise and sigma, two outputs for each channel"),
        "epsilon": (not doubled, "noise alone, one output for each channel"),
        "flow": (True, ""),
        "sit": (True, ""),
    }
    right, what = fits[objective]
    if not right:
        raise ValueError(
            f"--objective {objective} predicts {what}, but {where} has {1 + doubled}; choose "
            + ("ddpm, or flow or sit" if doubled else "epsilon, flow or sit")
        )
