"""What does a pipeline of diffusers hold beside its network? Decoder, process, class names, and how
its paper sampled.

A pipeline is a folder with ``model_index.json`` and a folder for each of its parts, on this machine
or on the Hugging Face hub.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaling.study.libraries import first_line, quiet

INDEX = "model_index.json"
AUTOENCODERS = ("vae", "vqvae")  # where pipelines keep theirs
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
LOUD = ("diffusers.pipelines.pipeline_utils", "huggingface_hub.utils._http")


@dataclass(frozen=True)
class Known:
    """A class of pipelines: where its network lies, and the protocol that its paper used."""

    network: str
    protocol: Mapping[str, object] = field(default_factory=dict)
    # of a network that reads text, whose ``of_pipeline`` takes it, or of one that reads nothing,
    # whose ``of_config`` does; None: a DiT
    family: str | None = None


PIPELINES: dict[str, Known] = {
    # arXiv 2212.09748, section 4: 250 steps of DDPM
    "DiTPipeline": Known("transformer", {"sampler": "ddpm", "sampling_steps": 250}),
    # arXiv 2310.00426, section 3: DPM-Solver in 20 steps, guided by 4.5
    "PixArtAlphaPipeline": Known(
        "transformer",
        {"sampler": "dpm++", "sampling_steps": 20, "guidance": 4.5},
        "pixart",
    ),
    # arXiv 2006.11239: all 1000 steps
    "DDPMPipeline": Known("unet", {"sampler": "ddpm", "sampling_steps": 1000}, "ddpm"),
    # the steps are diffusers' defaults; arXiv 2010.02502 asks from 10 to 1000
    "DDIMPipeline": Known("unet", {"sampler": "ddim", "sampling_steps": 50}, "ddpm"),
    # arXiv 2112.10752 samples with DDIM; the steps are diffusers' default
    "LDMPipeline": Known("unet", {"sampler": "ddim", "sampling_steps": 50}, "ddpm"),
    # arXiv 2403.03206 samples with Euler's method between shifted times (the shift: the
    # scheduler's); steps and guidance are diffusers' defaults
    "StableDiffusion3Pipeline": Known(
        "transformer",
        {"sampler": "euler", "sampling_steps": 28, "guidance": 7.0},
        "sd3",
    ),
}


def is_pipeline(path: Path) -> bool:
    return (path / INDEX).is_file()


def known_pipeline(folder: Path) -> Known:
    """What is known of the pipeline in ``folder``. ValueError for a class that is not, or where its
    network is missing.
    """
    kind = read_object(folder / INDEX).get("_class_name")
    if kind not in PIPELINES:
        raise ValueError(
            f"{folder} is a {kind}, and pipelines that are known here are {', '.join(PIPELINES)}; "
            + _way_on(folder)
        )
    known = PIPELINES[kind]
    if not (folder / known.network / "config.json").is_file():
        raise ValueError(
            f"{folder} is a {kind}, but {folder / known.network} holds no config.json; fetch it "
            "again"
        )
    return known


def _way_on(folder: Path) -> str:
    """What to do about the pipeline in ``folder``, whose class is not known."""
    from scaling.models.formats.diffusers import CONFIG, check_class

    for part in ("transformer", "unet"):
        if (folder / part / CONFIG).is_file():
            config = read_object(folder / part / CONFIG)
            try:
                check_class(config)
            except ValueError:
                return f"its network, a {config.get('_class_name')}, is read in none but those"
            return f"its network is a DiT, so name that alone, {folder / part}"
    return "give one of those"


def decoder_of(folder: Path) -> Path | None:
    """The folder of the pipeline's autoencoder, where it has one."""
    places = (folder / name for name in AUTOENCODERS)
    return next((place for place in places if (place / "config.json").is_file()), None)


def labels_of(folder: Path) -> list[str] | None:
    """The names of its classes in order of label; None where it has none.

    A name may hold several words for one thing, ``tench, Tinca tinca``. ValueError for names that
    are not of labels 0, 1, ...
    """
    names = read_object(folder / INDEX).get("id2label")
    if not isinstance(names, Mapping):
        return None
    try:
        by_label = {int(label): str(name) for label, name in names.items()}
    except ValueError:
        by_label = {}
    if sorted(by_label) != list(range(len(names))):
        raise ValueError(f"{folder / INDEX}: id2label does not name labels 0, 1, ...; mend it")
    return [by_label[label] for label in range(len(names))]


def may_be_on_the_hub(text: str) -> bool:
    """Whether ``text`` is an id on the hub, by its form, and no path that exists."""
    return bool(HUB_ID.fullmatch(text)) and not Path(text).exists()


def fetched(name: str) -> Path:
    """The pipeline ``name`` of the hub, as a folder of the hub's cache.

    ValueError in one line where there is none, or no net.
    """
    from diffusers import DiffusionPipeline  # seconds of imports

    try:
        with quiet(*LOUD):
            return Path(DiffusionPipeline.download(name))
    # the hub and the network each raise their own class
    except Exception as error:
        raise ValueError(
            f"there is no {name} here, and the Hugging Face hub gave no pipeline of that name "
            f"({first_line(error)}); download it where there is a net "
            f"(`hf download {name} --local-dir DIR`) and name DIR"
        ) from None


def read_object(path: Path) -> dict:
    """A JSON object; ValueError for a file that holds none."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path} is no JSON object")
    return value
