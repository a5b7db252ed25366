"""How are weights converted to and from diffusers' ``DiTTransformer2DModel``?

diffusers copies the timestep and label embedders into every block, splits q, k and v, and computes
the positions itself.

One difference remains. diffusers spaces the timestep's frequencies by 1/127 of the exponent where
the reference code has 1/128 (``CombinedTimestepLabelEmbeddings`` asks for
``downscale_freq_shift=1``), which matters at every timestep but 0. No weight can undo that, and
diffusers' own conversions of the published checkpoints have it too. ``load_transformer`` loads an
exported folder and sets the reference's frequencies, after which both models agree to rounding.
Measured on trained digits models at random timesteps, with diffusers 0.42: outputs of rms 1 differ
by up to 0.6 (rms 0.005 to 0.03) before, and by 1e-6 after.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from scaling.models.formats.dit_weights import POSITIONS
from scaling.models.networks.embeddings import sincos_positions
from scaling.models.weights import Format, State, check_fits, spec_of
from scaling.study.families.dit.spec import ModelSpec

CONFIG, WEIGHTS = "config.json", "diffusion_pytorch_model.safetensors"
# The published DiT-XL-2 was converted before diffusers had a class for it.
CLASSES = ("DiTTransformer2DModel", "Transformer2DModel")
NORM = "ada_norm_zero"  # what tells DiT from the other models of the older class
LABELS = "norm1.emb.class_embedder.embedding_table.weight"
COMPUTED = "pos_embed.pos_embed"  # positions, which some versions store
MLP_RATIO = 4.0  # fixed in diffusers' blocks

ENDS = {  # ours -> diffusers'
    "x_embedder.proj": "pos_embed.proj",
    "final_layer.adaLN_modulation.1": "proj_out_1",
    "final_layer.linear": "proj_out_2",
}
EMBEDDERS = {  # ours, one per model -> diffusers', repeated in each block's norm1.emb
    "t_embedder.mlp.0": "timestep_embedder.linear_1",
    "t_embedder.mlp.2": "timestep_embedder.linear_2",
    "y_embedder.embedding_table": "class_embedder.embedding_table",
}
BLOCK = {
    "adaLN_modulation.1": "norm1.linear",
    "attn.proj": "attn1.to_out.0",
    "mlp.fc1": "ff.net.0.proj",
    "mlp.fc2": "ff.net.2",
}
QKV = tuple(f"attn1.to_{name}" for name in "qkv")
KINDS = ("weight", "bias")


def config_of(spec: ModelSpec) -> dict:
    """The ``config.json`` of ``spec``. ValueError for a model that diffusers has no class for."""
    if spec.conditioning != "adaln-zero":
        raise ValueError(
            f"diffusers has only adaln-zero, but {spec.name} is {spec.conditioning}; export it "
            "with --to dit"
        )
    if spec.mlp_ratio != MLP_RATIO:
        raise ValueError(
            f"diffusers' MLP is {MLP_RATIO:g} times the width, but {spec.name} has "
            f"{spec.mlp_ratio:g}; export it with --to dit"
        )
    return {
        "_class_name": "DiTTransformer2DModel",
        "_diffusers_version": "0.30.0",
        "activation_fn": "gelu-approximate",
        "attention_bias": True,
        "attention_head_dim": spec.width // spec.heads,
        "dropout": 0.0,
        "in_channels": spec.channels,
        "norm_elementwise_affine": False,
        "norm_eps": 1e-6,
        "norm_type": "ada_norm_zero",
        "num_attention_heads": spec.heads,
        "num_embeds_ada_norm": spec.num_classes,
        "num_layers": spec.depth,
        "out_channels": spec.out_channels,
        "patch_size": spec.patch,
        "sample_size": spec.input_size,
    }


def to_diffusers(spec: ModelSpec, state: Mapping[str, torch.Tensor]) -> State:
    """Our state dict under diffusers' names.

    ValueError if it does not fit ``spec``, or if its position table is not the fixed one.
    """
    check_fits(spec, state)
    fixed = sincos_positions(spec.width, spec.input_size // spec.patch)
    if POSITIONS in state and (state[POSITIONS] - fixed).abs().max() > 1e-5:
        raise ValueError(
            f"{POSITIONS} is not the fixed sine-cosine table, which diffusers computes; export "
            "--to dit"
        )
    out = {
        f"{theirs}.{kind}": state[f"{ours}.{kind}"]
        for ours, theirs in ENDS.items()
        for kind in KINDS
    }
    for i in range(spec.depth):
        ours, theirs = f"blocks.{i}.", f"transformer_blocks.{i}."
        for kind in KINDS:
            out |= {f"{theirs}{b}.{kind}": state[f"{ours}{a}.{kind}"] for a, b in BLOCK.items()}
            out |= {
                f"{theirs}{name}.{kind}": part
                for name, part in zip(QKV, state[f"{ours}attn.qkv.{kind}"].chunk(3), strict=True)
            }
            out |= {
                f"{theirs}norm1.emb.{b}.{kind}": state[f"{a}.{kind}"]
                for a, b in EMBEDDERS.items()
                if f"{a}.{kind}" in state
            }
    return {name: tensor.clone().contiguous() for name, tensor in out.items()}


def lacks_null(config: Mapping, state: Mapping[str, torch.Tensor]) -> bool:
    """Whether the label table has a row for each class and none for "no class"."""
    table = state.get(f"transformer_blocks.0.{LABELS}")
    return table is not None and table.shape[0] == config.get("num_embeds_ada_norm")


def from_diffusers(config: Mapping, state: Mapping[str, torch.Tensor]) -> tuple[ModelSpec, State]:
    """A spec and our state dict from diffusers' configuration and state dict.

    ValueError names a missing or an unknown entry, or blocks whose embedders differ. A label table
    without a row for no class gets one of zeros.
    """
    spec = _spec_of(config)
    left = set(state) - {COMPUTED}

    def take(name: str) -> torch.Tensor:
        left.discard(name)
        return state[name]

    try:
        out = {
            f"{ours}.{kind}": take(f"{theirs}.{kind}")
            for ours, theirs in ENDS.items()
            for kind in KINDS
        }
        for i in range(spec.depth):
            ours, theirs = f"blocks.{i}.", f"transformer_blocks.{i}."
            for kind in KINDS:
                out |= {f"{ours}{a}.{kind}": take(f"{theirs}{b}.{kind}") for a, b in BLOCK.items()}
                out[f"{ours}attn.qkv.{kind}"] = torch.cat(
                    [take(f"{theirs}{name}.{kind}") for name in QKV]
                )
        for a, b in EMBEDDERS.items():
            for kind in KINDS if a.startswith("t_") else KINDS[:1]:
                copies = [
                    take(f"transformer_blocks.{i}.norm1.emb.{b}.{kind}") for i in range(spec.depth)
                ]
                other = next(
                    (i for i, copy in enumerate(copies) if not torch.equal(copy, copies[0])), None
                )
                if other is not None:
                    raise ValueError(
                        f"{b}.{kind} differs between blocks 0 and {other}: a model fine-tuned in "
                        "diffusers has an embedder per block and is no longer a DiT"
                    )
                out[f"{a}.{kind}"] = copies[0]
    except KeyError as error:
        raise ValueError(f"the diffusers weights have no {error.args[0]}") from None
    if left:
        raise ValueError(
            f"the diffusers weights have {len(left)} entries that a DiT has not, such as "
            f"{min(left)}; leave out what is no part of it with --leave-out BEGINNING"
        )
    if lacks_null(config, state):
        name = "y_embedder.embedding_table.weight"
        out[name] = torch.cat((out[name], out[name].new_zeros(1, spec.width)))
    out[POSITIONS] = sincos_positions(spec.width, spec.input_size // spec.patch)
    check_fits(spec, out)
    return spec, out


def check_class(config: Mapping) -> str:
    """The class that a configuration names; ValueError for that of another network than a DiT."""
    kind = config.get("_class_name")
    if kind not in CLASSES:
        raise ValueError(
            f"config.json describes a {kind}, and alone only a {CLASSES[0]} is read; give the "
            "folder of its pipeline, or of a network of ours what scaling export --to safetensors "
            "writes, or the whole folder of --to diffusers with its dit-scaling.json"
        )
    if config.get("norm_type", NORM) != NORM:
        raise ValueError(
            f"config.json describes a {kind} with norm_type {config['norm_type']}, not DiT's {NORM}"
        )
    return kind


def _spec_of(config: Mapping) -> ModelSpec:
    kind = check_class(config)
    try:
        heads, channels = config["num_attention_heads"], config["in_channels"]
        outputs = config["out_channels"]
        return spec_of(
            input_size=config["sample_size"],
            channels=channels,
            patch=config["patch_size"],
            width=heads * config["attention_head_dim"],
            depth=config["num_layers"],
            heads=heads,
            num_classes=config["num_embeds_ada_norm"],
            learn_sigma=outputs is not None and outputs == 2 * channels,
        )
    except KeyError as error:
        raise ValueError(f"config.json has no {error.args[0]}") from None
    except TypeError:
        raise ValueError(
            f"config.json describes a {kind} whose numbers are none: heads {heads}, channels "
            f"{channels}, channels of a head {config['attention_head_dim']}"
        ) from None


def write_diffusers(folder: Path, spec: ModelSpec, state: Mapping[str, torch.Tensor]) -> None:
    """Write config.json and weights into ``folder``, in the form that diffusers loads."""
    config, tensors = config_of(spec), to_diffusers(spec, state)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


FORMAT = Format(
    write_diffusers,
    "-diffusers",
    "diffusers spaces the timestep's frequencies differently. For the same output load it with\n"
    "scaling.models.formats.diffusers.load_transformer, or set "
    "block.norm1.emb.time_proj.downscale_freq_shift = 0\non every block of "
    "model.transformer_blocks.",
    parts={WEIGHTS: ""},
    ours=lambda spec, state: from_diffusers(config_of(spec), state)[1],
)


def load_transformer(folder: Path):
    """diffusers' ``DiTTransformer2DModel`` of an exported folder, with the right frequencies."""
    # imported here because it takes a second
    from diffusers import DiTTransformer2DModel

    model = DiTTransformer2DModel.from_pretrained(folder)
    for block in model.transformer_blocks:
        block.norm1.emb.time_proj.downscale_freq_shift = 0
    return model
