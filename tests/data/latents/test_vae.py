"""Does a VAE encode both sides, decode in bounded memory, and have a name by what it computes?"""

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from scaling.data.images import from_uint8, to_uint8
from scaling.data.latents import vae as vaes


@pytest.fixture(scope="module")
def vae():
    return vaes.load_vae("synthetic")


@pytest.fixture(scope="module")
def folder(vae, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vae")
    vae.save_pretrained(folder)
    return folder


def with_config(vae: AutoencoderKL, **changes) -> AutoencoderKL:
    other = AutoencoderKL(
        **{k: v for k, v in vae.config.items() if not k.startswith("_")} | changes
    ).eval()
    other.load_state_dict(vae.state_dict())
    return other


def images(n: int) -> torch.Tensor:
    return torch.randint(
        256, (n, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )


def test_a_saved_vae_is_the_same_by_identity_whatever_the_file_format(vae, folder, tmp_path):
    vae.save_pretrained(tmp_path, safe_serialization=False)
    described = vaes.describe(vae, "a")
    for place in (folder, tmp_path):
        again = vaes.load_vae(str(place))
        assert vaes.describe(again, "a") == described
        assert not any(p.requires_grad for p in again.parameters()) and not again.training
    assert (described["scaling_factor"], described["shift_factor"]) == (0.18215, 0.0)


def test_one_weight_or_the_scaling_changes_the_identity(vae, folder):
    other = AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False)
    assert vaes.identity_of(other) == vaes.identity_of(vae)
    with torch.no_grad():
        other.decoder.conv_in.bias[0] += 1e-3
    assert (
        len({vaes.identity_of(v) for v in (vae, other, with_config(vae, scaling_factor=0.5))}) == 3
    )


def test_moments_are_those_of_the_image_and_of_its_mirror_image(vae):
    x = images(5)
    moments = vaes.encode(vae, x, batch=2)
    assert moments.shape == (5, 2, 2, *vaes.latent_shape(vae, 32)) == (5, 2, 2, 4, 4, 4)
    with torch.no_grad():
        for side, seen in enumerate((x, x.flip(-1))):
            posterior = vae.encode(from_uint8(seen)).latent_dist
            assert torch.allclose(moments[:, side, 0], posterior.mean, atol=1e-5)
            assert torch.allclose(moments[:, side, 1], posterior.std, rtol=1e-4)
    # a VAE does not commute with mirrors
    assert not torch.allclose(moments[:, 1, 0], moments[:, 0, 0].flip(-1), atol=1e-3)


def test_decoding_undoes_the_scaling_in_any_batch(vae):
    z = torch.randn(5, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = to_uint8(vae.decode(z).sample)
    for batch in (1, 2, 8):
        got = vaes.decode(vae, z * 0.18215, batch=batch)
        assert got.dtype == torch.uint8 and got.shape == (5, 3, 32, 32)
        assert (got.int() - whole.int()).abs().max() <= 1
    assert torch.equal(
        vaes.decode(vae, z, to_8_bits=lambda x: torch.zeros_like(x, dtype=torch.uint8)).unique(),
        torch.tensor([0], dtype=torch.uint8),
    )


def test_a_shift_factor_is_undone(vae):
    shifted = with_config(vae, shift_factor=0.3, scaling_factor=0.5)
    z = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = to_uint8(vae.decode(z).sample)
    assert (vaes.decode(shifted, (z - 0.3) * 0.5).int() - expected.int()).abs().max() <= 1


def test_the_size_must_suit_the_vae(vae):
    with pytest.raises(ValueError, match="size 100 is not a multiple of 8"):
        vaes.latent_shape(vae, 100)


def test_a_vae_that_is_not_there_says_where_it_was_looked_for(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        ValueError, match=r"no VAE 'sd-vae-ft-mse'.*hf download stabilityai/sd-vae-ft-mse"
    ) as refusal:
        vaes.load_vae("sd-vae-ft-mse")
    with pytest.raises(ValueError, match=f"no VAE in the folder {tmp_path}"):
        vaes.load_vae(str(tmp_path))
    assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match="no VAE at /nowhere/vae: there is no such folder"):
        vaes.load_vae("/nowhere/vae")


def test_damaged_weights_are_refused(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(
            path.read_bytes()[: 2000 if path.suffix == ".safetensors" else None]
        )
    with pytest.raises(ValueError, match=f"no VAE in the folder {tmp_path}"):
        vaes.load_vae(str(tmp_path))


def test_weights_that_are_not_finite_are_refused_by_name(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (file,) = tmp_path.glob("*.safetensors")
    state = load_file(file)
    state["decoder.conv_out.bias"][0] = float("nan")
    save_file(state, file)
    with pytest.raises(ValueError, match=r"are not finite: decoder\.conv_out\.bias"):
        vaes.load_vae(str(tmp_path))
