"""Is what is no part of the network left out aloud?"""

import torch

from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import opened
from tests.models.stored.test_state_dicts import WRAPPED
from tests.models.test_weights import refusal


def test_what_is_left_out_is_said(tmp_path):
    torch.save(WRAPPED["with a vae beside it"](), tmp_path / "c.pt")
    assert "left out: 1 entries, vae.encoder.weight" in opened(tmp_path / "c.pt").said[0]
    state = {**golden.weights(), "projectors.0.0.weight": torch.zeros(3), "extra.w": torch.ones(1)}
    torch.save(state, tmp_path / "d.pt")
    assert "1 unknown: extra.w" in refusal(opened, tmp_path / "d.pt", objective="ddpm")
    found = opened(tmp_path / "d.pt", leave_out=("extra.",), objective="ddpm")
    assert states_equal(found.state, golden.weights())
    assert "left out: 2 entries, extra.w, projectors.0.0.weight" in found.said[0]
    assert "no entry of" in refusal(opened, tmp_path / "d.pt", leave_out=("extra.", "none."))
