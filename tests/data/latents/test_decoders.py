"""Is a decoder that does not make a store's images refused, and another VAE's told?"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL

from scaling.data import DataSpec
from scaling.data.latents.decoders import check_channels, check_decoder
from scaling.data.latents.store import finish_store, write_shard
from scaling.data.latents.vae import describe, latent_shape, load_vae
from scaling.diffusion import build_process
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.sampling.drawn import sampled_size
from scaling.evaluation.sampling.load import Loaded
from scaling.launch import preflight
from scaling.models import build_model
from scaling.study import DiffusionSpec, ModelSpec, Protocol
from scaling.study.specs.decoder import maker_of

SIZE = 32


def write_vae(path, levels: int = 4, channels: int = 4, seed: int = 0, **config) -> str:
    """A VAE of factor 2^(levels - 1), its weights by seed."""
    torch.manual_seed(seed)
    AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(4,) * levels,
        norm_num_groups=2,
        layers_per_block=1,
        latent_channels=channels,
        mid_block_add_attention=False,
        **config,
    ).save_pretrained(path)
    return str(path)


def write_store(folder, vae: str) -> DataSpec:
    """A store of noise, made by the VAE in the folder ``vae``."""
    loaded = load_vae(vae)
    shape = latent_shape(loaded, SIZE)
    for split in ("train", "heldout"):
        moments = np.random.default_rng(0).standard_normal((4, 2, 2, *shape))
        images = [{"label": i % 2, "path": f"{i}", "sha256": ""} for i in range(4)]
        write_shard(folder, split, 0, moments, images, [])
    description = {"size": SIZE, "shape": list(shape), "vae": describe(loaded, vae)}
    finish_store(
        folder, description | {"upscale": False, "classes": ["a", "b"]}, {"train": 1, "heldout": 1}
    )
    return DataSpec(
        source="latents", name="toy", size=SIZE, vae=vae.rpartition("/")[2], path=str(folder)
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    work = tmp_path_factory.mktemp("decoders")
    write_vae(work / "own")
    return work


@pytest.fixture(scope="module")
def data(work) -> DataSpec:
    return write_store(work / "store", str(work / "own"))


def test_the_stores_own_vae_and_another_of_its_kind_fit(work, data):
    check_decoder(data, str(work / "own"))
    other = write_vae(work / "tuned", seed=1)
    preflight.check_decoders({(data, other)})
    check_decoder(DataSpec(source="synthetic", size=SIZE), "synthetic")


@pytest.mark.parametrize(
    ("name", "made", "says"),
    [
        ("c16", {"channels": 16}, r"16 channels, 8 times smaller.* = \(16, 4, 4\) at 32 pixels"),
        ("f4", {"levels": 3}, r"4 channels, 4 times smaller.* = \(4, 8, 8\) at 32 pixels"),
        ("f16", {"levels": 5}, r"16 times smaller.*\(4, 2, 2\) .* but those of .* \(4, 4, 4\)"),
        ("sdxl", {"scaling_factor": 0.13025}, "scales latents by 0.13025 after a shift of 0, but"),
        ("sd3", {"shift_factor": 0.06}, "after a shift of 0.06, but those .* 0.18215 after 0"),
    ],
)
def test_a_decoder_that_does_not_fit_is_refused_before_training(work, data, name, made, says):
    decoder = write_vae(work / name, **made)
    with pytest.raises(ValueError, match=says) as error:
        preflight.check_decoders({(data, decoder)})
    assert "\n" not in str(error.value) and "decoder to the store's own VAE" in str(error.value)


def test_two_vaes_of_one_name_are_refused(work, data):
    twin = write_vae(work / "elsewhere" / "own", seed=2)
    with pytest.raises(ValueError, match="has the name of the VAE that made the latents"):
        check_decoder(data, twin)


def test_a_decoder_that_did_not_make_the_latents_is_told_in_every_label(work, data):
    images = torch.randint(256, (80, 3, SIZE, SIZE), dtype=torch.uint8)
    own = Protocol(
        samples=80,
        metrics=("fid", "kid"),
        decoder=str(work / "own"),
        references=("train",),
        features="digits-cnn",
    )
    for protocol, told in (
        (own, "cfg 1.0, own, digits-cnn, vs decoded train"),
        (
            own.model_copy(update={"decoder": write_vae(work / "tuned", seed=1)}),
            "cfg 1.0, tuned on latents of own, digits-cnn, vs decoded train",
        ),
    ):
        labels = [row["label"] for row in measure(images, data, protocol)["figures"]]
        assert all(label.endswith(told) for label in labels), labels
    label = own.model_copy(update={"decoder": "x/tuned"}).label("rfid", made_by=maker_of(data))
    assert label == "rFID, tuned on latents of own, digits-cnn, vs train"
    synthetic = maker_of(DataSpec(source="synthetic", size=SIZE))
    assert "on latents" not in Protocol(decoder="synthetic").label(made_by=synthetic)


@pytest.mark.parametrize(("levels", "factor"), [(3, 4), (4, 8), (5, 16)])
def test_the_size_of_samples_is_the_decoders(tmp_path, levels, factor):
    decoder = write_vae(tmp_path / f"f{factor}", levels=levels)
    spec = ModelSpec(input_size=4, channels=4, patch=4, width=8, depth=1, heads=1, num_classes=2)
    loaded = Loaded(build_model(spec), spec, DiffusionSpec(), None, decoder)
    protocol = Protocol(samples=2, sampling_steps=2, decoder=decoder)
    assert build_process(loaded.diffusion) and sampled_size(loaded, protocol) == (4 * factor,) * 2
    trained_on = replace(loaded, size=4 * factor)
    assert sampled_size(trained_on, protocol) == (4 * factor,) * 2
    with pytest.raises(ValueError, match=f"makes {factor} pixels of a latent pixel"):
        sampled_size(replace(loaded, size=8 * factor), protocol)
    with pytest.raises(ValueError, match="takes latents of 4 channels, the model makes 3"):
        check_channels(decoder, 3)
