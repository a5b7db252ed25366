"""Is Inception torch-fidelity's, and are its spatial features ADM's?"""

import pytest
import torch
from torch_fidelity import calculate_metrics, feature_extractor_inceptionv3
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from scaling.evaluation.features.passes import features_of
from scaling.evaluation.features.weights import weights_source
from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.measure import measure
from scaling.study import DataSpec, Protocol
from tests.evaluation.fidelity import Uint8Images, by_metric

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
    from scaling.evaluation.features.passes import network

    found = features_of(IMAGES[:2], "inception", ("spatial",))["spatial"]
    assert found.shape == (2, 17 * 17 * 7)
    kept = network("inception", ("spatial",))._map
    assert torch.equal(found[1, :7], kept[1, :, 0, 0]) and torch.equal(
        found[1, 7 * 18], kept[1, 0, 1, 1]
    )
