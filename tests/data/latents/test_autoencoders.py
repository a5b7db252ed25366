"""Does every kind of autoencoder tell its factor, channels and scaling, and undo what it did?"""

import json

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.data.images import from_uint8
from scaling.data.latents import vae as vaes
from scaling.data.latents.autoencoders import KINDS, Pixels, kind_of, scaling_of
from scaling.data.latents.decoders import check_decoder
from scaling.data.latents.store import finish_store, write_shard
from tests.data.latents import tiny_autoencoders as tiny

SIZE = 32
MADE = [
    ("AutoencoderKL", 4, 3),
    ("AutoencoderKL", 8, 4),
    ("AutoencoderKL", 16, 16),
    ("AutoencoderKL", 32, 64),
    ("AsymmetricAutoencoderKL", 8, 4),
    ("AutoencoderDC", 8, 32),
    ("AutoencoderDC", 32, 32),
    ("AutoencoderTiny", 4, 16),
    ("AutoencoderTiny", 8, 4),
    ("VQModel", 4, 3),
    ("AutoencoderRAE", 16, 64),
]


def images(count: int = 3) -> torch.Tensor:
    drawn = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, 3, SIZE, SIZE), generator=drawn, dtype=torch.uint8)


def store(folder, name: str, moments: torch.Tensor) -> DataSpec:
    """A store of ``moments`` that the autoencoder ``name`` made, in both splits."""
    net = vaes.load_vae(name)
    for split in ("train", "heldout"):
        rows = [{"label": i % 2, "path": f"{i}", "sha256": ""} for i in range(len(moments))]
        write_shard(folder, split, 0, moments.numpy(), rows, [])
    about = {"size": SIZE, "shape": [*moments.shape[3:]], "vae": vaes.describe(net, name)}
    about |= {"upscale": False, "classes": ["a", "b"]}
    finish_store(folder, about, {"train": 1, "heldout": 1})
    maker = name.rpartition("/")[2]
    return DataSpec(source="latents", name="toy", size=SIZE, vae=maker, path=str(folder))


def test_every_kind_is_tried():
    assert {kind for kind, _, _ in MADE} == KINDS.keys() - {Pixels.__name__}


