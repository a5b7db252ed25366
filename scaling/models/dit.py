"""What is a diffusion transformer? The model of Peebles & Xie (arXiv 2212.09748).

It comes in any shape and conditioning. The names and shapes of its state dict are those of the
published DiT-XL/2 checkpoints. Shapes: B images, C channels, I pixels per side, p pixels per patch
side, T tokens, d width.
"""

import torch
from torch import Tensor, nn

from scaling.models.blocks import BLOCKS, modulate, norm
from scaling.models.embeddings import (
    LabelEmbedder,
    PatchEmbed,
    TimestepEmbedder,
    sincos_positions,
    unpatchify,
)
from scaling.study.families.dit import ModelSpec


class FinalLayer(nn.Module):
    """A norm, adaptive only in the adaLN models, and a linear from each token to its patch."""

    def __init__(self, width: int, pixels: int, adaptive: bool):
        super().__init__()
        self.linear = nn.Linear(width, pixels)
        self.adaLN_modulation = (
            nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width)) if adaptive else None
        )

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (B, T, d), c (B, d) after the SiLU -> (B, T, p * p * out_channels)."""
        x = norm(x)
        if self.adaLN_modulation is not None:
            x = modulate(x, *self.adaLN_modulation[1](c).view(c.shape[0], 2, 1, -1).unbind(1))
        return self.linear(x)


class DiT(nn.Module):
    """A transformer that predicts the noise of an image and, with ``learn_sigma``, the variance.

    Labels run from 0 to ``num_classes``; the last means "no label". The caller drops labels in
    training and checks their range: a check here would make a GPU wait.
    """

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        d, p = spec.width, spec.patch
        self.x_embedder = PatchEmbed(spec.channels, p, d)
        self.t_embedder = TimestepEmbedder(d)
        self.y_embedder = LabelEmbedder(spec.num_classes, d)
        # not trained, but part of the state dict
        self.register_buffer("pos_embed", sincos_positions(d, spec.input_size // p))
        self.blocks = nn.ModuleList(BLOCKS[spec.conditioning](spec) for _ in range(spec.depth))
        self.final_layer = FinalLayer(d, p * p * spec.out_channels, adaptive=spec.design.adaptive)
        self.initialise()

    @torch.no_grad()
    def initialise(self) -> None:
        """As the reference code: Xavier linears, zero biases, normal(0.02) embeddings, zero output.

        adaLN-Zero's modulations start at zero. The three conditionings without released code differ
        only in their block: their output starts at zero too, and adaLN's modulations are Xavier
        like any linear.
        """
        if self.pos_embed.is_meta:
            return  # nothing to fill, and torch's meta initialisers take seconds to import
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.xavier_uniform_(self.x_embedder.proj.weight.view(self.spec.width, -1))
        nn.init.zeros_(self.x_embedder.proj.bias)
        nn.init.normal_(self.y_embedder.embedding_table.weight, std=0.02)
        nn.init.normal_(self.t_embedder.mlp[0].weight, std=0.02)
        nn.init.normal_(self.t_embedder.mlp[2].weight, std=0.02)
        zero = [self.final_layer.linear]
        if self.spec.design.gated:
            zero += [module.adaLN_modulation[1] for module in (*self.blocks, self.final_layer)]
        for linear in zero:
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,) timesteps of the process, y (B,) -> (B, out_channels, I, I)."""
        x = self.x_embedder(x) + self.pos_embed  # (B, T, d)
        time, label = self.t_embedder(t), self.y_embedder(y)  # (B, d)
        tokens = x.shape[1]
        if self.spec.design.adaptive:
            c = nn.functional.silu(time + label)  # (B, d): one SiLU for every modulation
        else:
            c = torch.stack((time, label), dim=1)  # (B, 2, d)
            if self.spec.design.in_context:
                x = torch.cat((x, c), dim=1)  # (B, T + 2, d)
        for block in self.blocks:
            x = block(x, c)
        if x.shape[1] != tokens:
            x = x[:, :tokens]  # drop the conditioning tokens
        return unpatchify(self.final_layer(x, c), self.spec.patch)
