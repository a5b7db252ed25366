"""How are DINOv2's features computed from a local file of weights?

torch-fidelity loads DINOv2's code and weights from GitHub and refuses a local file. This is its
extractor with the network written here, under the names of the published weights
(facebookresearch/dinov2, vision_transformer.py: patch 14, LayerScale, SwiGLU in the giant).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_fidelity import FeatureExtractorBase
from torch_fidelity.feature_extractor_dinov2 import FeatureExtractorDinoV2

PATCH, HEAD = 14, 64  # pixels per token side; channels per attention head
LAYER = "dinov2"


class SwiGlu(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.w12, self.w3 = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, -1)
        return self.w3(F.silu(gate) * value)


class Block(nn.Module):
    """Pre-norm attention and feed-forward, each scaled per channel: (B, T, D) to (B, T, D)."""

    def __init__(self, width: int, swiglu_hidden: int | None):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict(
            {"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)}
        )
        self.ls1, self.ls2 = (nn.ParameterDict({"gamma": torch.ones(width)}) for _ in range(2))
        self.mlp = (
            SwiGlu(width, swiglu_hidden)
            if swiglu_hidden
            else nn.ModuleDict(
                {"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)}
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = (
            self.attn["qkv"](self.norm1(x)).view(B, T, 3, D // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        )
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, D)
        x = x + self.ls1["gamma"] * self.attn["proj"](attended)
        h = self.norm2(x)
        h = (
            self.mlp(h)
            if isinstance(self.mlp, SwiGlu)
            else self.mlp["fc2"](F.gelu(self.mlp["fc1"](h)))
        )
        return x + self.ls2["gamma"] * h


class DinoV2(nn.Module):
    """The network with the shape of ``weights``.

    Normalised images (B, 3, H, W) to the class token's features (B, D).
    """

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__()
        width = weights["cls_token"].shape[-1]
        depth = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("blocks."))
        swiglu = (
            weights["blocks.0.mlp.w3.weight"].shape[1]
            if "blocks.0.mlp.w3.weight" in weights
            else None
        )
        self.cls_token, self.mask_token = (
            nn.Parameter(torch.zeros(1, 1, width)),
            nn.Parameter(torch.zeros(1, width)),
        )
        self.pos_embed = nn.Parameter(torch.zeros_like(weights["pos_embed"]))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, PATCH, PATCH)})
        self.blocks = nn.Sequential(*(Block(width, swiglu) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.load_state_dict(weights)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch_embed["proj"](x)  # (B, D, h, w)
        positions = self._positions(tokens.shape[2])
        tokens = (
            torch.cat([self.cls_token.expand(len(x), -1, -1), tokens.flatten(2).transpose(1, 2)], 1)
            + positions
        )
        return self.norm(self.blocks(tokens))[:, 0]

    def _positions(self, side: int) -> Tensor:
        """The position table at ``side`` x ``side`` tokens.

        Resized as in the original: bicubic, with its offset of 0.1.
        """
        trained = math.isqrt(self.pos_embed.shape[1] - 1)
        if side == trained:
            return self.pos_embed
        table = self.pos_embed[:, 1:].view(1, trained, trained, -1).permute(0, 3, 1, 2)
        table = F.interpolate(table, scale_factor=((side + 0.1) / trained,) * 2, mode="bicubic")
        return torch.cat([self.pos_embed[:, :1], table.flatten(2).transpose(1, 2)], 1)


class LocalDinoV2(FeatureExtractorDinoV2):
    """torch-fidelity's extractor, including its scaling of images, with weights from a file."""

    def __init__(
        self, name: str, features_list: list[str], feature_extractor_weights_path=None, **kwargs
    ):
        FeatureExtractorBase.__init__(self, name, features_list)
        self.feature_extractor_internal_dtype = torch.float32
        self.model = DinoV2(
            torch.load(feature_extractor_weights_path, map_location="cpu", weights_only=True)
        )
