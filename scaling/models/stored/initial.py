"""Which weights does a training start from? Those of ``train.init``, found out before it is priced.

The identity of such a training has the hash of the weights, not their path: the same weights in
another file or format are the same training.
"""

import hashlib
import re
from collections.abc import Mapping

from torch import Tensor

from scaling.models.stored.open_weights import Opened, open_weights
from scaling.models.stored.own_networks import Candidate
from scaling.models.stored.state_dicts import State
from scaling.models.weights import check_fits, entries_of
from scaling.study.families.outside.source import is_outside
from scaling.study.libraries import expanded
from scaling.study.network import Network
from scaling.study.specs.weights import InitSpec, WeightsSpec
from scaling.study.study import Study

MOVED = 1e-5  # largest difference of a fixed table that is rounding


def with_contents(study: Study) -> Study:
    """``study`` in which every ``train.init`` has its content and an absolute path.

    ValueError for weights that cannot be read or do not fit their trial's model.
    """
    contents: dict[tuple[InitSpec, Network], InitSpec] = {}
    trials = []
    for trial in study.trials:
        init = trial.train.init
        if init is not None:
            key = (init, trial.model)
            if key not in contents:
                path = str(expanded(init.path).absolute())
                content = init.content or content_of(initial_weights(init, trial.model))
                contents[key] = init.model_copy(update={"path": path, "content": content})
            train = trial.train.model_copy(update={"init": contents[key]})
            trial = trial.model_copy(update={"train": train})
        trials.append(trial)
    return study.model_copy(update={"trials": tuple(trials)})


def initial_weights(init: InitSpec, model: Network) -> State:
    """The trainable weights of ``init``, by name, as ``model`` takes them.

    ValueError names what does not fit, cannot be read, or is not the ``content`` that is said.
    """
    try:
        opened = _opened(init, model)
        weights = _trainable(opened, model)
    except ValueError as error:
        # the options of commands are fields here
        text = re.sub(r"--(average|objective|null|heads)\b", r"train.init.\1", str(error))
        text = text.replace("--input-size", "train.init.input_size")
        text = text.replace("--leave-out", "train.init.leave_out")
        raise ValueError(f"train.init {init.path}: {text}") from None
    if init.content is not None and (found := content_of(weights)) != init.content:
        raise ValueError(
            f"train.init {init.path} holds other weights ({found}) than those that the training "
            f"was planned with ({init.content}); put them back, or plan the study again"
        )
    return weights


def _opened(init: InitSpec, model: Network) -> Opened:
    """What shapes cannot tell is the trial's model's; a user's family is loaded with the study."""
    fields = {name: getattr(init, name) for name in WeightsSpec.model_fields}
    path = expanded(init.path)
    own = (Candidate(model, path),) if is_outside(type(model)) else ()
    declared = WeightsSpec(**fields)
    bare = path.is_file() and not own
    if bare and declared.heads is None:
        declared = declared.model_copy(update={"heads": getattr(model, "heads", None)})
    return open_weights(path, declared, own)


def _trainable(opened: Opened, model: Network) -> State:
    """The weights without the fixed tables of the suite's families, which checkpoints of a training
    do not hold.
    """
    spec = opened.spec
    unlike = [
        name
        for name in type(model).model_fields
        if name != "input_size"
        and not isinstance(value := getattr(model, name), float)
        and getattr(spec, name, None) != value
    ]
    for name, usual in spec.fixed_tensors().items():
        if (opened.state[name] - usual).abs().max() > MOVED:
            raise ValueError(
                f"{name} was trained there and is fixed here: no checkpoint would keep it"
            )
    fixed = set() if is_outside(type(model)) else entries_of(model).fixed
    weights = {name: tensor for name, tensor in opened.state.items() if name not in fixed}
    check_fits(model, weights)
    if unlike:
        first = unlike[0]
        raise ValueError(
            f"{spec.name} differs from the trial's {model.name} in {', '.join(unlike)}: {first} "
            f"{getattr(spec, first, None)}, not {getattr(model, first)}"
        )
    return weights


def content_of(weights: Mapping[str, Tensor]) -> str:
    """The identity of weights: 16 digits of the SHA-256 of their names, shapes and fp32 values."""
    sha256 = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        sha256.update(f"{name} {tuple(tensor.shape)} ".encode())
        sha256.update(tensor.float().contiguous().numpy().tobytes())
    return sha256.hexdigest()[:16]
