"""What does an evaluation cost besides the network's sampling? The decoder and the features."""

from scaling.study.specs.protocol import Protocol

# Of Stable Diffusion's decoder for an image of 256 x 256 (1e9 MACs, counted by torch's
# FlopCounterMode on diffusers' AutoencoderKL); at 512 x 512 it is 1257, nearly in proportion.
SD_DECODER_GMACS, SD_DECODER_PIXELS = 311.1, 256 * 256
# decoder -> 1e9 MACs for an image of so many pixels: the suite's own, and none, which copies
SMALL_DECODERS: dict[str, tuple[float, int]] = {
    "none": (0.0, 1),
    "synthetic": (0.0, 1),  # next to nothing
    "digits-f2c2": (2.65e-4, 64),
    "digits-f2c4": (2.68e-4, 64),
    "digits-f2c8": (2.73e-4, 64),
    "digits-f4c16": (2.59e-4, 64),
}


def vit_gmacs(width: int, depth: int, patch: int, size: int) -> float:
    """1e9 MACs of a vision transformer with MLPs of four times its width, on an image of ``size``.

    Dosovitskiy et al., arXiv 2010.11929: patches and one token for the class.
    """
    patches = (size // patch) ** 2
    tokens = patches + 1
    block = 12 * tokens * width**2 + 2 * tokens**2 * width
    return (patches * width * 3 * patch**2 + depth * block) / 1e9


# 1e9 MACs for an image. Inception was counted as the decoder; VGG (arXiv 1409.1556) and
# EfficientNet-Lite0 (its release) as published, DINOv2 (arXiv 2304.07193) and CLIP (arXiv
# 2103.00020) by their shapes. Of CLIP's ResNets none is published.
FEATURE_GMACS: dict[str, float | None] = {
    "digits-cnn": 0.0,
    "digits-mixer": 0.0,
    "fashion-cnn": 0.002,
    "fashion-mixer": 0.003,
    "inception": 5.71,
    "efficientnet-lite0": 0.41,
    "vgg16": 15.5,
    "dinov2-vit-s-14": vit_gmacs(384, 12, 14, 224),
    "dinov2-vit-b-14": vit_gmacs(768, 12, 14, 224),
    "dinov2-vit-l-14": vit_gmacs(1024, 24, 14, 224),
    "dinov2-vit-g-14": vit_gmacs(1536, 40, 14, 224),
    "clip-rn50": None,
    "clip-rn101": None,
    "clip-rn50x4": None,
    "clip-rn50x16": None,
    "clip-rn50x64": None,
    "clip-vit-b-32": vit_gmacs(768, 12, 32, 224),
    "clip-vit-b-16": vit_gmacs(768, 12, 16, 224),
    "clip-vit-l-14": vit_gmacs(1024, 24, 14, 224),
    "clip-vit-l-14-336px": vit_gmacs(1024, 24, 14, 336),
}


def decoder_gmacs(protocol: Protocol, pixels: int) -> float:
    """1e9 MACs to decode one image of ``pixels``; 0 without a decoder. Every decoder counts as
    Stable Diffusion's, but those of SMALL_DECODERS. What one really takes is in the records.
    """
    if protocol.decoder is None:
        return 0.0
    gmacs, of = SMALL_DECODERS.get(protocol.decoder, (SD_DECODER_GMACS, SD_DECODER_PIXELS))
    return gmacs * pixels / of


def feature_gmacs(protocol: Protocol) -> float:
    """1e9 MACs of those extractors that the metrics need whose price is known, on one image."""
    names = {name for metric in protocol.metrics for name in protocol.spaces_of(metric)}
    return sum(gmacs for name in names if (gmacs := FEATURE_GMACS[name]) is not None)


def unpriced_features(protocol: Protocol) -> list[str]:
    """The extractors that the metrics need whose price is not known, by name."""
    names = {name for metric in protocol.metrics for name in protocol.spaces_of(metric)}
    return sorted(name for name in names if FEATURE_GMACS[name] is None)
