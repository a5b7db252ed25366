"""How far are samples from real images? FID and KID by torch-fidelity, over features extracted once."""

import functools

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric
from torch_fidelity.utils import create_feature_extractor, extract_featuresdict_from_input_id

from scaling.data import Images, ImageSet, load_data, to_uint8
from scaling.evaluation import digits_cnn
from scaling.study.protocol import Protocol
from scaling.study.spec import DataSpec

KID_SUBSETS = 50
READ_AT_ONCE = 250  # real images that are not in memory


class Uint8Images(Dataset):
    """Images (N, C, H, W) as torch-fidelity reads them: uint8 tensors (C, H, W)."""

    def __init__(self, images: Tensor):
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> Tensor:
        return self.images[i]


@functools.cache
def _extractor(name: str):
    digits_cnn.register()
    return create_feature_extractor(name, [digits_cnn.FEATURES], cuda=False, verbose=False)


def features_of(images: Tensor, extractor: str) -> Tensor:
    """Features (N, D) of uint8 images (N, C, H, W) under a registered torch-fidelity extractor."""
    by_layer = extract_featuresdict_from_input_id(
        1, _extractor(extractor), input1=Uint8Images(images), cuda=False, batch_size=256, save_cpu_ram=True,
        verbose=False)
    return by_layer[digits_cnn.FEATURES]


@functools.lru_cache(maxsize=8)
def _reference_features(data: DataSpec, subset: str, extractor: str, decoder: str | None) -> Tensor:
    return features_of(real_images(load_data(data).subset(subset), decoder), extractor)


@functools.lru_cache(maxsize=8)
def _reference_statistics(data: DataSpec, subset: str, extractor: str, decoder: str | None) -> dict:
    return fid_features_to_statistics(_reference_features(data, subset, extractor, decoder).double())


def figures(images: Tensor, data: DataSpec, protocol: Protocol) -> list[dict]:
    """The protocol's metrics of uint8 samples (N, C, H, W) against each of its references, one row per figure."""
    if not protocol.metrics:
        return []
    features = features_of(images, protocol.features)
    rows = []
    for subset in protocol.references:
        reference = _reference_features(data, subset, protocol.features, protocol.decoder)
        measured = {}
        if "fid" in protocol.metrics:
            known = _reference_statistics(data, subset, protocol.features, protocol.decoder)
            fid = fid_statistics_to_metric(fid_features_to_statistics(features.double()), known, verbose=False)
            measured["fid"] = (fid[KEY_METRIC_FID], None)
        if "kid" in protocol.metrics:
            # A subset as large as the smaller set has no spread, a larger one fails.
            size = min(len(features), len(reference)) // 2
            kid = kid_features_to_metric(features, reference, kid_subsets=KID_SUBSETS, kid_subset_size=size,
                                         rng_seed=0, verbose=False)
            measured["kid"] = (kid[KEY_METRIC_KID_MEAN], kid[KEY_METRIC_KID_STD])
        rows += [{"metric": metric, "value": value, "std": std, "features": protocol.features,
                  "samples": len(images), "reference": subset, "reference_images": len(reference),
                  "label": protocol.label(metric, subset)} for metric, (value, std) in measured.items()]
    return rows


def thumbnails(images: Tensor, labels: Tensor, count: int = 100) -> dict:
    """The first ``count`` samples as arrays for figures: images (n, C, H, W) uint8, labels (n,)."""
    return {"images": images[:count].numpy(), "labels": labels[:count].numpy().astype("int16")}


def real_images(images: Images, decoder: str | None, count: int | None = None) -> Tensor:
    """The first ``count`` images (default: all) as uint8 (n, C, H, W); latents are decoded."""
    if isinstance(images, ImageSet):
        return images.uint8[:count]
    rows = torch.arange(len(images) if count is None else min(count, len(images)))
    parts = (images.batch(part) for part in rows.split(READ_AT_ONCE))
    if decoder is None:
        return torch.cat([to_uint8(part) for part in parts])
    from scaling.data.vae import decode, load_vae
    vae = load_vae(decoder)
    return torch.cat([decode(vae, part) for part in parts])


def real_thumbnails(data: DataSpec, decoder: str | None, count: int = 100) -> dict:
    """The first held-out images as arrays for figures, as ``thumbnails`` gives samples."""
    heldout = load_data(data).heldout
    return thumbnails(real_images(heldout, decoder, count), heldout.labels, count)


def extractor_is_ready(name: str) -> None:
    """Load the extractor now, so that missing weights are found before any training."""
    with torch.no_grad():
        _extractor(name)
