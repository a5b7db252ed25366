"""Is FDr the mean of ratios that it says, 1 for held-out images, with an error that holds?"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from scaling.data import DataSpec, load_data
from scaling.evaluation.metrics.check import check_metrics
from scaling.evaluation.metrics.collect import Kept
from scaling.evaluation.metrics.fdr import Space, fdr, real_distance
from scaling.evaluation.metrics.frechet import Moments
from scaling.evaluation.metrics.measure import measure
from scaling.study import Protocol

BOTH = Protocol(samples=300, metrics=("fid", "fdr"), spaces=("digits-mixer",))


def rows_of(images: torch.Tensor, protocol: Protocol = BOTH) -> dict:
    found = measure(images, DataSpec(), protocol)["figures"]
    return {(row["metric"], row["reference"]): row for row in found}


def test_heldout_images_are_as_near_to_training_images_as_heldout_images_are():
    row = rows_of(load_data(DataSpec()).heldout.uint8)["fdr", "train"]
    assert row["value"] == pytest.approx(1.0)
    assert row["label"].startswith("FDr2-300, ") and "digits-cnn + digits-mixer" in row["label"]


def test_it_is_the_mean_of_the_ratios_of_distances_that_fid_measures():
    images = load_data(DataSpec()).train.uint8[:300].flip(-1)
    found = rows_of(images)
    alone = Protocol(samples=300, features="digits-mixer", metrics=("fid",))
    singly = {
        "digits-cnn": found["fid", "train"],
        "digits-mixer": rows_of(images, alone)["fid", "train"],
    }
    parts = found["fdr", "train"]["parts"]
    assert [part["features"] for part in parts] == list(singly)
    for part in parts:
        one = singly[part["features"]]
        assert (part["fd"], part["se"]) == pytest.approx((one["value"], one["se"]))
        assert part["ratio"] == pytest.approx(part["fd"] / part["real"])
        assert 0 < part["real_se"] < part["real"]
    ratios = [part["ratio"] for part in parts]
    assert found["fdr", "train"]["value"] == pytest.approx(sum(ratios) / 2)


class Real:
    """Real images whose features are given: (N, D) by layer."""

    def __init__(self, **layers: torch.Tensor):
        self.layers = layers

    def gaussian(self, layer: str):
        moments = Moments(self.layers[layer].shape[1])
        moments.add(self.layers[layer])
        return moments.gaussian

    def rows(self, layer: str, count: int = 50_000) -> torch.Tensor:
        return self.layers[layer][:count]


def test_its_error_is_the_spread_over_draws_of_samples_seen_by_both_spaces():
    g = torch.Generator().manual_seed(0)
    train, heldout = (torch.randn(4000, 4, generator=g) for _ in range(2))
    widen = torch.tensor([1.0, 2.0, 0.5, 1.0])  # the second space is the first one, stretched
    real, other = (Real(a=rows, b=rows * widen) for rows in (train, heldout))

    def once() -> dict:
        x = 1.2 * torch.randn(500, 4, generator=g) + 0.3
        kept = {name: (x, x * widen)[name == "b"] for name in "ab"}
        gaussians = {name: Real(**kept).gaussian(name) for name in kept}
        return fdr(tuple(Space(n, n, Kept(gaussians[n], None, kept[n]), real, other) for n in kept))

    draws = [once() for _ in range(200)]
    spread = np.std([draw["value"] for draw in draws])
    assert np.mean([draw["se"] for draw in draws]) == pytest.approx(spread, rel=0.2)


def test_fewer_samples_are_held_against_as_few_heldout_images():
    """A model that draws from the truth has FDr 1 at any number of samples."""
    g = torch.Generator().manual_seed(0)
    real, other, draws = (Real(a=torch.randn(n, 8, generator=g)) for n in (20_000, 4000, 4000))
    for count in (100, 1000, 4000):
        x = draws.layers["a"][:count]
        space = Space("a", "a", Kept(Real(a=x).gaussian("a"), None, x), real, other)
        (part,) = fdr((space,))["parts"]
        assert part["ratio"] == pytest.approx(1, abs=0.6)
        assert part["real"] == pytest.approx(real_distance(other, real, "a", count)[0])
    few, many = (real_distance(other, real, "a", count)[0] for count in (100, 4000))
    assert few > 10 * many


def test_without_a_second_set_of_real_images_the_reason_is_told():
    space = SimpleNamespace(other=None, reference=SimpleNamespace(file="imagenet.npz"))
    assert "imagenet.npz is not one of two sets" in fdr((space,))["why"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"spaces": ()}, "there is only digits-cnn; set evaluate.protocol.spaces"),
        ({"spaces": ("digits-cnn",)}, "digits-cnn is in features and in spaces"),
        ({"spaces": ("inception", "inception")}, "spaces has one twice"),
        ({"references": ("a.npz",)}, "references names a.npz: leave fdr or the file out"),
        ({"metrics": ("fid",)}, "only the metric fdr uses spaces"),
    ],
)
def test_what_is_no_mean_over_spaces_is_refused(fields, told):
    with pytest.raises(ValidationError, match=told):
        Protocol(**{**dict(BOTH), **fields})


def test_a_space_whose_weights_are_not_here_is_named_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", _no_net)
    protocol = Protocol(metrics=("fdr",), spaces=("digits-mixer", "inception"))
    with pytest.raises(ValueError, match="features 'inception' need the weights") as refusal:
        check_metrics(DataSpec(), protocol)
    assert "\n" not in str(refusal.value)


def _no_net(*args, **kwargs):
    raise OSError("no route to host")


def test_a_protocol_from_before_keeps_its_identity():
    assert "spaces" not in Protocol().identity_fields()
    assert "spaces" in BOTH.identity_fields()
