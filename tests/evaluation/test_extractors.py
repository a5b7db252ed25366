"""Do the feature extractors compute what they are named for, from files of weights, and what if
those are missing?
"""

import urllib.error

import pytest
import torch
from sklearn.datasets import load_sample_images
from torch_fidelity import calculate_metrics, feature_extractor_inceptionv3
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from scaling.cli import main
from scaling.evaluation import dinov2, efficientnet
from scaling.evaluation.extractors import features_of, weights_source
from scaling.evaluation.metrics import measure
from scaling.evaluation.reference import Reference, tensor_images
from scaling.study import DataSpec, Protocol
from tests.evaluation.test_figures import Uint8Images, by_metric

IMAGES = torch.randint(
    0, 256, (24, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder of weight files of the right shape, drawn at random, where the extractors look for
    theirs.
    """
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIT_SCALING_WEIGHTS", str(folder))
        patch.setattr(
            feature_extractor_inceptionv3, "load_state_dict_from_url", lambda *args, **kwargs: {}
        )
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
        patch.undo()
        torch.manual_seed(0)
        for parameter in net.parameters():
            if parameter.ndim > 1:
                torch.nn.init.kaiming_normal_(parameter)
        torch.save(net.state_dict(), folder / weights_source("inception")[0])
        patch.setenv("DIT_SCALING_WEIGHTS", str(folder))
        yield folder


def test_inceptions_figures_are_torch_fidelitys(weights):
    """The real path: a file of weights, found by name, to FID, IS, KID, precision, recall and sFID
    in one pass.
    """
    samples, real = IMAGES[:10], (IMAGES[10:16].float() * 0.8).to(torch.uint8)
    theirs = calculate_metrics(
        input1=Uint8Images(samples),
        input2=Uint8Images(real),
        cuda=False,
        fid=True,
        kid=True,
        kid_subsets=50,
        kid_subset_size=3,
        isc=True,
        prc=True,
        feature_extractor="inception-v3-compat",
        save_cpu_ram=True,
        verbose=False,
        feature_extractor_weights_path=weights / weights_source("inception")[0],
        rng_seed=0,
    )
    protocol = Protocol(
        samples=10,
        features="inception",
        references=("train",),
        metrics=("fid", "kid", "isc", "precision", "recall", "sfid"),
    )
    references = {"train": {"inception": Reference(tensor_images("train", real), "inception")}}
    ours = by_metric(measure(samples, DataSpec(), protocol, references)["figures"])
    assert ours["fid"]["value"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["kid"]["value"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert (ours["precision"]["value"], ours["recall"]["value"]) == (
        theirs["precision"],
        theirs["recall"],
    )
    assert ours["sfid"]["value"] > 0 and "2023 features" in ours["sfid"]["warning"]
    assert ours["sfid"]["label"].startswith("sFID-10") and "inception" in ours["sfid"]["label"]


def test_spatial_features_are_seven_channels_in_adms_order(weights):
    from scaling.evaluation.extractors import network

    found = features_of(IMAGES[:2], "inception", ("spatial",))["spatial"]
    assert found.shape == (2, 17 * 17 * 7)
    kept = network("inception", ("spatial",))._map
    assert torch.equal(found[1, :7], kept[1, :, 0, 0]) and torch.equal(
        found[1, 7 * 18], kept[1, 0, 1, 1]
    )


def test_dinov2_from_a_local_file(weights):
    """A small network in the published weights' names, at the position table's size and away from
    it.
    """
    width, side = 64, 37
    g = torch.Generator().manual_seed(0)
    shapes = {
        "cls_token": (1, 1, width),
        "mask_token": (1, width),
        "pos_embed": (1, side * side + 1, width),
        "patch_embed.proj.weight": (width, 3, 14, 14),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    for name, shape in (
        ("norm1.weight", (width,)),
        ("norm1.bias", (width,)),
        ("attn.qkv.weight", (3 * width, width)),
        ("attn.qkv.bias", (3 * width,)),
        ("attn.proj.weight", (width, width)),
        ("attn.proj.bias", (width,)),
        ("ls1.gamma", (width,)),
        ("norm2.weight", (width,)),
        ("norm2.bias", (width,)),
        ("mlp.fc1.weight", (4 * width, width)),
        ("mlp.fc1.bias", (4 * width,)),
        ("mlp.fc2.weight", (width, 4 * width)),
        ("mlp.fc2.bias", (width,)),
        ("ls2.gamma", (width,)),
    ):
        shapes[f"blocks.0.{name}"] = shape
    state = {
        name: torch.randn(shape, generator=g) / shape[-1] ** 0.5 for name, shape in shapes.items()
    }
    torch.save(state, weights / weights_source("dinov2-vit-s-14")[0])
    assert features_of(IMAGES[:2], "dinov2-vit-s-14", ("dinov2",))["dinov2"].shape == (2, width)
    net = dinov2.DinoV2(state)
    assert torch.equal(net._positions(side), net.pos_embed)
    assert net._positions(16).shape == (1, 257, width)


def test_efficientnet_knows_a_dahlia_from_a_palace():
    """scikit-learn's two photographs, by ImageNet's classes: 698 is palace, 985 daisy, its nearest
    to a dahlia.
    """
    palace, flower = (
        torch.from_numpy(image.copy()).permute(2, 0, 1)[:, :, 100:527]
        for image in load_sample_images().images
    )
    scores = features_of(torch.stack([palace, flower]), "efficientnet-lite0", ("1280", "logits"))[
        "logits"
    ]
    top = scores.topk(2).indices.tolist()
    assert 698 in top[0] and 985 in top[1]


def test_efficientnets_scaling_is_torch_fidelitys():
    scaling = efficientnet._scaling(12)
    theirs = interpolate_bilinear_2d_like_tensorflow1x(
        IMAGES.float(), size=(224, 224), align_corners=False
    )
    assert torch.allclose(scaling @ IMAGES.float() @ scaling.T, theirs, atol=1e-3)


def no_net(*args, **kwargs):
    raise urllib.error.URLError("no net")


def test_missing_weights_are_found_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_net)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--set", "evaluate.protocol.features=inception"])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and len(said.strip().splitlines()) == 1
    for part in (
        "weights-inception-2015-12-05-6726825d.pth",
        "DIT_SCALING_WEIGHTS",
        "efficientnet-lite0",
    ):
        assert part in said
    assert not (tmp_path / "results" / "runs").exists()


def test_weights_that_are_none(tmp_path, monkeypatch):
    (tmp_path / weights_source("vgg16")[0]).write_bytes(b"not weights")
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"vgg16-397923af\.pth cannot be read as weights of 'vgg16'"
    ):
        features_of(IMAGES[:1], "vgg16", ("fc2_relu",))
    torch.save({"weight": torch.zeros(2)}, tmp_path / weights_source("dinov2-vit-l-14")[0])
    with pytest.raises(
        ValueError,
        match=r"dinov2_vitl14_pretrain\.pth cannot be read as weights of 'dinov2-vit-l-14'",
    ):
        features_of(IMAGES[:1], "dinov2-vit-l-14", ("dinov2",))
    monkeypatch.setenv("DIT_SCALING_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"\$DIT_SCALING_WEIGHTS is .*nowhere, which is no folder"):
        features_of(IMAGES[:1], "clip-vit-b-32", ("clip",))


def test_scores_where_there_are_none():
    with pytest.raises(ValueError, match="'vgg16' does not give"):
        measure(IMAGES, DataSpec(), Protocol(features="vgg16", metrics=("isc",)))
