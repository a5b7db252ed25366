"""Is an average that is a list without names put under the network's names, or refused?"""

import pytest
import torch
from safetensors.torch import save_file

from scaling.models.stored.unnamed import is_average, named, with_points
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import opened, prefixed, raw
from tests.models.test_weights import refusal


def test_a_list_is_the_average_of_the_network_beside_it(tmp_path):
    listed = {"decay": 0.999, "shadow_params": list(golden.weights().values())}
    torch.save({"model": raw(), "ema": listed}, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt")
    assert states_equal(found.state, golden.weights())
    assert found.said[0].startswith("weights: ema.shadow_params of")
    assert states_equal(opened(tmp_path / "c.pt", average="weights").state, raw())


def test_a_list_may_lack_what_is_not_trained(tmp_path):
    trained = {k: v for k, v in golden.weights().items() if k != "pos_embed"}
    torch.save(
        {"model": raw(), "ema": {"shadow_params": list(trained.values())}}, tmp_path / "c.pt"
    )
    state = opened(tmp_path / "c.pt").state
    assert torch.equal(state.pop("pos_embed"), raw()["pos_embed"])
    assert states_equal(state, trained)


def test_a_list_in_doubt_is_refused(tmp_path):
    a, b = torch.zeros(2), torch.ones(2)
    assert named([a], {"x": b, "y": b}) is None
    assert named([a, a], {"x": b}) is None
    assert named([a], {"x": b, "y": torch.zeros(3)})["x"] is a
    torch.save({"model": raw(), "ema": {"shadow_params": [a, b]}}, tmp_path / "c.pt")
    message = refusal(opened, tmp_path / "c.pt")
    assert "holds an average without names, ema.shadow_params, whose 2 tensors" in message
    assert states_equal(opened(tmp_path / "c.pt", average="weights").state, raw())
    torch.save({"shadow_params": [a, b]}, tmp_path / "d.pt")
    assert "shadow_params is a list without names" in refusal(opened, tmp_path / "d.pt")


@pytest.mark.parametrize(
    "saved",
    [
        lambda average: {"ema_params": average},
        lambda average: {"ema": tuple(average)},
        lambda average: {"optimizer_states": [{"ema": average, "state": {}}]},
    ],
)
def test_a_list_is_known_by_the_name_of_its_key(tmp_path, saved):
    torch.save({"model": raw(), **saved([*golden.weights().values()])}, tmp_path / "c.pt")
    assert states_equal(opened(tmp_path / "c.pt").state, golden.weights())


def test_averages_in_a_list_are_asked_about(tmp_path):
    torch.save({"model": raw(), "ema": [golden.weights(), raw(2.0)]}, tmp_path / "c.pt")
    assert "choose one with --average: ema.0, ema.1" in refusal(opened, tmp_path / "c.pt")
    assert states_equal(opened(tmp_path / "c.pt", average="ema.0").state, golden.weights())


@pytest.mark.parametrize(
    ("name", "average"),
    [
        *((name, True) for name in ("model_ema1", "ema", "net_avg", "ema_0.999", "params_ema")),
        *((name, False) for name in ("model", "non_ema", "emb", "online_model")),
    ],
)
def test_averages_are_known_by_their_names(name, average):
    assert is_average(name) == average


def test_an_average_whose_names_lost_their_points_has_the_networks(tmp_path):
    trained = {k: v for k, v in golden.weights().items() if k != "pos_embed"}
    flat = {f"model_ema.net{name.replace('.', '')}": value for name, value in trained.items()}
    saved = {**prefixed("model.net.", raw()), **flat, "model_ema.decay": torch.tensor(0.9)}
    torch.save({"state_dict": saved}, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt")
    assert found.said[0].startswith("weights: state_dict.model_ema.net of")
    assert states_equal(found.state, {**trained, "pos_embed": raw()["pos_embed"]})
    assert states_equal(opened(tmp_path / "c.pt", average="weights").state, raw())
    other = {"ema.decay": torch.tensor(0.9), "model.a.b": torch.zeros(1)}
    assert with_points(other) is other


def test_an_average_that_accelerate_saved_beside_the_network_is_taken(tmp_path):
    torch.save(golden.weights(), tmp_path / "custom_checkpoint_0.pkl")
    torch.save({"last_epoch": 3}, tmp_path / "custom_checkpoint_1.pkl")
    save_file(raw(), tmp_path / "model.safetensors")
    found = opened(tmp_path)
    assert found.said[0].startswith("weights: custom_checkpoint_0.ema of")
    assert states_equal(found.state, golden.weights())
    assert states_equal(opened(tmp_path, average="weights").state, raw())
    listed = {"shadow_params": [*golden.weights().values()]}
    torch.save(listed, tmp_path / "custom_checkpoint_0.pkl")
    assert "in an order that safetensors beside it do not keep" in refusal(opened, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(raw(), tmp_path / "pytorch_model.bin")
    assert states_equal(opened(tmp_path).state, golden.weights())
