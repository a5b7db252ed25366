"""What is a diffusion transformer? The model of Peebles & Xie (arXiv 2212.09748), and its kin.

It comes in any shape and conditioning. The names and shapes of its state dict are those of the
published DiT-XL/2 checkpoints. Later transformers are the same with other norms, positions and
MLPs, class tokens (JiT) or a wide head (DDT), and one of clips has patches in space and time
(Sora's spacetime patches). Shapes: B images, C channels, F frames (of an image one, which has no
dimension), H x W pixels, patches of r frames and p x p pixels, T tokens, d width.
"""

import torch
from torch import Tensor, nn

from scaling.models.networks.blocks import BLOCKS, modulate, modulations
from scaling.models.networks.embeddings import (
    BottleneckPatchEmbed,
    LabelEmbedder,
    PatchEmbed,
    TimestepEmbedder,
    clip_of,
    sincos_positions,
    unpatchify,
)
from scaling.models.networks.parts import NORMS, rotations
from scaling.study.families.dit.spec import ModelSpec


class FinalLayer(nn.Module):
    """A norm, adaptive only in the adaLN models, and a linear from each token to its patch."""

    def __init__(self, m: ModelSpec):
        super().__init__()
        self.norm_final = NORMS[m.norm](m.width)
        self.linear = nn.Linear(m.width, m.patch_pixels * m.out_channels)
        self.adaLN_modulation = (
            nn.Sequential(nn.SiLU(), nn.Linear(m.width, 2 * m.width)) if m.design.adaptive else None
        )

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (B, T, d), c (B, d) or (B, T, d) after the SiLU -> (B, T, r * p * p * out_channels)."""
        x = self.norm_final(x)
        if self.adaLN_modulation is not None:
            x = modulate(x, *modulations(self.adaLN_modulation[1](c), 2))
        return self.linear(x)


class DiT(nn.Module):
    """A transformer that predicts the noise of an image and, with ``learn_sigma``, the variance.

    Labels run from 0 to ``num_classes``; the last means "no label". The caller drops labels in
    training and checks their range: a check here would make a GPU wait.
    """

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        d, p, r = spec.width, spec.patch, spec.patch_t
        if spec.bottleneck is None:
            self.x_embedder = PatchEmbed(spec.channels, p, d, r)
        else:
            self.x_embedder = BottleneckPatchEmbed(spec.channels, p, spec.bottleneck, d, r)
        self.t_embedder = TimestepEmbedder(d)
        self.y_embedder = LabelEmbedder(spec.num_classes, d)
        if spec.has_position_table:
            # not trained, but part of the state dict
            self.register_buffer("pos_embed", position_table(spec))
        self.blocks = nn.ModuleList(BLOCKS[spec.conditioning](spec) for _ in range(spec.depth))
        head = spec.wide_head
        self.final_layer = FinalLayer(head or spec)
        self.head_blocks = nn.ModuleList()
        if head is not None:
            self.head_embedder = PatchEmbed(spec.channels, p, head.width, r)
            self.head_condition = nn.Linear(d, head.width)
            self.head_blocks.extend(BLOCKS[head.conditioning](head) for _ in range(head.depth))
        if spec.class_tokens:
            self.class_tokens = nn.Parameter(torch.empty(1, spec.class_tokens, d))
        self.register_buffer("turns", _turns(spec), persistent=False)
        self.register_buffer("head_turns", head and _turns(head), persistent=False)
        self.initialise()

    @torch.no_grad()
    def initialise(self) -> None:
        """As the reference code: Xavier linears, zero biases, normal(0.02) embeddings, zero output.

        adaLN-Zero's modulations start at zero. The three conditionings without released code differ
        only in their block: their output starts at zero too, and adaLN's modulations are Xavier
        like any linear.
        """
        if self.t_embedder.rates.is_meta:
            return  # nothing to fill, and torch's meta initialisers take seconds to import
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for embedder in self.modules():
            if isinstance(embedder, PatchEmbed | BottleneckPatchEmbed):
                weight = embedder.proj.weight
                nn.init.xavier_uniform_(weight.view(weight.shape[0], -1))
            if isinstance(embedder, PatchEmbed):
                nn.init.zeros_(embedder.proj.bias)
        nn.init.normal_(self.y_embedder.embedding_table.weight, std=0.02)
        nn.init.normal_(self.t_embedder.mlp[0].weight, std=0.02)
        nn.init.normal_(self.t_embedder.mlp[2].weight, std=0.02)
        if self.spec.class_tokens:
            nn.init.normal_(self.class_tokens, std=0.02)
        zero = [self.final_layer.linear]
        if self.spec.design.gated:
            gated = (*self.blocks, *self.head_blocks, self.final_layer)
            zero += [module.adaLN_modulation[1] for module in gated]
        for linear in zero:
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, [F,] H, W), t (B,) timesteps of the process, y (B,) -> as x, of out_channels.

        Where a clip has one frame, x may be an image, without a dimension for it.
        """
        image, x = x, self.x_embedder(x)  # (B, T, d)
        if self.spec.has_position_table:
            x = x + self.pos_embed
        time, label = self.t_embedder(t), self.y_embedder(y)  # (B, d)
        tokens = x.shape[1]
        if self.spec.design.adaptive:
            c = nn.functional.silu(time + label)  # (B, d): one SiLU for every modulation
        else:
            c = torch.stack((time, label), dim=1)  # (B, 2, d)
            if self.spec.design.in_context:
                x = torch.cat((x, c), dim=1)  # (B, T + 2, d)
        for index, block in enumerate(self.blocks):
            if self.spec.class_tokens and index == self.spec.class_tokens_from:
                x = torch.cat((x, label[:, None] + self.class_tokens), dim=1)
            x = block(x, c, self.turns)
        if x.shape[1] != tokens:
            x = x[:, :tokens]  # drop the tokens that are not the image's
        if self.head_blocks:
            x, c = self._widened(image, x, time)
        x = self.final_layer(x, c)
        if image.ndim == 4:
            return unpatchify(x, self.spec.patch, self.spec.grid[2])
        return clip_of(x, self.spec.patch, self.spec.patch_t, self.spec.grid)

    def _widened(self, image: Tensor, x: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """The wide head's tokens, and their conditioning, both (B, T, d of the head).

        x (B, T, d) are the body's tokens: each conditions the head's token at its place.
        """
        silu = nn.functional.silu
        c = silu(self.head_condition(silu(time[:, None] + x)))
        x = self.head_embedder(image)
        for block in self.head_blocks:
            x = block(x, c, self.head_turns)
        return x, c


def position_table(m: ModelSpec) -> Tensor:
    """The fixed sine-cosine positions (1, T, d) of the tokens of ``m``."""
    steps, rows, columns = m.grid
    return sincos_positions(m.width, rows, columns, steps)


def _turns(m: ModelSpec) -> Tensor | None:
    """The rotary positions of all tokens in a block, those that are not the image's last."""
    if "rope" not in m.positions:
        return None
    steps, rows, columns = m.grid
    return rotations(m.width // m.heads, rows, columns, m.sequence - m.tokens, steps)
