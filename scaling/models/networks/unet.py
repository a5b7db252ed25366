"""Which networks are the U-Nets? diffusers' own, behind ``forward(x, t, y)``.

Weights begin as in the reference code of ADM and LDM: the last convolution of a residual block, the
last map of an attention and the output's convolution are zero; all else is torch's default.
"""

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d import UNet2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from scaling.study.families.adm import PixelUNet
from scaling.study.families.adm_u import RaisedUNet as RaisedSpec
from scaling.study.families.ddpm import AddedUNet as AddedSpec
from scaling.study.families.ldm import LatentUNet

NORM_EPS = 1e-5


class ModulatedUNet(nn.Module):
    """ADM's U-Net: the embeddings of time and class are added and modulate every block."""

    def __init__(self, m: PixelUNet, channels_in: int | None = None):
        super().__init__()
        attends = [side in m.attention for side in m.sides]
        down = [{True: "AttnDownBlock2D", False: "ResnetDownsampleBlock2D"}[a] for a in attends]
        up = [{True: "AttnUpBlock2D", False: "ResnetUpsampleBlock2D"}[a] for a in attends[::-1]]
        self.unet = UNet2DModel(
            sample_size=m.input_size,
            in_channels=channels_in or m.channels,
            out_channels=m.out_channels,
            block_out_channels=m.level_channels,
            down_block_types=tuple(down),
            up_block_types=tuple(up),
            layers_per_block=m.blocks,
            time_embedding_dim=m.time_width,
            attention_head_dim=m.head_channels,
            norm_num_groups=m.groups,
            attn_norm_num_groups=m.groups,
            norm_eps=NORM_EPS,
            resnet_time_scale_shift="scale_shift",
            downsample_type="resnet",
            upsample_type="resnet",
            num_class_embeds=m.num_classes + 1,
        )
        zero_outputs(self.unet)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        return self.unet(x, t, class_labels=y, return_dict=False)[0]


class AddedUNet(nn.Module):
    """DDPM's U-Net: the embeddings of time and class, if any, are added in every block."""

    def __init__(self, m: AddedSpec):
        super().__init__()
        self.unet = UNet2DModel(**m.config)
        self.reads_class = m.condition == "classes"
        zero_outputs(self.unet)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        labels = y if self.reads_class else None
        return self.unet(x, t, class_labels=labels, return_dict=False)[0]


class ConditionedUNet(nn.Module):
    """LDM's U-Net: its transformer blocks attend to the embedding of the class, one token."""

    def __init__(self, m: LatentUNet):
        super().__init__()
        attends = [side in m.attention for side in m.sides]
        down = [{True: "CrossAttnDownBlock2D", False: "DownBlock2D"}[a] for a in attends]
        up = [{True: "CrossAttnUpBlock2D", False: "UpBlock2D"}[a] for a in attends[::-1]]
        self.label = nn.Embedding(m.num_classes + 1, m.context_width)
        self.unet = UNet2DConditionModel(
            sample_size=m.input_size,
            in_channels=m.channels,
            out_channels=m.out_channels,
            block_out_channels=m.level_channels,
            down_block_types=tuple(down),
            up_block_types=tuple(up),
            layers_per_block=m.blocks,
            attention_head_dim=m.heads,  # diffusers' name for the number of heads of this network
            cross_attention_dim=m.context_width,
            norm_num_groups=m.groups,
            norm_eps=NORM_EPS,
            time_embedding_dim=m.time_width,
        )
        zero_outputs(self.unet)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        return self.unet(x, t, encoder_hidden_states=self.label(y)[:, None], return_dict=False)[0]


class RaisedUNet(nn.Module):
    """ADM-U as one network: what a small U-Net answers is part of a large one's input."""

    def __init__(self, m: RaisedSpec):
        super().__init__()
        self.factor, self.channels = m.input_size // m.small_size, m.channels
        self.base = ModulatedUNet(m.base)
        self.upsampler = ModulatedUNet(m, channels_in=2 * m.channels)
        # a zero output would keep the base from learning until the upsampler has begun to use it
        if not self.base.unet.conv_out.weight.is_meta:
            self.base.unet.conv_out.reset_parameters()

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """x (B, C, I, I), t (B,), y (B,) -> (B, out_channels, I, I)."""
        small = F.avg_pool2d(x, self.factor)
        answer = self.base(small, t, y)[:, : self.channels]
        raised = F.interpolate(answer, scale_factor=self.factor, mode="nearest")
        return self.upsampler(torch.cat((x, raised), dim=1), t, y)


@torch.no_grad()
def zero_outputs(unet: nn.Module) -> None:
    """Let every residual branch, and the output, begin at zero."""
    if unet.conv_out.weight.is_meta:
        return  # nothing to fill
    last: list[nn.Module] = [unet.conv_out]
    attentions = [m for m in unet.modules() if isinstance(m, Attention | Transformer2DModel)]
    inner = {id(m) for a in attentions for m in a.modules() if m is not a}
    last += [block.conv2 for block in unet.modules() if isinstance(block, ResnetBlock2D)]
    for attention in attentions:
        if isinstance(attention, Transformer2DModel):
            last.append(attention.proj_out)
        elif id(attention) not in inner:
            last.append(attention.to_out[0])
    for layer in last:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)


def units(network: nn.Module) -> list[nn.Module]:
    """Every residual block and every attention, a transformer block as one."""
    transformers = [m for m in network.modules() if isinstance(m, Transformer2DModel)]
    inner = {id(m) for t in transformers for m in t.modules() if m is not t}
    kinds = ResnetBlock2D | Attention | Transformer2DModel
    return [m for m in network.modules() if isinstance(m, kinds) and id(m) not in inner]
