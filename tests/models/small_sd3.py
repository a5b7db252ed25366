"""A small Stable Diffusion 3 as diffusers saves it, with two CLIPs and, if asked for, a T5."""

import json
import string
from pathlib import Path

import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)

from scaling.models.networks.captions import ENCODERS
from tests.data.latents import tiny_autoencoders as tiny

SIZE, SHIFT = 8, 3.0


def network(**added) -> SD3Transformer2DModel:
    torch.manual_seed(0)
    made = SD3Transformer2DModel(
        sample_size=SIZE,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        num_attention_heads=2,
        attention_head_dim=8,
        joint_attention_dim=24,
        caption_projection_dim=16,
        pooled_projection_dim=16,
        pos_embed_max_size=12,
        **added,
    )
    for name, weight in made.named_parameters():
        if "norm_" in name and weight.ndim == 1:  # of queries and keys: diffusers' are ones
            torch.nn.init.uniform_(weight, 0.5, 2.0)
    return made


def saved(folder: Path, t5: bool = True, **added) -> Path:
    """``folder``, which then holds the pipeline; ``added`` are fields of its network."""
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    parts = folder.with_name(f"{folder.name}-clips")
    parts.mkdir()
    one, two = _clip(parts / "one", 1), _clip(parts / "two", 2)
    encoder = words = None
    if t5:
        words = AutoTokenizer.from_pretrained(ENCODERS["minilm"]())
        shape = {"d_model": 24, "d_kv": 6, "d_ff": 16, "num_layers": 1, "num_heads": 2}
        encoder = T5EncoderModel(T5Config(vocab_size=len(words), **shape))
    vae = tiny.kl(4, 4, scaling_factor=0.3, shift_factor=0.1)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=SHIFT)
    StableDiffusion3Pipeline(
        network(**added), scheduler, vae, one[1], one[0], two[1], two[0], encoder, words
    ).save_pretrained(folder)
    return folder


def _clip(folder, seed: int):
    """A small CLIP of text, whose words are letters."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

    letters = [*string.ascii_letters, *(f"{letter}</w>" for letter in string.ascii_letters)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    torch.manual_seed(seed)
    shape = {"hidden_size": 8, "intermediate_size": 16, "projection_dim": 8}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": len(words)}
    return tokenizer, CLIPTextModelWithProjection(
        CLIPTextConfig(**shape, **layers, bos_token_id=0, eos_token_id=1)
    )
