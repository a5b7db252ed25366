"""Is an average that is a list without names put under the network's names, or refused?"""

import torch

from scaling.models.stored.unnamed import named
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import opened, raw
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
