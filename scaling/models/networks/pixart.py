"""Which network is PixArt-alpha? diffusers' ``PixArtTransformer2DModel``, behind
``forward(x, t, y)``.

Weights begin as in the reference code: Xavier linears; the attention to the text and the output at
zero; the maps of the time, the text and the shared modulation normal with deviation 0.02.
"""

from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel
from torch import Tensor, nn

from scaling.models.networks.conditions import CONDITIONS, initialise
from scaling.study.families.pixart import PixArt as Spec

STD = 0.02


class PixArt(nn.Module):
    """PixArt's transformer and the condition that it reads."""

    def __init__(self, m: Spec):
        super().__init__()
        self.condition = CONDITIONS[m.conditioning](m)
        self.transformer = transformer = PixArtTransformer2DModel(
            sample_size=m.input_size,
            patch_size=m.patch,
            in_channels=m.channels,
            out_channels=m.out_channels,
            num_layers=m.depth,
            num_attention_heads=m.heads,
            attention_head_dim=m.width // m.heads,
            cross_attention_dim=m.width,
            caption_channels=m.text_width,
            interpolation_scale=1,
            use_additional_conditions=False,
        )
        if transformer.proj_out.weight.is_meta:
            return
        crossed = [block.attn2.to_out[0] for block in transformer.transformer_blocks]
        initialise(transformer, [transformer.proj_out, *crossed])
        time, text = transformer.adaln_single, transformer.caption_projection
        embedder = time.emb.timestep_embedder
        for linear in (embedder.linear_1, embedder.linear_2, time.linear):
            nn.init.normal_(linear.weight, std=STD)
        for linear in (text.linear_1, text.linear_2):
            nn.init.normal_(linear.weight, std=STD)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        condition = self.condition(y)
        return self.transformer(
            x,
            encoder_hidden_states=condition.sequence,
            timestep=t,
            encoder_attention_mask=condition.mask,
            return_dict=False,
        )[0]
