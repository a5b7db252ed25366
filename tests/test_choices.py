"""Does every choice that a spec allows stand in the table that carries it out, and nothing else?"""

import typing

import pytest

from scaling.data.sources import SOURCES
from scaling.diffusion import OBJECTIVES, build_process, gaussian_predictions
from scaling.diffusion.flow import FACTORS, TARGETS, VELOCITIES
from scaling.evaluation.features.extractors import EXTRACTORS, extractor_of
from scaling.evaluation.metrics.table import METRICS, metric_of
from scaling.evaluation.sampling.generate import SAMPLERS
from scaling.models.networks.blocks import BLOCKS
from scaling.models.networks.parts import MLPS, NORMS
from scaling.study.families.dit.designs import DESIGNS, Conditioning
from scaling.study.families.dit.spec import ModelSpec
from scaling.study.network import FAMILIES
from scaling.study.specs.diffusion import USUAL, Prediction
from scaling.study.specs.measured import METRIC_NAMES, Features, Metric
from scaling.study.specs.protocol import FLOW_SAMPLERS, Protocol, Sampler
from scaling.study.specs.schedule import SCHEDULES, learning_rate
from scaling.study.specs.trial import DataSpec, DiffusionSpec, Source, TrainSpec
from scaling.study.timesteps import SPACINGS
from scaling.training.optimisers import NEEDS, OPTIMISERS


def names(spec: type, field: str | None = None) -> set[str]:
    """The names that a Literal, or a spec's field, allows."""
    annotation = spec.model_fields[field].annotation if field else spec
    return set(typing.get_args(annotation))


@pytest.mark.parametrize(
    ("table", "allowed"),
    [
        (SOURCES, names(Source)),
        (OBJECTIVES, names(DiffusionSpec, "objective")),
        (USUAL, names(DiffusionSpec, "objective")),
        (VELOCITIES, names(Prediction)),
        (TARGETS, names(Prediction)),
        ({loss_in for _, loss_in in FACTORS}, names(Prediction)),
        ({predicted for predicted, _ in FACTORS}, names(Prediction)),
        (gaussian_predictions.NOISES, names(Prediction)),
        (gaussian_predictions.TARGETS, names(Prediction)),
        ({loss_in for _, loss_in in gaussian_predictions.FACTORS}, names(Prediction)),
        ({predicted for predicted, _ in gaussian_predictions.FACTORS}, names(Prediction)),
        (SAMPLERS, names(Sampler)),
        (SPACINGS, names(Sampler) - set(FLOW_SAMPLERS)),
        (SCHEDULES, names(TrainSpec, "schedule")),
        (OPTIMISERS, names(TrainSpec, "optimiser")),
        (NEEDS, names(TrainSpec, "optimiser")),
        (METRICS, names(Metric)),
        (METRIC_NAMES, names(Metric) | {"rfid"}),
        (EXTRACTORS, names(Features)),
        (BLOCKS, names(Conditioning)),
        (NORMS, names(ModelSpec, "norm")),
        (MLPS, names(ModelSpec, "mlp")),
        (DESIGNS, names(Conditioning)),
    ],
    ids=lambda value: ", ".join(sorted(value))[:40] if isinstance(value, dict) else "",
)
def test_a_table_has_the_names_that_specs_allow(table, allowed):
    assert set(table) == allowed


def test_every_family_is_entered_under_its_own_name():
    assert FAMILIES["dit"] is ModelSpec
    assert all(names(family, "family") == {name} for name, family in FAMILIES.items())


def test_a_name_that_no_table_has_is_refused_with_those_there_are():
    """As a choice would be that is added to a spec alone."""
    spec = DiffusionSpec().model_copy(update={"objective": "edm"})
    with pytest.raises(ValueError, match="unknown objective 'edm'; known: ddpm, epsilon, flow"):
        build_process(spec)
    with pytest.raises(ValueError, match="unknown metric 'psnr'; known: fid, sfid"):
        metric_of("psnr")
    with pytest.raises(ValueError, match="unknown features 'mae'"):
        extractor_of("mae")
    train = TrainSpec(steps=1, batch=1, lr=1.0).model_copy(update={"schedule": "trapezoid"})
    with pytest.raises(ValueError, match="unknown schedule 'trapezoid'; known: constant, wsd"):
        learning_rate(train, 0)


def test_a_source_and_a_sampler_without_a_table_entry_are_refused():
    from scaling.data import load_data
    from scaling.evaluation.sampling.generate import generate
    from scaling.models import build_model

    with pytest.raises(ValueError, match="unknown data source 'tapes'; known: digits"):
        load_data(DataSpec().model_copy(update={"source": "tapes"}))
    spec = ModelSpec(input_size=4, channels=1, patch=4, width=8, depth=1, heads=1, num_classes=2)
    protocol = Protocol(samples=2).model_copy(update={"sampler": "unipc"})
    with pytest.raises(ValueError, match="unknown sampler 'unipc'; known: ddpm, ddim"):
        generate(build_model(spec), spec, DiffusionSpec(), protocol)
