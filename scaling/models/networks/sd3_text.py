"""How does SD3 read a caption? Two CLIPs side by side, then T5; diffusers' pipeline encodes it."""

import json
from pathlib import Path

import torch
from torch import Tensor

from scaling.study.families.sd3 import T5_TOKENS


@torch.no_grad()
def sd3_encoded(folder: Path, captions: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Sequences (N, tokens of CLIP + 256, W) and pooled vectors (N, both CLIPs' widths).

    T5's part is zero where the pipeline has none.

    The encoders of the pipeline in ``folder`` alone are loaded. Whatever transformers or diffusers
    raises passes through.
    """
    from diffusers import SD3Transformer2DModel, StableDiffusion3Pipeline  # seconds of imports

    config = json.loads((folder / "transformer" / "config.json").read_text())
    with torch.device("meta"):  # it is asked for its width alone
        network = SD3Transformer2DModel.from_config(config)
    t5 = (folder / "text_encoder_3" / "config.json").is_file()
    absent = {} if t5 else {"text_encoder_3": None, "tokenizer_3": None}
    pipe = StableDiffusion3Pipeline.from_pretrained(
        folder,
        transformer=network,
        vae=None,
        **absent,
        torch_dtype=torch.float32,
        low_cpu_mem_usage=False,  # which needs accelerate
    )
    parts = []
    for caption in captions:  # a model of billions reads one at a time
        sequence, _, pooled, _ = pipe.encode_prompt(
            caption,
            None,
            None,
            device=torch.device("cpu"),
            do_classifier_free_guidance=False,
            max_sequence_length=T5_TOKENS,
        )
        parts.append((sequence.float(), pooled.float()))
    return torch.cat([one for one, _ in parts]), torch.cat([pooled for _, pooled in parts])
