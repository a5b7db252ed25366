"""What is known of opened weights: network, process, and in words what was taken for granted?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaling.models.stored.learned import WORDS
from scaling.models.stored.state_dicts import State
from scaling.study.network import Network
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.weights import Learned


@dataclass(frozen=True)
class Opened:
    """Weights under our names, with everything that is known of them.

    ``diffusion`` and ``label_dropout`` are None where neither the files nor a person tell them.
    """

    spec: Network
    state: State
    said: tuple[str, ...]  # which weights they are, and what was taken for granted
    diffusion: DiffusionSpec | None = None
    label_dropout: float | None = None  # 0: there is no learned "no class"
    vae: str | None = None  # of the latents that the network makes
    size: int | None = None  # pixels per side of the images that those latents were made of
    place: Path | None = None  # what was opened: of a run, the checkpoint
    # fields of the protocol that the paper of a pipeline used
    protocol: Mapping[str, object] = field(default_factory=dict)
    init_seed: int | None = None  # of a run: by it was drawn what is drawn and not trained


def completed(
    spec: Network,
    state: State,
    words: list[str],
    learned: Learned | None,
    process: DiffusionSpec | None,
    no_null: bool,
    guessed: bool = False,
) -> Opened:
    """What is known of foreign weights, and in words what was told and what was assumed.

    ``process`` is the one that their file describes, where ``learned`` says nothing else.
    ``guessed``: nobody says that the last label is no class.
    """
    if learned is not None:
        objective = "flow" if learned == "sit" else learned
        if process is None or process.objective != objective:
            usual = {} if objective == "flow" else spec.USUAL_BETAS
            process = DiffusionSpec(objective=objective, **usual)
            if usual:
                words = [*words, f"assumed: {spec.title}'s {process.betas_in_words}"]
        words = [*words, f"they predict {WORDS[learned]}"]
    elif process is None and spec.learn_sigma:
        process = DiffusionSpec()
        words = [
            *words,
            f"assumed that they predict {WORDS['ddpm']}; of SiT's, say --objective flow",
        ]
    if no_null:
        words = [
            *words,
            "they know no label for no class, so they cannot be guided; its row is zeros here",
        ]
    elif guessed and spec.condition == "classes":
        words = [
            *words,
            f"the last of {spec.num_classes + 1} labels is taken for no class; where it is a "
            "class, say --null none",
        ]
    return Opened(spec, state, tuple(words), process, 0.0 if no_null else None)


def predicted(process: DiffusionSpec | None) -> list[str]:
    """In words, what a scheduler says is predicted, where it is unusual."""
    told = process and process.prediction
    return [f"they predict {told}, as their scheduler says"] if told else []


def check_predicted(objective: Learned | None, process: DiffusionSpec | None, scheduler) -> None:
    """ValueError if an objective is said whose process ``scheduler`` describes as of another
    prediction.
    """
    if process is not None and process.prediction and objective == process.objective:
        raise ValueError(
            f"--objective {objective} predicts noise, but {scheduler} says that the network "
            f"predicts {process.prediction}; leave the option out, or mend prediction_type there"
        )
