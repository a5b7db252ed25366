"""Small DiTs on 8x8 images, each with a field that came after the paper, and two recipes whole."""

from scaling.study import ModelSpec

PAPER = ModelSpec(input_size=8, channels=1, num_classes=10, patch=4, width=16, depth=2, heads=2)
JIT = {
    "norm": "rms",
    "qk_norm": True,
    "positions": "sincos+rope",
    "mlp": "swiglu",
    "class_tokens": 3,
    "class_tokens_from": 1,
    "bottleneck": 6,
}
HEAD = {"head_depth": 2, "head_width": 24, "head_heads": 3}
FIELDS: dict[str, dict] = {
    "rms": {"norm": "rms"},
    "qk-norm": {"qk_norm": True},
    "rope": {"positions": "rope"},
    "sincos+rope": {"positions": "sincos+rope"},
    "swiglu": {"mlp": "swiglu"},
    "cls3@1": {"class_tokens": 3, "class_tokens_from": 1},
    "cls2@0": {"class_tokens": 2},
    "bottleneck6": {"bottleneck": 6},
    "head-d2w24": HEAD,
    "[adaln] head-d2w24": HEAD | {"conditioning": "adaln"},
    "[in-context] rms qk-norm rope": {
        "norm": "rms",
        "qk_norm": True,
        "positions": "rope",
        "conditioning": "in-context",
    },
    "[cross-attention] rms qk-norm rope": {
        "norm": "rms",
        "qk_norm": True,
        "positions": "rope",
        "conditioning": "cross-attention",
    },
    "rms qk-norm sincos+rope swiglu cls3@1 bottleneck6": JIT,
    "rms qk-norm sincos+rope swiglu cls3@1 bottleneck6 head-d2w24": JIT | HEAD,
}
# the words of its name -> the network
VARIANTS: dict[str, ModelSpec] = {name: PAPER.replaced(**more) for name, more in FIELDS.items()}
