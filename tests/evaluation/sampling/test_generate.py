"""Is sample i the same image whoever makes it, and is what cannot be sampled refused?"""

import pytest
import torch

from scaling.evaluation.sampling.generate import check_sampling, generate, to_8_bits
from scaling.models import build_model
from scaling.study import DiffusionSpec, ModelSpec, Protocol
from scaling.study.settings import with_settings


@pytest.fixture
def model(tiny):
    torch.manual_seed(0)
    model = build_model(tiny.model).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.05)
    return model


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(samples=12, sampling_steps=4),
        Protocol(samples=12, sampling_steps=4, sampler="ddim"),
        Protocol(samples=12, sampling_steps=4, guidance=3.0),
        Protocol(samples=12, sampling_steps=4, class_draw="balanced"),
        Protocol(samples=12, sampling_steps=4, sampler="ddim", eta=1.0),
        Protocol(samples=12, sampling_steps=4, sampler="dpm++"),
        Protocol(samples=12, sampling_steps=4, guidance=3.0, guidance_interval=(0.2, 0.7)),
        Protocol(samples=12, sampling_steps=4, precision="bf16"),
    ],
)
def test_sample_i_depends_on_seed_and_i_alone(tiny, model, protocol):
    whole, labels, _ = generate(model, tiny.model, DiffusionSpec(), protocol)
    part, part_labels, _ = generate(model, tiny.model, DiffusionSpec(), protocol, rows=range(5, 9))
    assert torch.equal(labels[5:9], part_labels)
    assert (whole[5:9].int() - part.int()).abs().max() <= (1 if protocol.precision == "fp32" else 4)
    # a grey level or so: rounding in another batch size


def test_balanced_classes_are_balanced(tiny, model):
    _, labels, _ = generate(
        model,
        tiny.model,
        DiffusionSpec(),
        Protocol(samples=20, sampling_steps=2, class_draw="balanced"),
    )
    assert torch.bincount(labels).tolist() == [2] * 10


def test_another_seed_gives_other_samples(tiny, model):
    a, b = (
        generate(
            model,
            tiny.model,
            DiffusionSpec(),
            Protocol(samples=8, sampling_steps=3, sampling_seed=s),
        )[0]
        for s in (0, 1)
    )
    assert not torch.equal(a, b)


def test_samples_that_are_not_finite_are_counted(tiny, model):
    torch.nn.init.constant_(model.final_layer.linear.bias, float("nan"))
    _, _, nonfinite = generate(
        model, tiny.model, DiffusionSpec(), Protocol(samples=6, sampling_steps=2)
    )
    assert nonfinite == 6


def test_guidance_one_is_the_conditional_model(tiny, model):
    a, b = (
        generate(
            model, tiny.model, DiffusionSpec(), Protocol(samples=6, sampling_steps=3, guidance=g)
        )[0]
        for g in (1.0, 1.0 + 1e-9)
    )
    assert (a.int() - b.int()).abs().max() <= 1
    assert with_settings(tiny, {"evaluate.protocol.guidance": 2.0}).eval_id(12) != tiny.eval_id(12)


def test_given_classes_take_the_place_of_the_draw(tiny, model):
    protocol = Protocol(samples=6, sampling_steps=2)
    images, labels, _ = generate(
        model, tiny.model, DiffusionSpec(), protocol, classes=[3, 5, 3, 5, 3, 5]
    )
    drawn, _, _ = generate(model, tiny.model, DiffusionSpec(), protocol)
    assert labels.tolist() == [3, 5, 3, 5, 3, 5] and not torch.equal(images, drawn)


def test_rounding_is_dits_or_adms():
    x = torch.tensor([-1.2, -1.0, -0.004, 0.0, 0.9999, 1.0])
    assert to_8_bits(x, "nearest").tolist() == [0, 0, 127, 128, 255, 255]
    assert to_8_bits(x, "truncate").tolist() == [0, 0, 126, 127, 254, 255]


MODEL = ModelSpec(input_size=8, channels=1, patch=4, width=16, depth=1, heads=2, num_classes=10)


@pytest.mark.parametrize(
    "fields, says",
    [
        ({"sampling_steps": 1001}, "1001 sampling steps asked of a process with 1000"),
        ({"sampler": "dpm++", "sampling_steps": 2000}, "2000 sampling steps"),
        (
            {"sampler": "heun"},
            "sampler 'heun' does not fit a model trained as 'ddpm'; choose ddpm, ddim, dpm\\+\\+",
        ),
        (
            {"guidance": 2, "guidance_channels": 3},
            "guidance on 3 channels, but DiT-d1w16/4 makes 1",
        ),
        ({"samples": 7, "class_draw": "balanced"}, "7 samples cannot be balanced over 10 classes"),
    ],
)
def test_what_cannot_be_sampled_is_refused_in_a_line(fields, says):
    with pytest.raises(ValueError, match=says) as error:
        check_sampling(MODEL, DiffusionSpec(), Protocol(**fields))
    assert "\n" not in str(error.value)


def test_guidance_on_an_unconditional_model_is_refused():
    one_class = MODEL.model_copy(update={"num_classes": 1})
    with pytest.raises(
        ValueError, match="guidance 2 on an unconditional model: DiT-d1w16/4 knows 1 class"
    ):
        check_sampling(one_class, DiffusionSpec(), Protocol(guidance=2))
    with pytest.raises(ValueError, match="label_dropout was 0"):
        check_sampling(MODEL, DiffusionSpec(), Protocol(guidance=2), label_dropout=0.0)
    check_sampling(MODEL, DiffusionSpec(), Protocol(guidance=1), label_dropout=0.0)
