"""Are the digits' latents made when they are first read, and are the shipped autoencoders what
they are said to be?
"""

import pytest
import torch

from scaling.data import DataSpec, load_data, to_uint8
from scaling.data.latents import shipped
from scaling.data.latents import vae as vaes
from scaling.data.latents.shipped import train
from scaling.data.latents.store import check_store, read_store
from scaling.data.sources import place
from scaling.evaluation.images.originals import originals
from scaling.evaluation.tokenizer import decoder_gmacs, tokenizer_of
from scaling.study import Protocol
from scaling.study.costs.measuring import decoder_gmacs as priced_gmacs


def spec(name: str = "digits-f2c4", **fields) -> DataSpec:
    return DataSpec(**{"source": "latents", "name": "digits", "size": 8, "vae": name} | fields)


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_DATA", str(tmp_path))


@pytest.mark.parametrize("name", shipped.SHIPPED)
def test_a_shipped_autoencoder_is_as_its_name_says(name):
    factor, channels = shipped.SHIPPED[name]
    net = vaes.load_vae(name)
    assert name == f"digits-f{factor}c{channels}"
    assert (vaes.pixels_per_latent(net), vaes.latent_channels(net)) == (factor, channels)
    assert train.error(net) < 0.3 and vaes.image_channels(net) == 1  # of a range of 2
    protocol = Protocol(decoder=name)
    gmacs = decoder_gmacs(net, 8)
    assert priced_gmacs(protocol, 64) == pytest.approx(gmacs, rel=0.01)
    told = tokenizer_of(spec(name), protocol)
    assert told == {
        "name": name,
        "factor": factor,
        "channels": channels,
        "decoder": name,
        "decoder_gmacs": gmacs,
    }


def test_the_store_is_made_once_and_holds_the_digits():
    data, digits = load_data(spec()), load_data(DataSpec(source="digits"))
    store = read_store(place(spec()))
    check_store(place(spec()))
    assert store["images_of"] == "digits" and store["encoded_from"] is None
    assert torch.equal(data.train.labels, digits.train.labels) and data.num_classes == 10
    net, rows = vaes.load_vae("digits-f2c4"), torch.arange(50)
    x = to_uint8(digits.heldout.batch(rows))
    moments = vaes.encode(net, x, 50)
    read = data.heldout.read(rows, torch.zeros(50, dtype=torch.bool))
    assert torch.allclose(read.float(), moments[:, 0], atol=0.02, rtol=1e-3)
    unit = data.train.batch(torch.arange(len(data.train)))
    assert float(unit.std()) == pytest.approx(1, abs=0.05)
    before = place(spec()).joinpath("store.json").stat().st_mtime_ns
    assert load_data(spec()).content == data.content
    assert place(spec()).joinpath("store.json").stat().st_mtime_ns == before
    assert torch.equal(originals(spec(), "heldout").read(rows), x)
    assert torch.equal(originals(DataSpec(source="digits"), "heldout").read(rows), x)


def test_another_size_or_an_autoencoder_that_is_not_shipped_makes_nothing(tmp_path):
    for fields, says in (
        ({"size": 16}, "digits have 8 pixels, the spec says 16; set data.size to 8"),
        ({"vae": "digits-f9c9"}, "no latent store at"),
        ({"path": str(tmp_path / "nowhere")}, "no latent store at"),
        ({"name": "letters"}, "no latent store at"),
    ):
        with pytest.raises(ValueError, match=says):
            load_data(spec(**fields))
    assert not list(tmp_path.iterdir())


def test_training_one_again_gives_the_same_weights():
    one, two = (train.train("digits-f4c16", steps=3).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
