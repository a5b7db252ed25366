"""Are many samples those of any one process, whatever a kill left, and is what cannot be written
refused?
"""

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.evaluation.sampling import samples
from scaling.evaluation.sampling.generate import generate
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch.trials.trial import train
from scaling.models import build_model
from scaling.records import Run
from scaling.study import DiffusionSpec, ModelSpec, Protocol
from scaling.study.settings import with_settings

ASKED = {"checkpoint": "this"}


@pytest.fixture
def run(tmp_path, tiny):
    train([tiny], Run(tmp_path / "run"), lambda progress: None)
    return tmp_path / "run"


def drawn(run, out, protocol, most=None):
    loaded = load_checkpoint(run)
    parts = samples.open_partial(loaded, protocol, out, ASKED)
    left = parts.left()
    for rows in left[:most]:
        samples.draw_part(loaded, protocol, parts.folder, rows)
    return parts, left


def test_what_is_drawn_is_kept_and_the_rest_drawn(run, tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "PART", 4)
    protocol, out = Protocol(samples=10, sampling_steps=2), tmp_path / "out.npz"
    _, left = drawn(run, out, protocol, most=2)
    assert left == [range(0, 4), range(4, 8), range(8, 10)] and not out.exists()
    parts, left = drawn(run, out, protocol)
    assert left == [range(8, 10)] and parts.nonfinite == 0
    samples.finish(parts, out)
    loaded = load_checkpoint(run)
    whole, _, _ = generate(loaded.model, loaded.spec, loaded.diffusion, protocol)
    with np.load(out) as arrays:
        (name,) = arrays.files
        assert (
            name == "arr_0"
            and arrays[name].shape == (10, 8, 8, 1)
            and arrays[name].dtype == np.uint8
        )
        assert np.abs(arrays[name].astype(int) - whole.permute(0, 2, 3, 1).numpy()).max() <= 1
    assert not parts.folder.exists()


def test_pngs_and_npy_hold_the_same(run, tmp_path):
    protocol = Protocol(samples=3, sampling_steps=2)
    for out in (tmp_path / "pngs", tmp_path / "out.npy"):
        samples.finish(drawn(run, out, protocol)[0], out)
    pictures = [np.asarray(Image.open(path)) for path in sorted((tmp_path / "pngs").iterdir())]
    assert np.array_equal(np.stack(pictures)[..., None], np.load(tmp_path / "out.npy"))


def test_other_samples_are_not_mixed_in(run, tmp_path):
    protocol, loaded = Protocol(samples=3, sampling_steps=2), load_checkpoint(run)
    samples.open_partial(loaded, protocol, tmp_path / "a.npy", ASKED)
    with pytest.raises(ValueError, match="begun with another checkpoint"):
        samples.open_partial(loaded, protocol, tmp_path / "a.npy", {"checkpoint": "that"})
    (tmp_path / "b.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="exists; remove it"):
        samples.open_partial(loaded, protocol, tmp_path / "b.npy", ASKED)


def test_latents_are_decoded(tmp_path):
    spec = ModelSpec(input_size=4, channels=4, patch=2, width=16, depth=1, heads=2, num_classes=3)
    protocol = Protocol(samples=3, sampling_steps=2, decoder="synthetic")
    images, _, _ = generate(build_model(spec).eval(), spec, DiffusionSpec(), protocol)
    assert images.shape == (3, 3, 32, 32) and images.dtype == torch.uint8


@pytest.mark.parametrize("sampler", ["euler", "heun", "sde"])
def test_flow_models_are_sampled_any_sample_alone(tiny, sampler):
    protocol = Protocol(
        samples=6, sampling_steps=4, sampler=sampler, guidance=2.0, guidance_interval=(0.2, 0.8)
    )
    spec = with_settings(tiny, {"model.learn_sigma": False, "diffusion.objective": "flow"})
    model = build_model(spec.model).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.05)
    whole, _, _ = generate(model, spec.model, spec.diffusion, protocol)
    part, _, _ = generate(model, spec.model, spec.diffusion, protocol, rows=range(2, 4))
    assert (whole[2:4].int() - part.int()).abs().max() <= 1


def test_a_grid_has_a_row_for_each_class(run, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(
            [
                "sample",
                str(run),
                "--classes",
                "3",
                "5",
                "--guidance",
                "4",
                "--steps",
                "3",
                "--per-class",
                "2",
                "--out",
                str(tmp_path / "grid.png"),
            ]
        )
    assert stop.value.code == 0
    assert Image.open(tmp_path / "grid.png").size == (96 + 2 * 68, 4 + 2 * 68)


@pytest.mark.parametrize(
    "args, says",
    [
        (["--classes", "3", "12"], "class 12 is unknown to DiT-d1w16/4, which knows 10"),
        (["--classes", "three"], "--classes takes numbers"),
        (["--classes", "3", "--steps", "2000"], "2000 sampling steps"),
        (["--classes", "3", "--sampler", "heun"], "'heun' does not fit"),
        (["--classes", "3", "--sampler", "magic"], "sampler"),
        (["--classes", "3", "--average", "best"], "holds no average 'best'"),
        ([], "say either --classes"),
        (["--count", "0"], "--count 0 must be 1 to"),
        (["--per-class", "0"], "--per-class 0 must be 1 to"),
        (["--per-class", "1000000000"], "--per-class 1e+09 must be 1 to"),
        (["--count", "5", "--per-class", "2"], "not both"),
        (["--count", "5", "--balanced"], "--count 5 cannot be spread over 10 classes"),
        (["--classes", "3", "--balanced"], "--balanced spreads --count"),
        (["--classes", "none", "--guidance", "2"], "--classes none with --guidance"),
        (["--count", "9", "--guidance-channels", "1"], "--guidance-channels without --guidance"),
        (["--count", "9", "--seed", "-1"], "--seed -1"),
        (["--count", "9", "--heads", "5"], "--heads 5: the network of"),
        (["--count", "9", "--input-size", "16"], "--input-size 16: the network of"),
        (["--count", "9", "--objective", "flow"], "--objective flow"),
        (["--count", "9", "--objective", "edm"], "--objective edm: Input should be 'ddpm'"),
        (["--count", "9", "--null", "none"], "--null none"),
        (["--count", "9", "--leave-out", "blocks."], "--leave-out"),
        (["--count", "9", "--network", "none.py"], "no such study file"),
    ],
)
def test_bad_values_are_one_line_and_exit_code_2(run, tmp_path, capsys, args, says):
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run), "--out", str(tmp_path / "out"), *args])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and says in error and len(error.strip().splitlines()) == 1
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    "out, args, says",
    [
        ("a.jpg", ["--count", "4"], "nothing writes .jpg"),
        ("a.tar", ["--classes", "4"], "nothing writes .tar"),
        ("a.png", ["--count", "4"], "is a picture with a row for each class"),
        ("a.png", ["--classes", "3", "--count", "4"], "without --count"),
        ("a.png", ["--classes", "3", "--per-class", "10001"], "more than the 10000 images"),
        ("a.png", ["--classes", "3", "--gpus", "1"], "--gpus is for many images"),
        ("run/spec.json/a.npy", ["--count", "3"], "spec.json is a file"),
        ("a.png", ["--classes", "3", "--address", "auto"], "--address is for many images"),
    ],
)
def test_a_file_that_is_not_written_so_is_refused_before_sampling(
    run, tmp_path, capsys, out, args, says
):
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run), "--out", str(tmp_path / out), *args])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and says in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / out).exists()
