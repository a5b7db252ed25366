"""Which network is the MM-DiT? diffusers' ``SD3Transformer2DModel``, behind ``forward(x, t, y)``.

Weights begin as DiT's: Xavier linears, modulations and the output at zero.
"""

from diffusers.models.embeddings import get_2d_sincos_pos_embed
from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel
from torch import Tensor, nn

from scaling.models.networks.conditions import CONDITIONS, initialise
from scaling.study.families.sd3 import MMDiT as Spec


class MMDiT(nn.Module):
    """SD3's transformer and the condition that it reads."""

    def __init__(self, m: Spec):
        super().__init__()
        self.condition = CONDITIONS[m.conditioning](m, m.pooled_width)
        self.transformer = transformer = SD3Transformer2DModel(
            sample_size=m.input_size,
            patch_size=m.patch,
            in_channels=m.channels,
            out_channels=m.out_channels,
            num_layers=m.depth,
            num_attention_heads=m.heads,
            attention_head_dim=m.head_width,
            joint_attention_dim=m.text_width,
            caption_projection_dim=m.width,
            pooled_projection_dim=m.pooled_width,
            pos_embed_max_size=m.table_side,  # null: of this size alone. Neither is trained
            qk_norm="rms_norm" if m.qk_norm else None,
            dual_attention_layers=tuple(range(m.dual_attention)),
        )
        if transformer.proj_out.weight.is_meta:
            return
        norms = [transformer.norm_out]
        norms += [n for b in transformer.transformer_blocks for n in (b.norm1, b.norm1_context)]
        initialise(transformer, [transformer.proj_out, *(norm.linear for norm in norms)])

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        condition = self.condition(y)
        return self.transformer(x, condition.sequence, condition.pooled, t, return_dict=False)[0]


def position_table(m: Spec) -> Tensor:
    """The fixed positions (1, table_side^2, d) of ``m``, as diffusers makes them."""
    side = m.input_size // m.patch
    return get_2d_sincos_pos_embed(m.width, m.table_side, base_size=side, output_type="pt").float()[
        None
    ]