@pytest.mark.parametrize(("kind", "factor", "channels"), MADE)
def test_what_is_encoded_is_stored_read_scaled_and_decoded(kind, factor, channels, tmp_path):
    name = tiny.write(tmp_path / "net", kind, factor, channels)
    net, x = vaes.load_vae(name), images()
    assert (vaes.pixels_per_latent(net), vaes.latent_channels(net)) == (factor, channels)
    shape = (channels, SIZE // factor, SIZE // factor)
    moments = vaes.encode(net, x, batch=2)
    stochastic = kind_of(net).stochastic
    assert moments.shape == (3, 2, 2 if stochastic else 1, *shape)
    assert vaes.latent_shape(net, SIZE) == shape
    data = store(tmp_path / "store", name, moments)
    read = load_data(data).train
    rows = torch.arange(3)
    mean, other = (read.batch(rows, key=(0, step)) for step in (1, 2))
    assert torch.equal(mean, other) != stochastic  # a draw is made only where there is a posterior
    check_decoder(data, name)
    if not stochastic:
        decoded = vaes.decode(net, mean)
        with torch.no_grad():
            seen = from_uint8(x) if kind != "AutoencoderRAE" else x.float() / 255
            straight = net(seen).sample
        straight = straight if kind != "AutoencoderRAE" else 2 * straight - 1
        gap = (from_uint8(decoded) - straight.clamp(-1, 1)).abs()
        assert decoded.shape == x.shape and gap.mean() < 0.01  # of 8 bits, and 16 in the store


def test_pixels_come_back_as_they_were(tmp_path):
    net, x = vaes.load_vae("none"), images()
    moments = vaes.encode(net, x, batch=2)
    data = store(tmp_path / "store", "none", moments)
    assert vaes.latent_shape(net, SIZE) == load_data(data).train.shape == (3, SIZE, SIZE)
    read = load_data(data).train.batch(torch.arange(3))
    assert torch.equal(vaes.decode(net, read), x)
    check_decoder(data, "none")


def test_each_channel_is_scaled_by_its_own_mean_and_deviation(tmp_path):
    mean, std = [0.5, -1.0, 2.0, 0.0], [0.5, 1.0, 2.0, 4.0]
    told = {"latents_mean": mean, "latents_std": std, "scaling_factor": 0.5}
    name = tiny.write(tmp_path / "net", "AutoencoderKL", 8, 4, **told)
    net = vaes.load_vae(name)
    assert scaling_of(net) == {**told, "shift_factor": 0.0}
    raw = torch.randn(3, 2, 2, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    raw[:, :, 1] = 0  # no noise
    data = store(tmp_path / "store", name, raw)
    z = load_data(data).train.batch(torch.arange(3))
    shift, scale = (torch.tensor(values).view(-1, 1, 1) for values in (mean, std))
    assert torch.allclose(z, (raw[:, 0, 0].half().float() - shift) / scale * 0.5, atol=1e-6)
    with torch.no_grad():
        straight = net.decode(raw[:, 0, 0]).sample
    assert (from_uint8(vaes.decode(net, z)) - straight.clamp(-1, 1)).abs().mean() < 0.01
    other = tiny.write(tmp_path / "other", "AutoencoderKL", 8, 4, **told | {"latents_std": mean})
    with pytest.raises(ValueError, match=r"latents by -0.5 after a shift of -1.* by 0.5 after"):
        check_decoder(data, other)
    short = tiny.write(tmp_path / "short", "AutoencoderKL", 8, 4, latents_mean=[0.0] * 3)
    with pytest.raises(ValueError, match="latents_mean has 3 values for 4 channels"):
        vaes.describe(vaes.load_vae(short), "short")


def test_grey_images_are_read_by_an_autoencoder_of_colours_and_by_a_grey_one(tmp_path):
    grey = images()[:, :1]
    for name, channels in (("colour", 3), ("grey", 1)):
        config = {"in_channels": channels, "out_channels": channels}
        net = vaes.load_vae(tiny.write(tmp_path / name, "AutoencoderKL", 4, 4, **config))
        moments = vaes.encode(net, grey, batch=2)
        assert vaes.image_channels(net) == channels
        assert vaes.decode(net, moments[:, 0, 0]).shape == (3, channels, SIZE, SIZE)


def test_an_unknown_kind_and_a_folder_without_a_config_are_refused_in_one_line(tmp_path):
    tiny.write(tmp_path / "net", "AutoencoderKL", 8, 4)
    config = json.loads((tmp_path / "net" / "config.json").read_text())
    for name, change, says in (
        ("video", {"_class_name": "AutoencoderKLWan"}, "a AutoencoderKLWan, which is no autoenc"),
        ("network", {"_class_name": "UNet2DModel"}, "those are AutoencoderKL, .*, and none for"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(ValueError, match=says) as error:
            vaes.load_vae(str(tmp_path / name))
        assert "\n" not in str(error.value)
    (tmp_path / "net" / "config.json").unlink()
    with pytest.raises(ValueError, match=r"no VAE in the folder .*config.json and weights"):
        vaes.load_vae(str(tmp_path / "net"))


def test_an_encoder_of_one_size_takes_no_other(tmp_path):
    net = vaes.load_vae(tiny.write(tmp_path, "AutoencoderRAE", 16, 64))
    with pytest.raises(ValueError, match=r"size 64: .* of 32 pixels alone; give --size 32"):
        vaes.latent_shape(net, 64)


def test_the_autoencoder_of_a_pipeline_is_found_in_its_folder(tmp_path):
    tiny.write(tmp_path / "vae", "AutoencoderTiny", 8, 4)
    (tmp_path / "model_index.json").write_text("{}")
    assert vaes.pixels_per_latent(vaes.load_vae(str(tmp_path))) == 8
